"""Means of paired differences, and levels that are chosen on some trials and measured on others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from nem_cli.statistics.effect import Estimate


def mean_estimate(values: NDArray[Any], confidence: float = 0.95) -> Estimate:
    """A mean with Student's t interval; unbounded where a single value tells nothing of the spread, 0 where none is.

    Parameters
    ----------
    values : ndarray of shape (trials,)
    """
    if not values.size:
        return Estimate(0.0, -np.inf, np.inf)
    mean = float(values.mean())
    if values.size < 2:
        return Estimate(mean, -np.inf, np.inf)
    half = float(special.stdtrit(values.size - 1, 0.5 + confidence / 2)) * float(values.std(ddof=1) / values.size**0.5)
    return Estimate(mean, mean - half, mean + half)


def halves(trials: int) -> tuple[slice, slice]:
    """The trials that a level is chosen on, and those that it is measured on: no winner's curse.

    A single trial is both, as there is no other.
    """
    middle = trials // 2
    return (slice(0, middle), slice(middle, trials)) if middle else (slice(0, trials), slice(0, trials))


def best(counts: Sequence[NDArray[np.integer]]) -> int:
    """Which level's mean is smallest; the first of several."""
    return int(np.argmin([each.mean() for each in counts]))
