"""Algorithm 1 of the paper, for a batch of trials at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nem_cli.em.arrays import BoolArray, FloatArray, IntArray
from nem_cli.em.family import Family, Moments
from nem_cli.em.noise import Noise
from nem_cli.em.parameters import Parameters
from nem_cli.em.posterior import log_likelihood, responsibilities, tiles
from nem_cli.em.status import Status
from nem_cli.em.stop import StopRule

MIN_WEIGHT = 1e-8
MIN_VARIANCE_RATIO = 1e-9
"""A weight below the first, or a variance below the second times the sample variance, ends a trial as degenerate."""


@dataclass(frozen=True)
class Problem:
    """What every trial of a batch has in common.

    Parameters
    ----------
    family : Family
    noise : Noise
    estimate : frozenset of str
        Which of weights, means and variances are estimated; the others keep their starting value.
    stop : StopRule
    tol : float
        A trial ends where the stop rule's distance is strictly below 10^-tol.
    max_iterations : int
        The cap on M-steps.
    """

    family: Family
    noise: Noise
    estimate: frozenset[str]
    stop: StopRule
    tol: float
    max_iterations: int


@dataclass(frozen=True)
class Step:
    """One iteration of the trials that were still running.

    Parameters
    ----------
    k : int
        The number of M-steps done; 0 is the start.
    trials : ndarray of int, shape (running,)
        Which trials made this step.
    theta : Parameters
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
    theta: Parameters
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
    theta : Parameters
        The final estimates.
    log_likelihood : ndarray of shape (trials,)
        Of the clean data at theta; -inf or inf only where the start was degenerate already.
    draws, accepted : int
        See `noise.Sampled`; over the whole batch.
    """

    status: IntArray
    iterations: IntArray
    theta: Parameters
    log_likelihood: FloatArray
    draws: int
    accepted: int


def steps(problem: Problem, y: FloatArray, start: Parameters, rng: np.random.Generator) -> Iterator[Step]:
    """Algorithm 1, the generalised NEM estimate, with the E-step's expectation on the clean data.

    Parameters
    ----------
    y : ndarray of shape (trials, samples)
        Finite.
    start : Parameters
        theta_0 of every trial.
    rng : Generator
        The stream of the noise; plain EM draws nothing from it.

    Yields
    ------
    Step
        The start (k = 0), then one a M-step until every trial has ended.
    """
    family, stop = problem.family, problem.stop
    floor = MIN_VARIANCE_RATIO * y.var(axis=1, keepdims=True)
    trials = np.arange(len(y))
    theta = start
    status = np.where(_sound(theta, floor), -1, Status.DEGENERATE)
    yield Step(0, trials, theta, status, np.zeros_like(trials))
    k = 0
    compared = None
    while True:
        running = status < 0
        if not running.all():  # trials that have ended leave the batch
            trials, y, floor, theta = trials[running], y[running], floor[running], theta.take(running)
            compared = None if compared is None else compared[running]
        if not trials.size:
            return
        if compared is None:
            compared = stop.coordinates(family, y, theta, problem.estimate)
        k += 1
        maximised, injected, draws, accepted = _iteration(problem, y, theta, rng, k)
        sound = _sound(maximised, floor)
        theta = maximised if sound.all() else _where(sound, maximised, theta)
        coordinates = stop.coordinates(family, y, theta, problem.estimate)
        status = np.full(trials.size, -1)
        if k >= problem.max_iterations:
            status[:] = Status.MAX_ITERATIONS
        status[stop.distance(compared, coordinates) < 10.0**-problem.tol] = Status.CONVERGED
        status[~sound] = Status.DEGENERATE
        compared = coordinates
        yield Step(k, trials, theta, status, injected, draws, accepted)


def _iteration(
    problem: Problem, y: FloatArray, theta: Parameters, rng: np.random.Generator, k: int
) -> tuple[Parameters, IntArray, int, int]:
    """Lines 2 to 5 of Algorithm 1: the M-step's estimate, not yet known to be sound, and what `Step` says of the noise.

    In cache-sized parts of the data, whose sums add up to the E-step's expectation.
    """
    family, noise = problem.family, problem.noise
    moments = Moments(theta)
    injected = np.zeros(len(y), dtype=np.int64)
    draws = accepted = 0
    for rows, columns in tiles(y.shape, theta.components):
        part, here = y[rows, columns], theta.take(rows)
        r = responsibilities(family, part, here)  # E-step, on the clean data
        sampled = noise.sample(rng, family, part, here, r, k)  # NS-step
        y_dagger = noise.phi.phi(part, sampled.n)  # NG-step
        moments.add(rows, y_dagger, r)
        if noise.sigma > 0:
            injected[rows] += np.count_nonzero(sampled.n != noise.phi.neutral, axis=1)
            draws, accepted = draws + sampled.draws, accepted + sampled.accepted
    with np.errstate(divide="ignore", invalid="ignore"):  # an empty component: found by _sound
        return family.maximise(moments, theta, problem.estimate), injected, draws, accepted  # M-step


def fit(problem: Problem, y: FloatArray, start: Parameters, rng: np.random.Generator) -> Fits:
    """Run Algorithm 1 to its end in every trial; parameters as for `steps`."""
    theta = start.copy()
    status = np.empty(len(y), dtype=np.int64)
    iterations = np.zeros(len(y), dtype=np.int64)
    draws = accepted = 0
    for step in steps(problem, y, start, rng):
        draws, accepted = draws + step.draws, accepted + step.accepted
        ended = step.status >= 0
        if not ended.any():
            continue
        status[step.trials[ended]] = step.status[ended]
        iterations[step.trials[ended]] = step.k
        theta.put(step.trials[ended], step.theta.take(ended))
    with np.errstate(all="ignore"):  # a degenerate start has no density
        likelihood = log_likelihood(problem.family, y, theta)
    return Fits(status, iterations, theta, likelihood, draws, accepted)


def _sound(theta: Parameters, floor: FloatArray) -> BoolArray:
    """Whether no component of a trial has collapsed; NaN counts as collapsed."""
    sound = (theta.weights >= MIN_WEIGHT) & (theta.variances > 0) & (theta.variances >= floor)
    return np.asarray(np.all(sound & np.isfinite(theta.means) & np.isfinite(theta.variances), axis=1))


def _where(chosen: BoolArray, one: Parameters, other: Parameters) -> Parameters:
    rows = chosen[:, None]
    return Parameters(
        np.where(rows, one.weights, other.weights),
        np.where(rows, one.means, other.means),
        np.where(rows, one.variances, other.variances),
    )
