"""How fast should noise cool?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nem_cli.paper.studies.study import Runs, Study, Work, at_edge, signs, speedup
from nem_cli.statistics.estimate import Estimate, Sign, mean_estimate
from nem_cli.statistics.published import DECAY
from nem_cli.statistics.run import Run
from nem_cli.statistics.study import MODES


@dataclass(frozen=True)
class Cooling:
    """One mode.

    Parameters
    ----------
    sigma, decay : float
        The best noise, chosen on half of the trials; what follows is measured on the other half.
    edge : bool
        Whether level or decay lie at the edge of the grid.
    saved : Estimate
        Per cent fewer M-steps than EM.
    paper_sigma : float
        The best level with the paper's decay.
    loss : Estimate
        Its M-steps minus those of the best noise.
    slowest : float
        The slowest cooling of the grid.
    levels, slower : int
        Its levels, and those whose interval says slower than EM.
    """

    mode: str
    sigma: float
    decay: float
    edge: bool
    saved: Estimate
    paper_sigma: float
    loss: Estimate
    slowest: float
    levels: int
    slower: int


def measure(runs: Runs, work: Work) -> list[Cooling]:
    return list(_modes(runs["decay"]))


def _modes(run: Run) -> Iterator[Cooling]:
    choose, judge = run.halves
    for mode in MODES:
        best = run.best({"noise.injection": mode}, trials=choose)
        paper = run.best({"noise.injection": mode, "noise.decay": DECAY.value}, trials=choose)
        rows = [row for row in run.where({"noise.injection": mode}) if row.sigma]
        decays = [row["noise.decay"] for row in rows]
        slow = [row for row in rows if row["noise.decay"] == min(decays)]
        yield Cooling(
            mode,
            best.sigma,
            best["noise.decay"],
            at_edge(best.sigma, [row.sigma for row in rows]) or at_edge(best["noise.decay"], decays),
            speedup(run, best, judge),
            paper.sigma,
            mean_estimate(run.counts(paper)[judge] - run.counts(best)[judge]),
            min(decays),
            len(slow),
            signs(run, slow)[Sign.BELOW],
        )


STUDY = Study(("decay",), Cooling, measure)
