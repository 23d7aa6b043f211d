"""What one noise level does against plain EM on the same data: estimates with 95 % intervals and one-sided bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nem_cli.em.arrays import FloatArray
from nem_cli.statistics.bootstrap import means_beside_em, percentile_interval
from nem_cli.statistics.estimate import Estimate

CONFIDENCE = 0.95
"""Of the two-sided intervals and of each one-sided bound."""


@dataclass(frozen=True)
class Effect:
    """A noise level against plain EM.

    Parameters
    ----------
    sigma : float
        Initial noise standard deviation.
    trials : int
    em, nem : Estimate
        Mean M-steps, the start not counted.
    speedup : Estimate or None
        100 (1 - nem / em); None where EM makes no M-step.
    speedup_start_counted : Estimate or None
        The same where the start counts as an iteration: both means are one larger.
    difference : float
        Mean of (nem - em) over trials; below 0 noise helps.
    at_least, at_most : float
        One-sided 95 % bounds of the difference, from below and from above.
    """

    sigma: float
    trials: int
    em: Estimate
    nem: Estimate
    speedup: Estimate | None
    speedup_start_counted: Estimate | None
    difference: float
    at_least: float
    at_most: float

    @property
    def faster(self) -> bool:
        """Whether fewer M-steps than EM's are shown, by the one-sided bound."""
        return self.at_most < 0

    @property
    def slower(self) -> bool:
        """Whether more M-steps than EM's are shown, by the one-sided bound."""
        return self.at_least > 0


def effects(
    baseline: NDArray[np.integer],
    levels: Sequence[tuple[float, NDArray[np.integer]]],
    *,
    seed: int,
    resamples: int = 10_000,
) -> list[Effect]:
    """Each level against plain EM, on the same resampled trials.

    Parameters
    ----------
    baseline : ndarray of int, shape (trials,)
        Plain EM's M-steps, in the order of the trials; two trials or more.
    levels : sequence of (sigma, ndarray of shape (trials,))
        M-steps on the same data.
    seed : int
        The experiment's: with as many resamples as in ``summary.csv`` the intervals are the same too.
    resamples : int
    """
    means = means_beside_em(baseline, [iterations for _, iterations in levels], resamples, seed)
    return [
        _effect(sigma, baseline, iterations, paired) for (sigma, iterations), paired in zip(levels, means, strict=True)
    ]


def _effect(sigma: float, baseline: NDArray[np.integer], iterations: NDArray[np.integer], means: FloatArray) -> Effect:
    em, nem = float(baseline.mean()), float(iterations.mean())
    difference = means[:, 1] - means[:, 0]
    at_least, at_most = np.quantile(difference, [1 - CONFIDENCE, CONFIDENCE])
    return Effect(
        sigma=sigma,
        trials=len(iterations),
        em=_estimate(em, means[:, 0]),
        nem=_estimate(nem, means[:, 1]),
        speedup=_speedup(em, nem, means),
        speedup_start_counted=_speedup(em + 1, nem + 1, means + 1),
        difference=nem - em,
        at_least=float(at_least),
        at_most=float(at_most),
    )


def _speedup(em: float, nem: float, means: FloatArray) -> Estimate | None:
    if em <= 0 or np.any(means[:, 0] <= 0):
        return None
    return _estimate(100 * (1 - nem / em), 100 * (1 - means[:, 1] / means[:, 0]))


def _estimate(value: float, replicates: FloatArray) -> Estimate:
    low, high = percentile_interval(replicates, CONFIDENCE)
    return Estimate(value, float(low), float(high))
