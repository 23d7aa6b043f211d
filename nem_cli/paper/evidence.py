"""What was measured under a protocol, as the verdict table needs it."""

from __future__ import annotations

from dataclasses import dataclass

from nem_cli.compare.comparison import Comparison
from nem_cli.statistics.effect import Effect
from nem_cli.statistics.optimum import OptimumSet


@dataclass(frozen=True)
class ModeEvidence:
    """What was measured of one mode of injection.

    Parameters
    ----------
    at_paper : Effect, optional
        At the paper's optimal level; None where the grid lacks it, or with too few trials. So for the others.
    at_largest : Effect, optional
        At the largest level of the grid.
    at_optimum : Effect, optional
        At our own optimum, on fresh trials.
    levels : tuple of float
        The grid.
    optimum : OptimumSet
    blind_at_paper : Effect, optional
        Blind noise at the paper's optimal level.
    blind : tuple of Effect
        Blind noise at every level above 0.
    time_at_paper, time_at_optimum : float, optional
        Processor time a trial over EM's, at the paper's optimal level and at ours.
    """

    at_paper: Effect | None
    at_largest: Effect | None
    at_optimum: Effect | None
    levels: tuple[float, ...]
    optimum: OptimumSet
    blind_at_paper: Effect | None
    blind: tuple[Effect, ...]
    time_at_paper: float | None
    time_at_optimum: float | None


@dataclass(frozen=True)
class Evidence:
    """What was measured under one protocol: both modes, and their comparison (additive minus multiplicative)."""

    multiplicative: ModeEvidence
    additive: ModeEvidence
    comparison: Comparison

    def mode(self, injection: str) -> ModeEvidence:
        """One of the two modes."""
        return self.multiplicative if injection == "multiplicative" else self.additive
