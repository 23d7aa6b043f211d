"""One block of trials: data, starts, Algorithm 1, and the table that goes into the journal."""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nem_cli.em import algorithm, trace
from nem_cli.em.arrays import FloatArray
from nem_cli.em.starts import Given, Start, Uniform
from nem_cli.em.stops import Euclidean, LogLikelihood, MaxChange, StopRule
from nem_cli.em.theta import Theta
from nem_cli.experiment.config import TrialSettings
from nem_cli.experiment.machine import cpu
from nem_cli.experiment.plan import DATA, NOISE, Level, stream
from nem_cli.experiment.registry import starts
from nem_cli.experiment.systems.system import System
from nem_cli.experiment.values import Components, Ranges


@dataclass(frozen=True)
class Block:
    """A finished block.

    Parameters
    ----------
    trials : structured ndarray of shape (block_trials,), dtype `trial_dtype`
    seconds : float
        Processor time of Algorithm 1 alone.
    draws, accepted : int
        See `nem_cli.em.noise.Sampled`.
    cpu : str
        The processor that made it.
    traces : structured ndarray of shape (block_trials,), dtype `trace_dtype`, or None
        What was recorded of every step, where the config asks for it.
    """

    trials: NDArray[np.void]
    seconds: float
    draws: int
    accepted: int
    cpu: str
    traces: NDArray[np.void] | None = None


def trial_dtype(trial: TrialSettings) -> np.dtype[np.void]:
    """A row of a block's table: how a trial ended, its estimates, what was measured.

    ``status`` holds a `nem_cli.em.status.Status`.
    """
    system = trial.system
    truth = system.truth()
    estimates = [(each.name, "<f8", truth.arrays[each.name].shape[1:]) for each in system.recorded]
    measures = [(name, "<f8") for name in system.measures]
    return np.dtype([("status", "<u1"), ("iterations", "<i4"), ("log_likelihood", "<f8"), *estimates, *measures])


def trial_columns(trial: TrialSettings) -> list[tuple[str, str, tuple[int, ...]]]:
    """Estimates and measures in csv files: the column's name, the field of `trial_dtype`, and the index in it."""
    fields, system = trial_dtype(trial), trial.system
    estimates = [
        (column, each.name, index)
        for each in system.recorded
        for column, index in each.columns(fields[each.name].shape)
    ]
    return [*estimates, *((name, name, ()) for name in system.measures)]


def trace_dtype(trial: TrialSettings) -> np.dtype[np.void]:
    """A trial's trace: distances by stop rule, then what `nem_cli.em.trace.Trace` says.

    ``log_likelihoods`` and ``residuals``, those by the trial's own rule, begin at theta_0; ``limit`` is where plain EM
    ends, run on from the horizon. The last two are there where the config asks for them.
    """
    assert trial.trace is not None
    horizon = trial.trace.horizon
    return np.dtype(
        [
            *((name, "<f8", (horizon,)) for name in _traced_rules(trial)),
            ("log_likelihoods", "<f8", (horizon + 1,)),
            *([("residuals", "<f8", (horizon + 1,))] if trial.trace.residuals else []),
            *([("limit", "<f8")] if trial.trace.limit else []),
        ]
    )


def _traced_rules(trial: TrialSettings) -> dict[str, StopRule]:
    """The trial's own rule and those that every model has."""
    own = trial.stop.resolved()
    return {rule.name: rule for rule in (Euclidean(), MaxChange(), LogLikelihood(), own)}


def run_block(level: Level, seed: int, block: int) -> Block:
    """Run one block whole. Its numbers depend on the level, the seed and the block's number, and on nothing else."""
    y, start = data_and_starts(level, seed, block)
    began = time.thread_time()
    fits, traces = _fitted(level, y, start, stream(seed, NOISE, block))
    seconds = time.thread_time() - began
    return Block(trial_table(level.trial, y, fits), seconds, fits.draws, fits.accepted, cpu(), traces)


def trial_table(trial: TrialSettings, y: FloatArray, fits: algorithm.Fits) -> NDArray[np.void]:
    """How trials ended on their data, shape (trials,) and dtype `trial_dtype`."""
    table = np.zeros(len(y), dtype=trial_dtype(trial))
    table["status"] = fits.status
    table["iterations"] = fits.iterations
    table["log_likelihood"] = fits.log_likelihood
    for each in trial.system.recorded:
        table[each.name] = fits.theta.arrays[each.name]
    for name, values in trial.system.measured(y, fits.theta).items():
        table[name] = values
    return table


def steps(level: Level, seed: int, block: int) -> Iterator[algorithm.Step]:
    """The steps of a block's trials, one after the other, as `run_block` makes them."""
    y, start = data_and_starts(level, seed, block)
    task, rng = problem(level), stream(seed, NOISE, block)
    if level.trial.trace is None:
        return algorithm.steps(task, y, start, rng)
    return trace.steps(task, y, start, rng, level.trial.trace.horizon)


def _fitted(
    level: Level, y: FloatArray, start: Theta, rng: np.random.Generator
) -> tuple[algorithm.Fits, NDArray[np.void] | None]:
    trial, task = level.trial, problem(level)
    if trial.trace is None:
        return algorithm.fit(task, y, start, rng), None
    residuals = task.stop if trial.trace.residuals else None
    fits, found = trace.fit(task, y, start, rng, _traced_rules(trial), trial.trace.horizon, residuals=residuals)
    table = np.zeros(len(y), dtype=trace_dtype(trial))
    for name, distances in found.distances.items():
        table[name] = distances
    table["log_likelihoods"] = found.log_likelihood
    if trial.trace.residuals:
        table["residuals"] = found.residuals
    if trial.trace.limit:
        table["limit"] = trace.limit(task, y, found.theta)
    return fits, table


def data_and_starts(level: Level, seed: int, block: int) -> tuple[FloatArray, Theta]:
    """A block's data (trials, samples) and theta_0: the same for every level with these data, and for both modes.

    The last block's are kept, read-only, for the next level that wants them.
    """
    trial = level.trial
    return _drawn(trial.system, trial.sample_size, trial.start, trial.estimate, level.block_trials, seed, block)


@functools.lru_cache(maxsize=1)
def _drawn(
    system: System,
    samples: int,
    start: Components | Ranges | str,
    estimate: tuple[str, ...],
    trials: int,
    seed: int,
    block: int,
) -> tuple[FloatArray, Theta]:
    rng = stream(seed, DATA, block)
    y = system.draw(rng, trials, samples)
    theta = start_rule(start, system).theta(rng, system.model(), y, system.truth(), frozenset(estimate))
    for shared in (y, *theta.arrays.values()):
        shared.flags.writeable = False
    return y, theta


def start_rule(start: Components | Ranges | str, system: System) -> Start:
    """The start rule that a config means, which may be given values."""
    if isinstance(start, Ranges):
        return Uniform(start.values())
    return Given(system.model().theta(start.values())) if isinstance(start, Components) else starts.get(start)


def problem(level: Level) -> algorithm.Problem:
    """Algorithm 1's settings of a level."""
    trial = level.trial
    return algorithm.Problem(
        model=trial.system.model(),
        noise=trial.noise_at(level.sigma),
        estimate=frozenset(trial.estimate),
        stop=trial.stop.resolved(),
        tol=trial.stop.tol or 0.0,
        max_iterations=trial.stop.max_iterations,
        method=trial.accelerator,
    )
