"""The figure of a run: mean iterations against sigma, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nem_cli.analysis.summary import LevelSummary
from nem_cli.experiment.config import Experiment
from nem_cli.report import text
from nem_cli.report.paper import MIXTURE, OPTIMA, Optimum
from nem_cli.report.style import BASELINE, COLOURS, MARKERS, PAPER, style

SIGMA_LABEL = {
    "additive": r"initial noise standard deviation $\sigma_N$ (data units)",
    "multiplicative": r"initial noise standard deviation $\sigma_N$ (dimensionless)",
}


def run_figure(experiment: Experiment, summary: Sequence[LevelSummary]) -> Figure:
    """Mean M-steps against sigma; further axes become further curves."""
    with style():
        figure = Figure(figsize=(7.5, 5.0), layout="constrained")
        axes = figure.add_subplot()
        draw_curves(axes, experiment, summary)
        axes.set_title(experiment.title or experiment.name, loc="left", fontsize=12)
        figure.supxlabel(caption(experiment, summary), fontsize=7.5, color="#333333", x=0.01, ha="left")
    return figure


def caption(experiment: Experiment, summary: Sequence[LevelSummary]) -> str:
    """What one must know to read the figure."""
    confidence = f"{100 * experiment.bootstrap.confidence:g} % bootstrap intervals, pointwise"
    return "\n".join([*text.protocol(experiment), f"{confidence}; {text.endings(list(summary))}"])


def draw_curves(axes: Axes, experiment: Experiment, summary: Sequence[LevelSummary]) -> None:
    """A curve for each value of the settings other than sigma, EM's level and the optima."""
    groups: dict[str, list[LevelSummary]] = {}
    for row in summary:
        groups.setdefault(repr(row.others), []).append(row)
    for number, rows in enumerate(groups.values()):
        rows.sort(key=lambda row: row.sigma)
        colour = COLOURS[number % len(COLOURS)]
        name = text.curve_name(rows[0].others) if len(groups) > 1 else f"{experiment.noise.injection} noise"
        _draw_curve(axes, rows, name, colour, MARKERS[number % len(MARKERS)])
        if len(groups) == 1:
            _draw_baseline(axes, rows[0])
    injections = {_injection(experiment, row) for row in summary}
    if len(groups) == 1:
        _mark_optimum(axes, summary)
        paper = published(experiment)
        if paper:
            axes.axvline(paper.sigma, color=PAPER, linewidth=1.2, linestyle=(0, (1, 1.5)), zorder=1)
            axes.plot([], [], color=PAPER, linestyle=":", label=rf"the paper's optimum $\sigma^* = {paper.sigma:g}$")
    axes.set_xlabel(
        SIGMA_LABEL.get(injections.pop() if len(injections) == 1 else "", r"initial noise scale $\sigma_N$")
    )
    axes.set_ylabel("mean M-steps to the stop rule")
    axes.margins(x=0.02)
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.28 * (high - low) if len(groups) < 4 else high + 0.4 * (high - low))
    axes.legend(loc="upper left", ncols=1 if len(groups) < 4 else 2)


def published(experiment: Experiment) -> Optimum | None:
    """The paper's optimum where this experiment has the paper's mixture and a screened mode of the paper's."""
    mixture = experiment.mixture.model_dump()
    if mixture != MIXTURE or experiment.noise.screen != "every-component":
        return None
    return OPTIMA.get(experiment.noise.injection)


def _injection(experiment: Experiment, row: LevelSummary) -> Any:
    return dict(row.others).get("noise.injection", experiment.noise.injection)


def _draw_curve(axes: Axes, rows: Sequence[LevelSummary], name: str, colour: str, marker: str) -> None:
    sigma = np.array([row.sigma for row in rows])
    mean = np.array([row.mean_iterations for row in rows])
    ends = np.array([[row.mean_iterations - row.ci_low, row.ci_high - row.mean_iterations] for row in rows]).T
    axes.errorbar(
        sigma, mean, np.maximum(ends, 0), color=colour, marker=marker, markersize=4, linewidth=1.2, capsize=2,
        elinewidth=1, label=name,
    )  # fmt: skip


def _draw_baseline(axes: Axes, row: LevelSummary) -> None:
    axes.axhspan(row.ci_low, row.ci_high, color=BASELINE, alpha=0.15, linewidth=0, zorder=0)
    axes.axhline(
        row.mean_iterations, color=BASELINE, linewidth=1.2, linestyle="--", zorder=1,
        label=f"EM: {row.mean_iterations:.2f} M-steps",
    )  # fmt: skip


def _mark_optimum(axes: Axes, summary: Sequence[LevelSummary]) -> None:
    best = min(summary, key=lambda row: (row.mean_iterations, row.sigma))
    if best.sigma == 0:
        return
    speedup = "" if best.speedup_percent is None else f", {best.speedup_percent:.1f} % fewer"
    axes.plot(
        best.sigma, best.mean_iterations, marker="o", markersize=11, markerfacecolor="none", markeredgewidth=1.8,
        color=COLOURS[1], linestyle="none",
        label=rf"measured optimum $\sigma^* = {best.sigma:g}$: {best.mean_iterations:.2f} M-steps{speedup}",
    )  # fmt: skip
