"""A row a level: counts, means and intervals."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.lib.recfunctions import repack_fields
from numpy.typing import NDArray

from nem_cli.em.arrays import FloatArray
from nem_cli.em.status import Status
from nem_cli.experiment.config import Experiment
from nem_cli.experiment.journal import Journal
from nem_cli.experiment.plan import Level
from nem_cli.statistics.bootstrap import means_beside_em, percentile_interval
from nem_cli.statistics.estimate import Estimate

ENOUGH = 30
"""Trials a level, below which no sentence is worth much."""
_ENDS = ["status", "iterations", "log_likelihood"]
"""What a summary needs of a trial."""


@dataclass(frozen=True)
class Row:
    """One row of ``summary.csv``. A number that can't be had is None, never NaN.

    Parameters
    ----------
    level : Level
        The columns before these are its swept settings, sigma first.
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

    level: Level
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
    def settings(self) -> tuple[tuple[str, Any], ...]:
        """The swept settings, sigma first."""
        return self.level.settings

    @property
    def sigma(self) -> float:
        """Initial noise standard deviation."""
        return self.level.sigma

    @property
    def others(self) -> tuple[tuple[str, Any], ...]:
        """The swept settings other than sigma."""
        return self.level.others

    @property
    def asks_for_cap(self) -> bool:
        """Whether the level has no stop rule, so that its trials make a fixed number of M-steps."""
        return self.level.trial.stop.rule == "never"

    def __getitem__(self, path: str) -> Any:
        """The value of a swept setting."""
        return dict(self.settings)[path]

    def estimate(self, column: str, confidence: float) -> Estimate | None:
        """A mean with its interval; None where it can't be had.

        Parameters
        ----------
        column : {"mean_iterations", "speedup_percent", "log_likelihood_gap"}
        confidence : float
            The experiment's: of the gap's interval, which is normal; those of the others are in the row.
        """
        if column == "mean_iterations":
            return Estimate(self.mean_iterations, self.ci_low, self.ci_high)
        if column == "speedup_percent":
            value, low, high = self.speedup_percent, self.speedup_ci_low, self.speedup_ci_high
            return None if value is None or low is None or high is None else Estimate(value, low, high)
        value, error = self.log_likelihood_gap, self.log_likelihood_gap_se
        if value is None or error is None:
            return None
        half = NormalDist().inv_cdf(0.5 + confidence / 2) * error
        return Estimate(value, value - half, value + half)


@dataclass(frozen=True)
class Ended:
    """How the trials of some levels ended; nothing is dropped.

    Parameters
    ----------
    trials : int
        In all.
    fixed : int
        Of levels without a stop rule, whose cap is no alarm.
    converged, max_iterations, degenerate : int
        Of the others.
    """

    trials: int
    fixed: int
    converged: int
    max_iterations: int
    degenerate: int


def ended(rows: Iterable[Row]) -> Ended:
    """Count how the trials of some levels ended."""
    rows = list(rows)
    stopping = [row for row in rows if not row.asks_for_cap]
    return Ended(
        trials=sum(row.trials for row in rows),
        fixed=sum(row.trials for row in rows if row.asks_for_cap),
        converged=sum(row.converged for row in stopping),
        max_iterations=sum(row.max_iterations for row in stopping),
        degenerate=sum(row.degenerate for row in rows),
    )


def fewest(rows: Iterable[Row]) -> Row | None:
    """The row with the fewest M-steps, of several the one with least noise; None where no level has a stop rule."""
    stopping = [row for row in rows if not row.asks_for_cap]
    return min(stopping, key=lambda row: (row.mean_iterations, row.sigma), default=None)


def summarise(experiment: Experiment, levels: Sequence[Level], journal: Journal) -> tuple[Row, ...]:
    """Summarise a run.

    Parameters
    ----------
    experiment : Experiment
        For the trials a level, and the bootstrap's settings and seed; every level uses the same stream.
    levels : sequence of Level
        In the order of the rows; each curve has a level with sigma 0.
    journal : Journal
        With all of their blocks.
    """

    def trials(level: Level) -> NDArray[np.void]:
        blocks = journal.read(level, experiment.trials)
        return np.concatenate([repack_fields(block[_ENDS]) for block in blocks])

    rows: dict[int, Row] = {}
    for curve in curves(levels):
        baseline = trials(levels[curve[0]])
        # One level at a time where the bootstrap takes them so: a curve of a million trials a level is large.
        tables, to_resample = itertools.tee(trials(levels[index]) for index in curve)
        resampled = means_beside_em(
            baseline["iterations"],
            (each["iterations"] for each in to_resample),
            experiment.bootstrap.resamples,
            experiment.seed,
        )
        for index, table, means in zip(curve, tables, resampled, strict=True):
            level = levels[index]
            acceptance = journal.totals(level, experiment.trials).acceptance_rate
            rows[index] = _row(experiment, level, table, baseline, means, acceptance)
    return tuple(rows[index] for index in range(len(levels)))


def curves(levels: Sequence[Level]) -> list[list[int]]:
    """Indices of the levels that differ in sigma alone, plain EM first."""
    found: dict[str, list[int]] = {}
    for index, level in enumerate(levels):
        found.setdefault(repr(level.others), []).append(index)
    return [sorted(curve, key=lambda index: levels[index].sigma) for curve in found.values()]


def _row(
    experiment: Experiment,
    level: Level,
    table: NDArray[np.void],
    baseline: NDArray[np.void],
    means: FloatArray,
    acceptance: float | None,
) -> Row:
    confidence = experiment.bootstrap.confidence
    iterations = table["iterations"]
    low, high = percentile_interval(means[:, 1], confidence)
    speedup = speedup_low = speedup_high = None
    if baseline["iterations"].sum() > 0 and np.all(means[:, 0] > 0):
        speedup = 100 * (1 - int(iterations.sum()) / int(baseline["iterations"].sum()))
        ends = percentile_interval(100 * (1 - means[:, 1] / means[:, 0]), confidence)
        speedup_low, speedup_high = (float(end) for end in ends)
    both = (table["status"] != Status.DEGENERATE) & (baseline["status"] != Status.DEGENERATE)
    gaps = table["log_likelihood"][both] - baseline["log_likelihood"][both]
    converged = table["status"] == Status.CONVERGED
    return Row(
        level=level,
        trials=len(table),
        converged=int(np.count_nonzero(converged)),
        max_iterations=int(np.count_nonzero(table["status"] == Status.MAX_ITERATIONS)),
        degenerate=int(np.count_nonzero(table["status"] == Status.DEGENERATE)),
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
