"""Where does multiplicative noise beat additive noise?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy import stats

from nem_cli.drawing.axis import VALUES, coordinate, label
from nem_cli.drawing.curves import draw_estimates
from nem_cli.drawing.frame import add_legend
from nem_cli.drawing.style import BASELINE, look, style
from nem_cli.paper.studies.study import Prices, Runs, Study, Work, at_edge, speedup
from nem_cli.statistics.estimate import Estimate, mean_estimate
from nem_cli.statistics.prediction import holm
from nem_cli.statistics.run import Run

AXIS = "mixture.means"


@dataclass(frozen=True)
class Distance:
    """Both modes at one distance of the means, each at its best level, chosen on half of the trials.

    Parameters
    ----------
    edge : bool
        Whether one of these is the lowest or highest level of its grid.
    additive, multiplicative : Estimate
        Per cent fewer M-steps than EM, on the other half.
    difference : Estimate
        Additive minus multiplicative in M-steps, paired, on that half.
    p : float
        Of no difference, two-sided, adjusted for the number of distances (Holm).
    """

    distance: float
    additive_sigma: float
    multiplicative_sigma: float
    edge: bool
    additive: Estimate
    multiplicative: Estimate
    difference: Estimate
    p: float


def measure(runs: Runs, work: Work) -> list[Distance]:
    run = runs["separation"]
    found = sorted((_distance(run, means) for means in run.values(AXIS)), key=lambda each: each.distance)
    adjusted = holm(np.array([each.p for each in found])).tolist()
    return [replace(each, p=p) for each, p in zip(found, adjusted, strict=True)]


def _distance(run: Run, means: Sequence[float]) -> Distance:
    choose, judge = run.halves
    best = [run.best({AXIS: means, "noise.injection": mode}, trials=choose) for mode in ("additive", "multiplicative")]
    grids = [[row.sigma for row in run.where({AXIS: means, "noise.injection": row["noise.injection"]})] for row in best]
    additive, multiplicative = (run.counts(row)[judge] for row in best)
    at = coordinate(AXIS, means)
    assert at is not None
    return Distance(
        at,
        best[0].sigma,
        best[1].sigma,
        any(at_edge(row.sigma, [sigma for sigma in grid if sigma]) for row, grid in zip(best, grids, strict=True)),
        speedup(run, best[0], judge),
        speedup(run, best[1], judge),
        mean_estimate(additive - multiplicative),
        _p_value(additive - multiplicative),
    )


def _p_value(differences: NDArray[np.integer]) -> float:
    """Student's t test of a mean of 0, two-sided; 1 where a single trial, or none that differs, tells nothing."""
    if len(differences) < 2 or not differences.any():
        return 1.0
    return float(stats.ttest_1samp(differences, 0).pvalue) if np.ptp(differences) else 0.0


def figure(runs: Runs, distances: Sequence[Distance], price: Prices) -> Figure:
    x = [each.distance for each in distances]
    with style():
        drawn = Figure(figsize=(7.5, 4.4), layout="constrained")
        axes = drawn.add_subplot()
        axes.axhline(0, color=BASELINE, linewidth=1.2, linestyle="--", zorder=1, label="EM")
        for number, mode in enumerate(("additive", "multiplicative")):
            draw_estimates(axes, x, [getattr(each, mode) for each in distances], look(number), f"{mode} noise")
        axes.set_xticks(x, [f"{at:g}" for at in x])
        axes.set_xlabel(label(AXIS))
        axes.set_ylabel(VALUES["speedup_percent"])
        add_legend(drawn, [axes], ncols=3, title=runs["separation"].experiment.title)
    return drawn


STUDY = Study(("separation",), Distance, measure, figure)
