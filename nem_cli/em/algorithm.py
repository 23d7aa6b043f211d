"""Algorithm 1 of the paper, for a batch of trials at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from nem_cli.em.arrays import BoolArray, FloatArray, IntArray
from nem_cli.em.model import Model
from nem_cli.em.noise import Noise
from nem_cli.em.status import Status
from nem_cli.em.stops import StopRule
from nem_cli.em.theta import Theta


class Method(Protocol):
    """What may take the place of the loop of Algorithm 1: an accelerator of EM."""

    def steps(self, problem: Problem, y: FloatArray, start: Theta) -> Iterator[Step]:
        """As `steps`, without noise."""


@dataclass(frozen=True)
class Problem:
    """What every trial of a batch has in common.

    Parameters
    ----------
    model : Model
    noise : Noise
    estimate : frozenset of str
        Which of the model's parameters are estimated; the others keep their starting value.
    stop : StopRule
    tol : float
        A trial ends where the stop rule's distance is strictly below 10^-tol, unless the rule says otherwise.
    max_iterations : int
        The cap on M-steps.
    method : Method, optional
        What takes the place of EM's own loop; it knows no noise.
    """

    model: Model
    noise: Noise
    estimate: frozenset[str]
    stop: StopRule
    tol: float
    max_iterations: int
    method: Method | None = None

    def statuses(self, k: int, held: BoolArray | bool, sound: BoolArray) -> IntArray:
        """A `Status` of each trial that M-step k ends, by whether the stop rule held and theta_k is sound; else -1."""
        status = np.where(held, Status.CONVERGED, Status.MAX_ITERATIONS if k >= self.max_iterations else -1)
        return np.where(sound, status, Status.DEGENERATE)


@dataclass(frozen=True)
class Step:
    """One iteration of the trials that were still running.

    Parameters
    ----------
    k : int
        The number of M-steps done; 0 is the start.
    trials : ndarray of int, shape (running,)
        Which trials made this step.
    theta : Theta
        theta_k of those trials; of a degenerate one the last sound estimate.
    status : ndarray of int, shape (running,)
        A `Status` where the trial ended with this step, -1 where it goes on.
    injected : ndarray of int, shape (running,)
        How many samples got noise other than the neutral one.
    draws, accepted : int
        See `noise.Sampled`; over all running trials.
    """

    k: int
    trials: IntArray
    theta: Theta
    status: IntArray
    injected: IntArray
    draws: int = 0
    accepted: int = 0


@dataclass(frozen=True)
class Fits:
    """How a batch of trials ended.

    Parameters
    ----------
    status, iterations : ndarray of int, shape (trials,)
        A `Status`, and the M-steps done (the start isn't counted).
    theta : Theta
        The final estimates.
    log_likelihood : ndarray of shape (trials,)
        Of the clean data at theta; -inf or inf only where the start was degenerate already.
    draws, accepted : int
        See `noise.Sampled`; over the whole batch.
    """

    status: IntArray
    iterations: IntArray
    theta: Theta
    log_likelihood: FloatArray
    draws: int
    accepted: int


def steps(problem: Problem, y: FloatArray, start: Theta, rng: np.random.Generator) -> Iterator[Step]:
    """Algorithm 1, the generalised NEM estimate, with the E-step's expectation on the clean data.

    Parameters
    ----------
    y : ndarray of shape (trials, samples) or (trials, samples, d)
        Finite.
    start : Theta
        theta_0 of every trial.
    rng : Generator
        The stream of the noise; plain EM draws nothing from it.

    Yields
    ------
    Step
        The start (k = 0), then one a M-step until every trial has ended.
    """
    if problem.method is not None:
        yield from problem.method.steps(problem, y, start)
        return
    model, stop = problem.model, problem.stop
    spread = model.family.spread(y)
    threshold = stop.threshold(problem.tol)
    trials = np.arange(len(y))
    theta = start
    status = np.where(model.sound(theta, spread), -1, Status.DEGENERATE)
    yield Step(0, trials, theta, status, np.zeros_like(trials))
    k = 0
    compared = None
    while True:
        running = status < 0
        if not running.all():  # trials that have ended leave the batch
            trials, y, spread, theta = trials[running], y[running], spread[running], theta.take(running)
            compared = None if compared is None else compared[running]
        if not trials.size:
            return
        if compared is None and not stop.of_e_steps:
            compared = stop.remembered(None, stop.coordinates(model, y, theta, problem.estimate))
        k += 1
        before = theta
        maximised, injected, draws, accepted = iterate(problem, y, theta, rng, k)
        sound = model.sound(maximised, spread)
        theta = maximised.where(sound, theta)
        coordinates = stop.coordinates(model, y, before if stop.of_e_steps else theta, problem.estimate)
        held = False if compared is None else stop.distance(compared, coordinates) < threshold
        status = problem.statuses(k, held, sound)
        compared = stop.remembered(compared, coordinates)
        yield Step(k, trials, theta, status, injected, draws, accepted)


def iterate(
    problem: Problem, y: FloatArray, theta: Theta, rng: np.random.Generator, k: int
) -> tuple[Theta, IntArray, int, int]:
    """Lines 2 to 5 of Algorithm 1: the M-step's estimate, not yet known to be sound, and what `Step` says of the noise.

    In cache-sized parts of the data, whose sums add up to the E-step's expectation.
    """
    model, noise = problem.model, problem.noise
    sums = model.sums(theta)
    injected = np.zeros(len(y), dtype=np.int64)
    draws = accepted = 0
    for rows, columns in model.tiles(y, theta):
        part, here = y[rows, columns], theta.take(rows)
        known = model.posterior(part, here)  # E-step, on the clean data
        y_dagger = model.family.exposed(part)
        if noise.sigma > 0:
            sampled = noise.sample(rng, model, part, here, known, k)  # NS-step
            y_dagger = noise.injection.phi(y_dagger, sampled.n)  # NG-step
            if noise.enters == "e-step":  # not Algorithm 1: the E-step sees the noisy data too
                known = model.posterior(y_dagger, here)
            moved = sampled.n != noise.injection.neutral
            moved = moved if moved.ndim == 2 else moved.any(axis=2)
            injected[rows] += np.add.reduce(moved.view(np.uint8), axis=1, dtype=np.uint32)  # faster than count_nonzero
            draws, accepted = draws + sampled.draws, accepted + sampled.accepted
            del sampled, moved
        sums.add(rows, y_dagger, known, here)
        del known, y_dagger  # the next tile's arrays take their place in the cache
    with np.errstate(divide="ignore", invalid="ignore"):  # an empty component: found by `sound`
        return model.maximise(sums, theta, problem.estimate), injected, draws, accepted  # M-step


def fit(problem: Problem, y: FloatArray, start: Theta, rng: np.random.Generator) -> Fits:
    """Run Algorithm 1 to its end in every trial; parameters as for `steps`."""
    return ended(problem, y, start, steps(problem, y, start, rng))


def ended(problem: Problem, y: FloatArray, start: Theta, made: Iterable[Step]) -> Fits:
    """How every trial ended, which is told by the first of the steps made in which it has a status."""
    theta = start.copy()
    status = np.full(len(y), -1)
    iterations = np.zeros(len(y), dtype=np.int64)
    draws = accepted = 0
    for step in made:
        draws, accepted = draws + step.draws, accepted + step.accepted
        ending = (step.status >= 0) & (status[step.trials] < 0)
        if not ending.any():
            continue
        trials = step.trials[ending]
        status[trials] = step.status[ending]
        iterations[trials] = step.k
        theta.put(trials, step.theta.take(ending))
    with np.errstate(all="ignore"):  # a degenerate start has no density
        likelihood = problem.model.log_likelihood(y, theta)
    return Fits(status, iterations, theta, likelihood, draws, accepted)
