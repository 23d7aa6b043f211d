"""Where the optimum may lie: the levels that the trials can't tell from the best one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nem_cli.em.arrays import FloatArray, IntArray

METHOD = "multiple comparisons with the best"
DRAWS = 10_000
"""Draws behind the critical value."""


@dataclass(frozen=True)
class OptimumSet:
    """The best level of a sweep, with a simultaneous confidence set for it.

    Parameters
    ----------
    best : float
        The sigma with the smallest mean count; of several, the smallest sigma.
    members : tuple of float
        The sigmas that can't be told from the best, in the order given; `best` is one of them.
    confidence : float
        The chance, over repetitions of the trials, that the set holds the truly best level.
    critical_values : tuple of float
        What each level's largest studentised excess over another level must exceed to tell it from the best.
    """

    best: float
    members: tuple[float, ...]
    confidence: float
    critical_values: tuple[float, ...]


def best_level(means: FloatArray, sigmas: Sequence[float] | FloatArray) -> IntArray:
    """The place of the fewest M-steps; of several levels, that with least noise.

    Parameters
    ----------
    means : ndarray of shape (..., levels)
    sigmas : sequence of float, or ndarray of shape (levels,)

    Returns
    -------
    ndarray of int, shape (...)
    """
    rising = np.argsort(sigmas, kind="stable")
    return np.asarray(rising[np.argmin(means[..., rising], axis=-1)])


def optimum_set(
    counts: NDArray[np.integer],
    sigmas: Sequence[float],
    rng: np.random.Generator,
    *,
    confidence: float = 0.95,
) -> OptimumSet:
    """Multiple comparisons with the best, for means of paired counts.

    Level l is in the set where max_m (mean_l - mean_m) / se_lm <= c_l, with se_lm the standard error of the paired
    difference. If l is the best level, no mean_l - mean_m is above 0 but by chance; c_l is the quantile of what chance
    gives: of max_m (z_l - z_m) / s_lm for normal z with the sample covariance of the counts (a parametric bootstrap of
    a one-sided max-t). So the set holds the best level with the given confidence, asymptotically in the number of
    trials, whatever the number of levels: no level needs a correction of its own.

    Parameters
    ----------
    counts : ndarray of int, shape (n, levels), n above 1
        M-steps; a row holds one trial's count at every level, on the same data.
    sigmas : sequence of float
        The levels.
    rng : Generator
        Draws the critical value.

    References
    ----------
    Edwards, D. G. and Hsu, J. C. (1983). Multiple comparisons with the best treatment. Journal of the American
    Statistical Association 78, 965-971.
    Hsu, J. C. (1984). Constrained simultaneous confidence intervals for multiple comparisons with the best.
    Annals of Statistics 12, 1136-1144.
    """
    n = len(counts)
    means = counts.mean(axis=0)
    best = sigmas[int(best_level(means, sigmas))]
    covariance = np.atleast_2d(np.cov(counts, rowvar=False))
    spread = _spread_of_differences(counts, covariance)
    critical = _critical_values(covariance, spread, confidence, rng)
    gap = means[:, None] - means[None, :]
    inside = np.all(gap <= critical[:, None] * spread / np.sqrt(n), axis=1)
    members = tuple(float(sigma) for sigma, is_in in zip(sigmas, inside, strict=True) if is_in)
    return OptimumSet(float(best), members, confidence, tuple(critical.tolist()))


def _spread_of_differences(counts: NDArray[np.integer], covariance: FloatArray) -> FloatArray:
    """Standard deviation of each paired difference of two levels (levels, levels); exactly 0 where it is constant."""
    variances = np.diag(covariance)
    either = variances[:, None] + variances[None, :]
    spread = np.sqrt(np.maximum(either - 2 * covariance, 0))
    for one, other in np.argwhere(spread**2 <= 1e-9 * either):  # too close for the subtraction above
        spread[one, other] = (counts[:, one] - counts[:, other]).std(ddof=1)
    return spread


def _critical_values(
    covariance: FloatArray, spread: FloatArray, confidence: float, rng: np.random.Generator
) -> FloatArray:
    """Quantile of max_m (z_l - z_m) / spread_lm for each level l, z normal; constant differences are left out."""
    levels = len(covariance)
    z = rng.multivariate_normal(np.zeros(levels), covariance, size=DRAWS, check_valid="ignore", method="eigh")
    with np.errstate(divide="ignore"):
        scale = np.where(spread > 0, 1 / spread, 0.0)
    excess = [((z[:, [level]] - z) * scale[level]).max(axis=1) for level in range(levels)]
    return np.asarray(np.quantile(excess, confidence, axis=1))
