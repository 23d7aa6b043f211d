"""The written rule by which a claim of the paper is reproduced, differs, or can't be checked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist

from nem_cli.compare.comparison import Difference
from nem_cli.statistics.effect import Effect
from nem_cli.statistics.estimate import Estimate
from nem_cli.statistics.optimum import METHOD, OptimumSet
from nem_cli.statistics.published import TRIALS, Interval, Number

RULE = (
    "A number is reproduced where our 95 % interval meets the paper's value plus or minus half a unit of its last "
    "printed digit.",
    "An interval is reproduced where ours, of the same confidence, from unpaired trials as in the paper, meets the "
    "paper's, its ends widened by half a unit of their last digits. That is a mild test: wide intervals meet easily, "
    "and their centres may have different signs.",
    "A U is reproduced where noise takes fewer M-steps than EM at the paper's optimal level, and more at the largest "
    "level of our grid, both by one-sided 95 % bootstrap bounds of the mean difference on the same data.",
    "Harm from blind noise is reproduced where it takes more M-steps than EM at the paper's optimal level, and fewer "
    "at no level of our grid, by the same bounds.",
    f"An optimal level is reproduced where it lies in our simultaneous 95 % confidence set of levels ({METHOD}).",
    "No significance is reproduced where our two-sided p-value (unpaired, under the null, re-centred) is above the "
    "level. With enough trials any difference becomes significant, so this says little without their number.",
    "A p-value depends on the number of trials, so it can be checked only where the paper states that number.",
    "Else the claim differs, and the verdict says by how much; or it can't be checked, and the verdict says why.",
)
"""What the report prints under its table."""

MIN_TRIALS = 2
"""One trial says nothing of the spread."""


class Outcome(StrEnum):
    """What became of a claim."""

    REPRODUCED = "reproduced"
    DIFFERS = "differs"
    UNCHECKABLE = "can't be checked"

    @property
    def sign(self) -> str:
        """A mark that tells outcomes apart without colour."""
        return {"reproduced": "✓", "differs": "≠"}.get(self.value, "?")


@dataclass(frozen=True)
class Verdict:
    """An outcome, and by how much or why."""

    outcome: Outcome
    detail: str = ""

    @property
    def text(self) -> str:
        """As people read it: ``differs by +1.2``."""
        return f"{self.outcome}{self.detail and ' '}{self.detail}"


REPRODUCED = Verdict(Outcome.REPRODUCED)


def uncheckable(reason: str) -> Verdict:
    """Can't be checked, and why."""
    return Verdict(Outcome.UNCHECKABLE, f"({reason})")


def number(paper: Number, ours: Estimate | None) -> Verdict:
    """A number against our estimate and its interval."""
    if ours is None:
        return uncheckable("too few trials for an interval")
    if _meet(ours.low, ours.high, paper.value - paper.half_unit, paper.value + paper.half_unit):
        return REPRODUCED
    return _differs_by(ours.value - paper.value, paper)


def interval(paper: Interval, ours: Difference) -> Verdict:
    """The paper's interval of the difference against ours of the same confidence."""
    found = ours.interval(paper.percent / 100)
    if found is None:
        return uncheckable("too few trials for an interval")
    low, high = paper.low.value - paper.low.half_unit, paper.high.value + paper.high.half_unit
    if _meet(found.low, found.high, low, high):
        return REPRODUCED
    return _differs_by(ours.difference - paper.centre, paper.low)


def optimum(paper: Number, ours: OptimumSet, levels: Sequence[float]) -> Verdict:
    """The paper's optimal level against our confidence set; `levels` is the grid."""
    if ours.critical_values is None:
        return uncheckable("too few trials for a confidence set")
    if not _among(paper.value, levels):
        return uncheckable(f"the grid has no level {paper.written}")
    if _among(paper.value, ours.members):
        return REPRODUCED
    return _differs_by(ours.best - paper.value, paper)


def u_shape(low: Effect | None, high: Effect | None) -> Verdict:
    """Fewer M-steps than EM at the level `low`, more at the level `high`."""
    if low is None or high is None:
        return uncheckable("the level isn't in the grid, or too few trials")
    if low.faster and high.slower:
        return REPRODUCED
    against = [
        f"at {each.sigma:g}: {each.difference:+.2f} M-steps"
        for each, contradicts in ((low, low.slower), (high, high.faster))
        if contradicts
    ]
    return Verdict(Outcome.DIFFERS, " and ".join(against)) if against else uncheckable("the bounds include no change")


def harm(at: Effect | None, grid: Sequence[Effect]) -> Verdict:
    """More M-steps than EM at the level `at`, and fewer at no level of the grid."""
    if at is None:
        return uncheckable("the level isn't in the grid, or too few trials")
    against = [each for each in grid if each.faster]
    if against:
        worst = min(against, key=lambda each: each.difference)
        return Verdict(Outcome.DIFFERS, f"at {worst.sigma:g}: {worst.difference:+.2f} M-steps")
    return REPRODUCED if at.slower else uncheckable("the bound includes no change")


def not_significant(level: Number, ours: Difference) -> Verdict:
    """No significant difference at a level."""
    if ours.p_value is None:
        return uncheckable("too few trials for a test")
    if ours.p_value > level.value:
        return REPRODUCED
    return Verdict(Outcome.DIFFERS, f"by {ours.difference:+.2f} M-steps, significant")


def p_value(
    paper: Number, ours: Difference, *, bootstraps: int, trials: int, stated_trials: int | None = TRIALS
) -> Verdict:
    """A p-value, which depends on the number of trials as much as on the difference.

    Parameters
    ----------
    bootstraps : int
        Behind our p-value: its Monte Carlo error makes the interval.
    trials : int
        Behind our p-value.
    stated_trials : int, optional
        What the paper says of that number.
    """
    if ours.p_value is None:
        return uncheckable("too few trials for a test")
    if stated_trials is None:
        return uncheckable("the paper doesn't state its number of trials")
    if stated_trials != trials:
        return uncheckable(f"it depends on the number of trials: the paper's are {stated_trials:,}, ours {trials:,}")
    half = NormalDist().inv_cdf(0.975) * math.sqrt(ours.p_value * (1 - ours.p_value) / bootstraps)
    return number(paper, Estimate(ours.p_value, ours.p_value - half, ours.p_value + half))


def _meet(low: float, high: float, other_low: float, other_high: float) -> bool:
    slack = 1e-9  # half a unit of a decimal digit isn't exact in binary
    return low <= other_high + slack and high >= other_low - slack


def _among(level: float, levels: Sequence[float]) -> bool:
    return any(math.isclose(level, each) for each in levels)


def _differs_by(amount: float, paper: Number) -> Verdict:
    unit = "points" if paper.unit == "%" else paper.unit
    return Verdict(Outcome.DIFFERS, f"by {amount:+.{max(paper.decimals, 1)}f} {unit}".rstrip())
