"""Traces: scalars of every step of Algorithm 1, up to a horizon."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
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
    recorder = _Recorder(problem, y, start, rules, problem.max_iterations, residuals)
    for _ in recorder.seen(algorithm.steps(problem, y, start, rng)):
        pass
    return recorder.trace


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

    Parameters
    ----------
    problem, y, start, rng, horizon
        As of `steps`.
    rules, residuals
        As of `record`.
    """
    recorder = _Recorder(problem, y, start, rules, horizon, residuals)
    fits = algorithm.ended(problem, y, start, recorder.seen(steps(problem, y, start, rng, horizon)))
    return fits, recorder.trace


def steps(
    problem: algorithm.Problem, y: FloatArray, start: Theta, rng: np.random.Generator, horizon: int
) -> Iterator[algorithm.Step]:
    """Algorithm 1 as of `algorithm.steps`, where a trial that ends before the horizon stays in the batch until there.

    So with noise its trials equal those of `algorithm.steps` in law, not in their numbers. A trial has the status with
    which it ended in every step from then on, but where one makes it degenerate.
    """
    ends = _Ends(problem, len(y), horizon)
    onward = dataclasses.replace(problem, stop=ends, max_iterations=max(problem.max_iterations, horizon))
    for step in algorithm.steps(onward, y, start, rng):
        yield dataclasses.replace(step, status=ends.status_at(step))


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
    """A problem's stop rule, which lets a trial go before the horizon no more than note how it ended."""

    name = "ends"

    def __init__(self, problem: algorithm.Problem, trials: int, horizon: int) -> None:
        self.problem = problem
        self.horizon = horizon
        self.status = np.full(trials, -1)
        self._running = np.arange(trials)
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

    def status_at(self, step: algorithm.Step) -> IntArray:
        """How a step's trials have ended by the problem's own rule, shape (running,); -1 in those that go on."""
        sound = np.asarray(step.status != Status.DEGENERATE)
        held = False if self._held is None else self._held
        before = self.status[step.trials]
        self.status[step.trials] = np.where(before < 0, self.problem.statuses(step.k, held, sound), before)
        self._running = step.trials[step.status < 0]
        self._k, self._held = step.k, None
        return np.where(sound, self.status[step.trials], Status.DEGENERATE)


@dataclass
class _Recorder:
    """Looks at steps as they pass by."""

    problem: algorithm.Problem
    y: FloatArray
    start: Theta
    rules: Mapping[str, StopRule]
    horizon: int
    residuals: StopRule | None

    def __post_init__(self) -> None:
        by_step, by_theta = (len(self.y), self.horizon), (len(self.y), self.horizon + 1)
        self.trace = Trace(
            distances={name: np.full(by_step, np.nan) for name in self.rules},
            log_likelihood=np.full(by_theta, np.nan) if LogLikelihood.name in self.rules else None,
            residuals=np.full(by_theta, np.nan) if self.residuals else None,
            theta=self.start.copy(),
        )
        self._compared: dict[str, FloatArray] = {}

    def seen(self, steps: Iterable[algorithm.Step]) -> Iterator[algorithm.Step]:
        """The same steps; those up to the horizon are recorded."""
        for step in steps:
            if step.k <= self.horizon:
                self._record(step)
            yield step

    def _record(self, step: algorithm.Step) -> None:
        problem, trace, k, at = self.problem, self.trace, step.k, step.trials
        y = self.y if at.size == len(self.y) else self.y[at]
        sound = np.asarray(step.status != Status.DEGENERATE)
        for name, rule in self.rules.items():
            with np.errstate(all="ignore"):  # a degenerate start has no density
                coordinates = rule.coordinates(problem.model, y, step.theta, problem.estimate)
            if trace.log_likelihood is not None and name == LogLikelihood.name:
                trace.log_likelihood[at, k] = np.where(sound, coordinates[:, 0], np.nan)
            if k:
                before = self._compared[name][at]
                trace.distances[name][at, k - 1] = np.where(sound, rule.distance(before, coordinates), np.nan)
                self._compared[name][at] = rule.remembered(before, coordinates)
            else:
                self._compared[name] = rule.remembered(None, coordinates).copy()
        if self.residuals and trace.residuals is not None and sound.any():
            trace.residuals[at[sound], k] = self._residual(self.residuals, y[sound], step.theta.take(sound))
        trace.theta.put(at, step.theta)

    def _residual(self, rule: StopRule, y: FloatArray, theta: Theta) -> FloatArray:
        """How far a step of plain EM takes a sound theta, shape (trials,); NaN where it has no sound image."""
        plain, model = dataclasses.replace(self.problem, noise=Noise()), self.problem.model
        image = algorithm.iterate(plain, y, theta, np.random.default_rng(0), 1)[0]  # draws nothing from it
        sound = model.sound(image, model.family.spread(y))
        before, after = (
            rule.coordinates(model, y, each, plain.estimate) for each in (theta, image.where(sound, theta))
        )
        return np.where(sound, rule.distance(rule.remembered(None, before), after), np.nan)
