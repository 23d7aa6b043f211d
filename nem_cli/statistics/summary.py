"""A row a level: counts, means and intervals."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nem_cli.em.arrays import FloatArray
from nem_cli.em.status import Status
from nem_cli.experiment.config import Experiment
from nem_cli.experiment.plan import Level
from nem_cli.statistics.bootstrap import means_beside_em, percentile_interval

ENOUGH = 30
"""Trials a level, below which no sentence is worth much."""


@dataclass(frozen=True)
class Outcomes:
    """How a level's trials ended, in the order of the trials.

    Parameters
    ----------
    status : ndarray of int, shape (trials,)
        `Status` values.
    iterations : ndarray of int, shape (trials,)
        M-steps done.
    log_likelihood : ndarray of shape (trials,)
    """

    status: NDArray[np.integer]
    iterations: NDArray[np.integer]
    log_likelihood: FloatArray


@dataclass(frozen=True)
class LevelSummary:
    """One row of ``summary.csv``. A number that can't be had is None, never NaN.

    Parameters
    ----------
    settings : tuple of (str, value)
        The swept settings, sigma first.
    trials, converged, max_iterations, degenerate : int
        Trials in all, and how they ended.
    mean_iterations, standard_error : float
        Over all trials, in M-steps (the start isn't counted).
    ci_low, ci_high : float
        Percentile bootstrap interval of the mean, pointwise.
    speedup_percent, speedup_ci_low, speedup_ci_high : float
        100 (1 - mean / mean of plain EM on the same data), with the paired bootstrap interval.
    log_likelihood_gap, log_likelihood_gap_se : float
        Mean paired difference in final log-likelihood to plain EM; below 0 NEM ends lower. Over trials that didn't
        degenerate in either.
    median_iterations : float
    mean_iterations_converged : float
        The mean without trials that degenerated or reached the cap.
    acceptance_rate : float
        Share of noise values drawn through the screen's definition that it admitted; None where noise comes from a
        closed form.
    """

    settings: tuple[tuple[str, Any], ...]
    trials: int
    converged: int
    max_iterations: int
    degenerate: int
    mean_iterations: float
    standard_error: float | None
    ci_low: float
    ci_high: float
    speedup_percent: float | None
    speedup_ci_low: float | None
    speedup_ci_high: float | None
    log_likelihood_gap: float | None
    log_likelihood_gap_se: float | None
    median_iterations: float
    mean_iterations_converged: float | None
    acceptance_rate: float | None

    @property
    def sigma(self) -> float:
        """Initial noise standard deviation."""
        return float(self.settings[0][1])

    @property
    def others(self) -> tuple[tuple[str, Any], ...]:
        """The swept settings other than sigma."""
        return self.settings[1:]


def summarise(
    experiment: Experiment,
    levels: Sequence[Level],
    outcomes: Callable[[Level], Outcomes],
    acceptance: Callable[[Level], float | None],
) -> list[LevelSummary]:
    """Summarise a run.

    Parameters
    ----------
    experiment : Experiment
        For the bootstrap's settings and seed; every level uses the same stream.
    levels : sequence of Level
        In the order of the rows; each curve has a level with sigma 0.
    outcomes, acceptance : callable
        A level's trials, and its acceptance rate.
    """
    rows: dict[int, LevelSummary] = {}
    for curve in curves(levels):
        baseline = outcomes(levels[curve[0]])
        # One level at a time where the bootstrap takes them so: a curve of a million trials a level is large.
        ended, to_resample = itertools.tee(outcomes(levels[index]) for index in curve)
        resampled = means_beside_em(
            baseline.iterations,
            (each.iterations for each in to_resample),
            experiment.bootstrap.resamples,
            experiment.seed,
        )
        for index, each, means in zip(curve, ended, resampled, strict=True):
            rows[index] = _row(experiment, levels[index], each, baseline, means, acceptance(levels[index]))
    return [rows[index] for index in range(len(levels))]


def curves(levels: Sequence[Level]) -> list[list[int]]:
    """Indices of the levels that differ in sigma alone, plain EM first."""
    found: dict[str, list[int]] = {}
    for index, level in enumerate(levels):
        found.setdefault(repr(level.others), []).append(index)
    return [sorted(curve, key=lambda index: levels[index].sigma) for curve in found.values()]


def _row(
    experiment: Experiment,
    level: Level,
    ended: Outcomes,
    baseline: Outcomes,
    means: FloatArray,
    acceptance: float | None,
) -> LevelSummary:
    confidence = experiment.bootstrap.confidence
    iterations = ended.iterations
    n = len(iterations)
    low, high = percentile_interval(means[:, 1], confidence)
    speedup = speedup_low = speedup_high = None
    if baseline.iterations.sum() > 0 and np.all(means[:, 0] > 0):
        speedup = 100 * (1 - int(iterations.sum()) / int(baseline.iterations.sum()))
        ends = percentile_interval(100 * (1 - means[:, 1] / means[:, 0]), confidence)
        speedup_low, speedup_high = (float(end) for end in ends)
    both = (ended.status != Status.DEGENERATE) & (baseline.status != Status.DEGENERATE)
    gaps = ended.log_likelihood[both] - baseline.log_likelihood[both]
    converged = ended.status == Status.CONVERGED
    return LevelSummary(
        settings=level.settings,
        trials=n,
        converged=int(np.count_nonzero(converged)),
        max_iterations=int(np.count_nonzero(ended.status == Status.MAX_ITERATIONS)),
        degenerate=int(np.count_nonzero(ended.status == Status.DEGENERATE)),
        mean_iterations=float(iterations.mean()),
        standard_error=_standard_error(iterations),
        ci_low=float(low),
        ci_high=float(high),
        speedup_percent=speedup,
        speedup_ci_low=speedup_low,
        speedup_ci_high=speedup_high,
        log_likelihood_gap=float(gaps.mean()) if gaps.size else None,
        log_likelihood_gap_se=_standard_error(gaps),
        median_iterations=float(np.median(iterations)),
        mean_iterations_converged=float(iterations[converged].mean()) if converged.any() else None,
        acceptance_rate=acceptance,
    )


def _standard_error(values: NDArray[Any]) -> float | None:
    return float(values.std(ddof=1) / np.sqrt(values.size)) if values.size > 1 else None
