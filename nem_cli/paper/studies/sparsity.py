"""Is the benefit larger where data are sparse?"""

from __future__ import annotations

from dataclasses import dataclass

from nem_cli.paper.studies.study import Runs, Study, Work, less
from nem_cli.statistics.estimate import Estimate
from nem_cli.statistics.study import MODES


@dataclass(frozen=True)
class Trend:
    """One mode at one level, from the smallest samples to the largest.

    Parameters
    ----------
    small, large : int
        Sample sizes.
    at_small, at_large : Estimate
        Per cent fewer M-steps than EM there.
    growth : Estimate
        The second minus the first, in points.
    degenerate : int
        Trials at the smallest size that degenerated; their M-steps count.
    """

    mode: str
    sigma: float
    small: int
    at_small: Estimate
    large: int
    at_large: Estimate
    growth: Estimate
    degenerate: int


def measure(runs: Runs, work: Work) -> list[Trend]:
    run = runs["sparsity"]
    trends = []
    sizes = run.values("sample_size")
    small, large = min(sizes), max(sizes)
    for mode in MODES:
        for row in run.where({"noise.injection": mode, "sample_size": small}):
            (other,) = run.where({"noise.injection": mode, "sample_size": large, "sigma": row.sigma})
            ends = run.estimate(row, "speedup_percent"), run.estimate(other, "speedup_percent")
            if row.sigma and ends[0] and ends[1]:
                growth = less(ends[1], ends[0])
                trends.append(Trend(mode, row.sigma, small, ends[0], large, ends[1], growth, row.degenerate))
    return trends


STUDY = Study(("sparsity",), Trend, measure)
