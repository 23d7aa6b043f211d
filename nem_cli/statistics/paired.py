"""Levels that are chosen on some trials and measured on others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def halves(trials: int) -> tuple[slice, slice]:
    """The trials that a level is chosen on, and those that it is measured on: no winner's curse.

    A single trial is both, as there is no other.
    """
    middle = trials // 2
    return (slice(0, middle), slice(middle, trials)) if middle else (slice(0, trials), slice(0, trials))


def best(counts: Sequence[NDArray[np.integer]]) -> int:
    """Which level's mean is smallest; the first of several."""
    return int(np.argmin([each.mean() for each in counts]))
