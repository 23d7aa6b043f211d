"""Does the benefit survive a tighter stop rule?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from nem_cli.drawing.curves import draw_curves
from nem_cli.drawing.frame import add_caption, add_legend
from nem_cli.drawing.style import style
from nem_cli.paper.studies.study import Prices, Runs, Study, Work
from nem_cli.statistics.estimate import Estimate
from nem_cli.statistics.run import Run
from nem_cli.statistics.study import MODES
from nem_cli.sweep.figure import caption


@dataclass(frozen=True)
class Tolerance:
    """One mode at one tolerance.

    Parameters
    ----------
    em, nem : float
        Mean M-steps; a lower bound where trials reached the cap.
    saved : Estimate
        M-steps fewer than EM, paired.
    share : Estimate
        The same in per cent.
    em_capped, capped : int
        Trials that reached the cap.
    """

    mode: str
    sigma: float
    tol: float
    em: float
    em_median: float
    nem: float
    nem_median: float
    saved: Estimate
    share: Estimate
    em_capped: int
    capped: int


def measure(runs: Runs, work: Work) -> list[Tolerance]:
    return sorted(_levels(runs["tolerance"]), key=lambda each: (MODES.index(each.mode), each.tol))


def _levels(run: Run) -> Iterator[Tolerance]:
    for row in run.rows:
        share = run.estimate(row, "speedup_percent")
        if row.sigma and share:
            em = run.em(row)
            yield Tolerance(
                row["noise.injection"],
                row.sigma,
                row["stop.tol"],
                em.mean_iterations,
                em.median_iterations,
                row.mean_iterations,
                row.median_iterations,
                -run.difference(row),
                share,
                em.max_iterations,
                row.max_iterations,
            )


def figure(runs: Runs, levels: Sequence[Tolerance], price: Prices) -> Figure:
    run = runs["tolerance"]
    shares = run.experiment.model_copy(
        update={"figure": run.experiment.figure.model_copy(update={"y": "speedup_percent", "log_y": False})}
    )
    with style():
        drawn = Figure(figsize=(10, 5.2), layout="constrained")
        counts, saved = drawn.subplots(1, 2)
        draw_curves(counts, run.experiment, run.rows)
        draw_curves(saved, shares, run.rows)
        add_legend(drawn, [counts], title=run.experiment.title or run.name)
        add_caption(drawn, caption(run.experiment, run.rows))
    return drawn


STUDY = Study(("tolerance",), Tolerance, measure, figure)
