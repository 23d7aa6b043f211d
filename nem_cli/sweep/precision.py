"""`--until-ci`: add trials until the intervals are narrow enough."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from nem_cli.errors import ConfigError
from nem_cli.experiment.plan import Level
from nem_cli.experiment.validation import whole
from nem_cli.statistics.summary import Row

MAX_TRIALS = 100_000
LEAST = 100
"""Trials at the first look: intervals from fewer are too narrow, and a narrow one would end the run."""
GROWTH = 1.5


@dataclass(frozen=True)
class Precision:
    """Stop adding trials once every level's interval of the mean count is narrow enough.

    The intervals are looked at after fixed numbers of whole blocks: first the config's trials, or 100, then half as
    many blocks again each time, in block order. So the number of trials reached depends on the config alone, not on the
    workers or on what a stopped run left behind.

    An interval that decides when to stop is a little optimistic: the looks at which the spread happens to be
    underestimated are the ones that stop. With blocks of 1000 trials the spread is known to a few per cent at the
    first look, so the effect is small. For an interval without it, run the number of trials reached again with
    another seed.

    Parameters
    ----------
    half_width : float
        The widest half-width allowed, in M-steps.
    max_trials : int
        Trials a level at which to stop in any case.

    Raises
    ------
    ConfigError
        If one of these isn't allowed.
    """

    half_width: float
    max_trials: int = MAX_TRIALS

    def __post_init__(self) -> None:
        if not (math.isfinite(self.half_width) and self.half_width > 0):
            raise ConfigError("must be a number of M-steps above 0", source="`half_width`", value=self.half_width)
        whole("max_trials", self.max_trials, 2, 10**9)

    def looks(self, levels: Sequence[Level], trials: int) -> Iterator[int]:
        """The numbers of trials at which the intervals are looked at, beginning with the config's, or 100."""
        unit = max(level.block_trials for level in levels)
        blocks = -(-max(trials, LEAST) // unit)
        while blocks * unit < self.max_trials:
            yield blocks * unit
            blocks = math.ceil(GROWTH * blocks)
        yield self.max_trials

    def reached(self, rows: Sequence[Row]) -> bool:
        """Whether every level is narrow enough."""
        return widest(rows) <= self.half_width

    def note(self, rows: Sequence[Row]) -> dict[str, Any]:
        """What the manifest says of it."""
        return {
            "half_width": self.half_width,
            "max_trials": self.max_trials,
            "widest": widest(rows),
            "reached": self.reached(rows),
        }


def widest(rows: Sequence[Row]) -> float:
    """The largest half-width of a level's interval of the mean count."""
    return max((row.ci_high - row.ci_low) / 2 for row in rows)
