"""Traces: scalars of every step of Algorithm 1, up to a horizon."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nem_cli.em import algorithm
from nem_cli.em.arrays import BoolArray, FloatArray, IntArray
from nem_cli.em.model import Model
from nem_cli.em.noise import Noise
from nem_cli.em.status import Status
from nem_cli.em.stops import LogLikelihood, Never, StopRule
from nem_cli.em.theta import Theta

RUN_ON = 100_000
"""M-steps that a limit is sought for at most."""
GAIN = 1e-7
"""A limit is reached where a step of EM gains less, in nats."""
STRIDE = 20
"""M-steps between two looks at the gain, which cost as much as a step each."""


@dataclass(frozen=True)
class Trace:
    """What was recorded of a batch of trials.

    Parameters
    ----------
    distances : dict of str to ndarray of shape (trials, horizon)
        By stop rule: how far step k = 1, 2, ... took theta, in column k - 1. NaN where a trial made no such step, and
        in the step that ended it as degenerate.
    log_likelihood : ndarray of shape (trials, horizon + 1), or None
        Of the clean data at theta_0, theta_1, ...; NaN as above. None without the rule `LogLikelihood`.
    residuals : ndarray of shape (trials, horizon + 1), or None
        How far one step of plain EM would take theta_0, theta_1, ...; NaN as above.
    theta : Theta
        The last sound estimate up to the horizon.
    """

    distances: Mapping[str, FloatArray]
    log_likelihood: FloatArray | None
    residuals: FloatArray | None
    theta: Theta


def record(
    problem: algorithm.Problem,
    y: FloatArray,
    start: Theta,
    rng: np.random.Generator,
    rules: Mapping[str, StopRule],
    *,
    residuals: StopRule | None = None,
) -> Trace:
    """Run Algorithm 1 as `algorithm.fit` does and record scalars of every step.

    Parameters
    ----------
    problem : Problem
        Its `max_iterations` is the horizon. With the stop rule `never` every trial goes on to there.
    y, start, rng
        As for `algorithm.steps`.
    rules : dict of str to StopRule
        Whose distances to record.
    residuals : StopRule, optional
        By whose distance to record the residuals of plain EM, for one more step of it a step.
    """
    trace, _ = _record(problem, y, start, rng, rules, problem.max_iterations, residuals)
    return trace


def fit(
    problem: algorithm.Problem,
    y: FloatArray,
    start: Theta,
    rng: np.random.Generator,
    rules: Mapping[str, StopRule],
    horizon: int,
    *,
    residuals: StopRule | None = None,
) -> tuple[algorithm.Fits, Trace]:
    """How trials end by the problem's stop rule, and their traces up to the horizon, whatever that rule says.

    A trial that ends before the horizon stays in the batch until there, so with noise it equals what `algorithm.fit`
    gives in law, not in its numbers.

    Parameters
    ----------
    problem : Problem
    y, start, rng, rules, residuals
        As of `record`.
    horizon : int
    """
    ends = _Ends(problem, start, horizon)
    onward = dataclasses.replace(problem, stop=ends, max_iterations=max(problem.max_iterations, horizon))
    trace, draws = _record(onward, y, start, rng, rules, horizon, residuals, ends)
    with np.errstate(all="ignore"):  # a degenerate start has no density
        likelihood = problem.model.log_likelihood(y, ends.theta)
    return algorithm.Fits(ends.status, ends.iterations, ends.theta, likelihood, *draws), trace


def limit(problem: algorithm.Problem, y: FloatArray, theta: Theta) -> FloatArray:
    """The log-likelihood where plain EM, run on from theta, ends: shape (trials,), NaN where that is degenerate."""
    stride = algorithm.Problem(problem.model, Noise(), problem.estimate, Never(), 0.0, STRIDE)
    found = np.full(len(y), -np.inf)
    running = np.arange(len(y))
    for _ in range(0, RUN_ON, STRIDE):
        fits = algorithm.fit(stride, y[running], theta, np.random.default_rng(0))  # draws nothing from it
        likelihood = np.where(fits.status == Status.DEGENERATE, np.nan, fits.log_likelihood)
        gaining = likelihood - found[running] >= STRIDE * GAIN
        found[running] = likelihood
        running, theta = running[gaining], fits.theta.take(gaining)
        if not running.size:
            break
    return found


class _Ends(StopRule):
    """A problem's stop rule, which lets a trial go before the horizon no more than note where it ended."""

    name = "ends"

    def __init__(self, problem: algorithm.Problem, start: Theta, horizon: int) -> None:
        self.problem = problem
        self.horizon = horizon
        self.theta = start.copy()
        self.status = np.full(start.trials, -1)
        self.iterations = np.zeros(start.trials, dtype=np.int64)
        self._running = np.arange(start.trials)
        self._k = 0
        self._held: BoolArray | None = None

    def coordinates(self, model: Model, y: FloatArray, theta: Theta, estimate: frozenset[str]) -> FloatArray:
        return self.problem.stop.coordinates(model, y, theta, estimate)

    def remembered(self, before: FloatArray | None, after: FloatArray) -> FloatArray:
        return self.problem.stop.remembered(before, after)

    def distance(self, before: FloatArray, after: FloatArray) -> FloatArray:
        """0 from the horizon on in the trials that have ended, infinite in the others."""
        stop = self.problem.stop
        self._held = stop.distance(before, after) < stop.threshold(self.problem.tol)
        ended = self._held | (self.status[self._running] >= 0) | (self._k + 1 >= self.problem.max_iterations)
        return np.where(ended & (self._k + 1 >= self.horizon), 0.0, np.inf)

    def see(self, step: algorithm.Step) -> None:
        """Note the trials that this step ends."""
        status = np.full(step.trials.size, -1)
        if step.k >= self.problem.max_iterations:
            status[:] = Status.MAX_ITERATIONS
        if self._held is not None:
            status[self._held] = Status.CONVERGED
        status[step.status == Status.DEGENERATE] = Status.DEGENERATE
        ending = (self.status[step.trials] < 0) & (status >= 0)
        at = step.trials[ending]
        self.status[at] = status[ending]
        self.iterations[at] = step.k
        self.theta.put(at, step.theta.take(ending))
        self._running = step.trials[step.status < 0]
        self._k, self._held = step.k, None


def _record(
    problem: algorithm.Problem,
    y: FloatArray,
    start: Theta,
    rng: np.random.Generator,
    rules: Mapping[str, StopRule],
    horizon: int,
    residuals: StopRule | None,
    ends: _Ends | None = None,
) -> tuple[Trace, tuple[int, int]]:
    trials = len(y)
    distances = {name: np.full((trials, horizon), np.nan) for name in rules}
    likelihoods = np.full((trials, horizon + 1), np.nan) if LogLikelihood.name in rules else None
    plain = _Plain(problem, residuals, y) if residuals else None
    residual = np.full((trials, horizon + 1), np.nan) if residuals else None
    theta = start.copy()
    draws = accepted = 0
    compared: dict[str, FloatArray] = {}
    for step in algorithm.steps(problem, y, start, rng):
        draws, accepted = draws + step.draws, accepted + step.accepted
        if ends is not None:
            ends.see(step)
        if step.k > horizon:
            continue
        at, data = step.trials, y if step.trials.size == trials else y[step.trials]
        sound = np.asarray(step.status != Status.DEGENERATE)
        for name, rule in rules.items():
            with np.errstate(all="ignore"):  # a degenerate start has no density
                coordinates = rule.coordinates(problem.model, data, step.theta, problem.estimate)
            if likelihoods is not None and name == LogLikelihood.name:
                likelihoods[at, step.k] = np.where(sound, coordinates[:, 0], np.nan)
            if step.k:
                before = compared[name][at]
                distances[name][at, step.k - 1] = np.where(sound, rule.distance(before, coordinates), np.nan)
                compared[name][at] = rule.remembered(before, coordinates)
            else:
                compared[name] = rule.remembered(None, coordinates).copy()
        if plain is not None and residual is not None:
            residual[at[sound], step.k] = plain.residual(at[sound], step.theta.take(sound))
        theta.put(at, step.theta)
    return Trace(distances, likelihoods, residual, theta), (draws, accepted)


class _Plain:
    """One step of plain EM from any theta."""

    def __init__(self, problem: algorithm.Problem, rule: StopRule, y: FloatArray) -> None:
        self.problem = algorithm.Problem(problem.model, Noise(), problem.estimate, Never(), 0.0, 1)
        self.rule = rule
        self.y = y

    def residual(self, trials: IntArray, theta: Theta) -> FloatArray:
        """How far the step takes theta, shape (trials,); NaN where it has no sound image."""
        y = self.y[trials]
        distance = np.full(len(trials), np.nan)
        start, *images = algorithm.steps(self.problem, y, theta, np.random.default_rng(0))  # draws nothing from it
        for image in images:
            before, after = (
                self.rule.coordinates(self.problem.model, y[image.trials], each, self.problem.estimate)
                for each in (start.theta.take(image.trials), image.theta)
            )
            sound = np.asarray(image.status != Status.DEGENERATE)
            moved = self.rule.distance(self.rule.remembered(None, before), after)
            distance[image.trials] = np.where(sound, moved, np.nan)
        return distance
