"""Is a smaller count also a better fit? EM and NEM past their stop rules, against the maximum-likelihood fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from nem_cli.drawing.frame import add_legend
from nem_cli.drawing.style import BASELINE, EM_LOOK, look, style
from nem_cli.em.status import Status
from nem_cli.paper.studies.study import Collect, Runs, Study
from nem_cli.statistics.estimate import Estimate, mean_estimate
from nem_cli.statistics.run import Run
from nem_cli.statistics.summary import Row


@dataclass(frozen=True)
class Gap:
    """What is missing to the maximum-likelihood fit of the same data, over trials that degenerated in neither.

    Parameters
    ----------
    algorithm : str
        EM, or the noise.
    own : bool
        At the trials' own stops; else after a fixed number of M-steps.
    m_steps : float
        The mean done.
    log_likelihood : Estimate
        The fit's minus the estimate's.
    distance : Estimate
        Euclidean norm of the difference of the estimated parameters.
    """

    algorithm: str
    own: bool
    m_steps: float
    log_likelihood: Estimate
    distance: Estimate


def measure(runs: Runs, collect: Collect) -> list[Gap]:
    run = runs["accuracy"]
    (tightest,) = (row for row in run.rows if row["stop.rule"] == "max-change" and not row.sigma)
    rows = {
        (_algorithm(row), row["stop.rule"] != "never", row["stop.max_iterations"]): row
        for row in run.rows
        if row is not tightest
    }
    return [_gap(run, name, own, row, tightest) for (name, own, _), row in rows.items()]


def _algorithm(row: Row) -> str:
    return f"{row['noise.injection']} noise of {row.sigma:g}" if row.sigma else "EM"


def _gap(run: Run, name: str, own: bool, row: Row, tightest: Row) -> Gap:
    ended, fit = run.trials(row), run.trials(tightest)
    sound = (ended["status"] != Status.DEGENERATE) & (fit["status"] != Status.DEGENERATE)
    ended, fit = ended[sound], fit[sound]
    squares = sum(np.sum((ended[part] - fit[part]) ** 2, axis=1) for part in sorted(run.experiment.estimate))
    return Gap(
        name,
        own,
        float(ended["iterations"].mean()),
        mean_estimate(fit["log_likelihood"] - ended["log_likelihood"]),
        mean_estimate(np.sqrt(squares)),
    )


def figure(runs: Runs, gaps: Sequence[Gap]) -> Figure:
    names = list(dict.fromkeys(gap.algorithm for gap in gaps))
    with style():
        drawn = Figure(figsize=(10, 4.6), layout="constrained")
        panels = drawn.subplots(1, 2)
        for axes, which in zip(panels, ("log_likelihood", "distance"), strict=True):
            for number, name in enumerate(names):
                drawn_look = look(number - 1) if number else EM_LOOK
                course = [gap for gap in gaps if gap.algorithm == name and not gap.own]
                (own,) = (gap for gap in gaps if gap.algorithm == name and gap.own)
                shown = [*_positive(course, which)]
                steps, values, low, high = np.array(shown).T
                ends = [values - np.maximum(low, 0.001 * values), high - values]  # a logarithmic axis has no 0
                axes.errorbar(
                    steps, values, ends, color=drawn_look.colour, marker=drawn_look.marker, linestyle=drawn_look.line,
                    markersize=4, linewidth=1.3, capsize=2, elinewidth=1, label=name,
                )  # fmt: skip
                for at, value, *_ in _positive([own], which):
                    axes.plot(at, value, linestyle="none", marker=drawn_look.marker, markersize=12,
                              color=drawn_look.colour, markerfacecolor="none", markeredgewidth=1.8)  # fmt: skip
            axes.set_yscale("log")
            axes.yaxis.set_minor_locator(NullLocator())
            axes.set_xlabel("M-steps done")
        panels[0].plot([], [], "o", markersize=10, color=BASELINE, markerfacecolor="none", label="at the own stops")
        panels[0].set_ylabel("mean log-likelihood below the ML fit's")
        panels[1].set_ylabel("mean distance of the parameters to the ML fit's")
        add_legend(drawn, [panels[0]], ncols=4, title=runs["accuracy"].experiment.title)
    return drawn


def _positive(gaps: Sequence[Gap], which: str) -> Iterator[tuple[float, float, float, float]]:
    for gap in gaps:
        found: Estimate = getattr(gap, which)
        if found.value > 0:
            yield gap.m_steps, found.value, found.low, found.high


STUDY = Study(("accuracy",), Gap, measure, figure)
