"""Does the screen matter? Both modes, with the NEM condition and without, in the two tuned protocols."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nem_cli.paper.studies.study import SCREENED, Runs, Study, Work, signs, speedup
from nem_cli.statistics.estimate import Estimate, Sign
from nem_cli.statistics.run import Run
from nem_cli.statistics.study import MODES

PROTOCOLS = {"blind": "five-parameter", "companion-blind": "variances-only"}


@dataclass(frozen=True)
class Screen:
    """One mode in one protocol.

    Parameters
    ----------
    sigma : float
        The best screened level, chosen on half of the trials.
    screened, blind : Estimate
        Per cent fewer M-steps than EM at that level, on the other half.
    levels, slower, faster : int
        Levels of blind noise, and those whose interval says slower or faster than EM.
    """

    protocol: str
    mode: str
    sigma: float
    screened: Estimate
    blind: Estimate
    levels: int
    slower: int
    faster: int


def measure(runs: Runs, work: Work) -> list[Screen]:
    return [each for name, protocol in PROTOCOLS.items() for each in _modes(runs[name], protocol)]


def _modes(run: Run, protocol: str) -> Iterator[Screen]:
    choose, judge = run.halves
    for mode in MODES:
        best = run.best({"noise.injection": mode, "noise.screen": SCREENED}, trials=choose)
        blind = [row for row in run.where({"noise.injection": mode, "noise.screen": "none"}) if row.sigma]
        (same,) = (row for row in blind if row.sigma == best.sigma)
        found = signs(run, blind)
        yield Screen(
            protocol,
            mode,
            best.sigma,
            speedup(run, best, judge),
            speedup(run, same, judge),
            len(blind),
            found[Sign.BELOW],
            found[Sign.ABOVE],
        )


STUDY = Study(tuple(PROTOCOLS), Screen, measure)
