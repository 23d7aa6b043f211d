"""Two modes of noise compared at their optima: the bootstrap of the difference of mean counts, unpaired and paired.

Both designs are ordinary nonparametric bootstraps (Efron and Tibshirani 1993). Intervals are percentiles. The p-value
is two-sided and under the null, as in their section 16.2: both samples are shifted to their common mean before they are
resampled (Algorithm 16.2), with the plain difference of means as the statistic (Algorithm 16.1), not the studentised
one. Shifting moves each bootstrap difference by the observed one, so the same resamples serve for both. Sums are whole
numbers, so ties count exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nem_cli.em.arrays import FloatArray
from nem_cli.experiment.config import Experiment
from nem_cli.experiment.plan import BOOTSTRAP, stream
from nem_cli.statistics.bootstrap import percentile_interval, resampled_means, resampled_sums
from nem_cli.statistics.optimum import OptimumSet

CONFIDENCES = (0.90, 0.95, 0.99)
_UNPAIRED, _PAIRED, _OPTIMA, _MEANS = range(4)
"""The second element of a stream's spawn key: what is resampled."""


@dataclass(frozen=True)
class Interval:
    """A two-sided percentile interval."""

    confidence: float
    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Difference:
    """A difference of mean counts (a - b, in M-steps) with its bootstrap.

    Parameters
    ----------
    difference : float
    standard_error : float, optional
        From the sample variances; None where there is but one trial.
    intervals : tuple of Interval
        One for each of `CONFIDENCES`; empty where there is but one trial, which says nothing of the spread.
    p_value : float, optional
        Two-sided, under the null, re-centred: (b + 1) / (B + 1). None where there is but one trial.
    p_value_uncentred : float, optional
        Share of the bootstrap differences at or above the observed one: near 0.5 whatever the data, so no evidence.
    replicates : ndarray of shape (bootstraps,)
        The bootstrap differences, not re-centred.
    """

    difference: float
    standard_error: float | None
    intervals: tuple[Interval, ...]
    p_value: float | None
    p_value_uncentred: float | None
    replicates: FloatArray

    def interval(self, confidence: float) -> Interval | None:
        """The interval with that confidence, where there is one."""
        return next((each for each in self.intervals if each.confidence == confidence), None)


@dataclass(frozen=True)
class Counts:
    """M-steps of fresh trials of one side, each array of shape (trials,) and type int.

    Parameters
    ----------
    em : ndarray
        At sigma 0.
    optimum : ndarray
        At the optimum, on the same data.
    """

    em: NDArray[np.integer]
    optimum: NDArray[np.integer]


@dataclass(frozen=True)
class Side:
    """One of the two that are compared.

    Parameters
    ----------
    name : str
        The mode, config or folder that was asked for.
    experiment : Experiment
        The sweep's.
    sweep : OptimumSet
        The optimum as chosen on the sweep, and the levels that can't be told from it.
    mean_iterations, em_mean_iterations : float
        Mean M-steps of the fresh trials at the optimum and at sigma 0.
    speedup_percent : float, optional
        100 (1 - mean_iterations / em_mean_iterations); None where EM takes no M-step.
    trials : int
        Fresh trials.
    replicates : ndarray of shape (bootstraps,)
        Bootstrap means at the optimum.
    counts : Counts
        The fresh trials.
    """

    name: str
    experiment: Experiment
    sweep: OptimumSet
    mean_iterations: float
    em_mean_iterations: float
    speedup_percent: float | None
    trials: int
    replicates: FloatArray
    counts: Counts

    @property
    def mode(self) -> str:
        """The injection."""
        return self.experiment.noise.injection

    @property
    def sigma(self) -> float:
        """The optimum."""
        return self.sweep.best


@dataclass(frozen=True)
class Comparison:
    """What `nem compare` finds.

    Parameters
    ----------
    a, b : Side
        On common data.
    paired : Difference
        a - b on common data, one sample of differences.
    unpaired : Difference
        a - b with b's trials on other data, as in the paper.
    bootstraps, seed : int
        The fresh trials have seed + 1, those of the unpaired b seed + 2.
    """

    a: Side
    b: Side
    paired: Difference
    unpaired: Difference
    bootstraps: int
    seed: int


def side(name: str, experiment: Experiment, sweep: OptimumSet, counts: Counts, bootstraps: int, seed: int) -> Side:
    """One side from its fresh trials."""
    mean, em = float(counts.optimum.mean()), float(counts.em.mean())
    return Side(
        name=name,
        experiment=experiment,
        sweep=sweep,
        mean_iterations=mean,
        em_mean_iterations=em,
        speedup_percent=100 * (1 - mean / em) if em > 0 else None,
        trials=len(counts.optimum),
        replicates=resampled_means(counts.optimum, bootstraps, stream(seed, BOOTSTRAP, _MEANS)),
        counts=counts,
    )


def unpaired(a: NDArray[np.integer], b: NDArray[np.integer], bootstraps: int, seed: int) -> Difference:
    """The difference of the means of two independent samples, of shapes (n,) and (m,)."""
    rng = stream(seed, BOOTSTRAP, _UNPAIRED)
    n, m = len(a), len(b)
    resampled = m * resampled_sums(a, bootstraps, rng) - n * resampled_sums(b, bootstraps, rng)
    error = float(np.sqrt(a.var(ddof=1) / n + b.var(ddof=1) / m)) if min(n, m) > 1 else None
    return _difference(m * int(a.sum()) - n * int(b.sum()), resampled, n * m, error)


def paired(a: NDArray[np.integer], b: NDArray[np.integer], bootstraps: int, seed: int) -> Difference:
    """The mean difference of two samples on the same data, both of shape (n,): one sample of differences."""
    differences = a.astype(np.int64) - b
    n = len(differences)
    resampled = resampled_sums(differences, bootstraps, stream(seed, BOOTSTRAP, _PAIRED))
    error = float(differences.std(ddof=1) / np.sqrt(n)) if n > 1 else None
    return _difference(int(differences.sum()), resampled, n, error)


def optimum_stream(seed: int) -> np.random.Generator:
    """The random stream of the confidence set of levels."""
    return stream(seed, BOOTSTRAP, _OPTIMA)


def _difference(observed: int, resampled: NDArray[np.int64], scale: int, standard_error: float | None) -> Difference:
    """From whole numbers, `scale` times the differences."""
    if standard_error is None:
        return Difference(observed / scale, None, (), None, None, resampled / scale)
    ends = [(confidence, *percentile_interval(resampled / scale, confidence)) for confidence in CONFIDENCES]
    extreme = int(np.count_nonzero(np.abs(resampled - observed) >= abs(observed)))
    return Difference(
        difference=observed / scale,
        standard_error=standard_error,
        intervals=tuple(Interval(confidence, float(low), float(high)) for confidence, low, high in ends),
        p_value=(extreme + 1) / (len(resampled) + 1),
        p_value_uncentred=float(np.count_nonzero(resampled >= observed) / len(resampled)),
        replicates=resampled / scale,
    )
