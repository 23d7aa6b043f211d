"""A number with its interval, and on which side of 0 that lies."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special


class Sign(StrEnum):
    """Where an interval lies: a difference of M-steps below 0 is fewer, one above is more."""

    BELOW = "below"
    ABOVE = "above"
    UNCLEAR = "unclear"


@dataclass(frozen=True)
class Estimate:
    """A number with a two-sided interval."""

    value: float
    low: float
    high: float

    @property
    def sign(self) -> Sign:
        """The side of 0 that the whole interval lies on; unclear where it holds 0, or isn't known."""
        return Sign.BELOW if self.high < 0 else Sign.ABOVE if self.low > 0 else Sign.UNCLEAR

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __neg__(self) -> Estimate:
        return Estimate(-self.value, -self.high, -self.low)


UNKNOWN = Estimate(math.nan, math.nan, math.nan)
"""A number that can't be had."""


def mean_estimate(values: NDArray[Any]) -> Estimate:
    """A mean with Student's 95 % interval; unbounded where a single value tells nothing of the spread, 0 where none is.

    Parameters
    ----------
    values : ndarray of shape (trials,)
    """
    mean = float(values.mean()) if values.size else 0.0
    if values.size < 2:
        return Estimate(mean, -math.inf, math.inf)
    half = float(special.stdtrit(values.size - 1, 0.975)) * float(values.std(ddof=1) / values.size**0.5)
    return Estimate(mean, mean - half, mean + half)


def share_estimate(successes: int, trials: int) -> Estimate:
    """A share with Wilson's 95 % interval (1927), which holds near 0 and 1 and for few trials.

    Parameters
    ----------
    successes, trials : int
        One trial or more.
    """
    share, z2 = successes / trials, float(special.ndtri(0.975)) ** 2
    centre = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = math.sqrt(z2 * (share * (1 - share) / trials + z2 / (4 * trials**2))) / (1 + z2 / trials)
    return Estimate(share, float(np.clip(centre - half, 0, share)), float(np.clip(centre + half, share, 1)))
