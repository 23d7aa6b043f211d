"""The figure of a comparison: the bootstrap distributions of the two means, and of their difference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nem_cli.compare.comparison import CONFIDENCES, Comparison
from nem_cli.drawing.frame import add_caption, add_title
from nem_cli.drawing.style import BASELINE, COLOURS, PAPER, style
from nem_cli.em.arrays import FloatArray
from nem_cli.experiment import describe
from nem_cli.statistics.bootstrap import percentile_interval

BINS = 40
_THICKNESS = (7.0, 4.0, 1.6)
"""Line widths of the intervals, in points, one for each of `CONFIDENCES`: the wider, the thinner."""
_FIRST, _SECOND, _PAPER = -0.07, -0.14, -0.21
"""Heights of the intervals' bars below the distributions, whose peaks are at 1."""
_LINES = ("-", (0, (4, 1.5)))
"""The first and the second of a panel's distributions, told apart without colour."""


Line = str | tuple[int, tuple[float, float]]


def comparison_figure(comparison: Comparison) -> Figure:
    """Two panels: the means at the optima, and their difference in both designs with zero and the paper's interval."""
    with style():
        figure = Figure(figsize=(8.5, 5.0), layout="constrained")
        means, difference = figure.subplots(1, 2, width_ratios=(1, 1.25))
        draw_means(means, comparison)
        draw_difference(difference, comparison)
        add_title(figure, f"M-steps at the optimum: {comparison.a.name} against {comparison.b.name}")
        add_caption(figure, caption(comparison))
    return figure


def caption(comparison: Comparison) -> str:
    """What one must know to read the figure."""
    a, b = comparison.a, comparison.b
    facts, rules, _ = describe.protocol(a.experiment.model_copy(update={"trials": a.trials}))
    return "\n".join(
        [
            facts.replace("trials a level", "fresh trials of each"),
            rules,
            f"optimal initial noise: {a.name} {a.optimum.best:g}, {b.name} {b.optimum.best:g}, chosen on the sweeps; "
            f"{comparison.bootstraps:,} bootstraps; distributions drawn to one height",
            "bars: 90 % (thick), 95 % and 99 % (thin) percentile intervals; M-steps counted, the start isn't",
        ]
    )


def draw_means(axes: Axes, comparison: Comparison) -> None:
    for number, side in enumerate((comparison.a, comparison.b)):
        colour, line = COLOURS[number], _LINES[number]
        _histogram(axes, side.replicates, side.trials, colour, line, f"{side.name}: {side.mean.value:.2f}")
        axes.vlines(side.mean.value, 0, 1, color=colour, linewidth=1.2, linestyle=line)
        if side.trials > 1:
            ends = [percentile_interval(side.replicates, confidence) for confidence in CONFIDENCES]
            _bars(axes, ends, (_FIRST, _SECOND)[number], colour)
    axes.set_title("Mean M-steps at the optimum", loc="left", fontsize=10.5)
    axes.set_xlabel("bootstrap mean, M-steps")
    _finish(axes)


def draw_difference(axes: Axes, comparison: Comparison) -> None:
    designs = (
        (comparison.paired, _FIRST, COLOURS[2], _LINES[0], "paired, common data"),
        (comparison.unpaired, _SECOND, COLOURS[4], _LINES[1], "unpaired, as the paper"),
    )
    for found, height, colour, line, name in designs:
        known, trials = found.interval(), comparison.a.trials
        ends = f" ({known.low:.3f} to {known.high:.3f})" if trials > 1 else ""
        _histogram(axes, found.replicates, trials, colour, line, f"{name}: {known.value:.3f}{ends}")
        if trials > 1:
            intervals = [found.interval(confidence) for confidence in CONFIDENCES]
            _bars(axes, [(each.low, each.high) for each in intervals], height, colour)
    paper = comparison.published
    if paper:
        _bars(axes, paper, _PAPER, PAPER)
        low, high = paper[CONFIDENCES.index(0.95)]
        axes.plot([], [], color=PAPER, linewidth=4, label=f"the paper's 95 % interval: {low:g} to {high:g}")
    axes.vlines(0, _PAPER - 0.06, 1.05, color=BASELINE, linewidth=1.4, linestyle=":", label="no difference")
    axes.set_title(f"Difference, {comparison.a.name} minus {comparison.b.name}", loc="left", fontsize=10.5)
    axes.set_xlabel("bootstrap difference of means, M-steps")
    _finish(axes)


def _histogram(axes: Axes, replicates: FloatArray, trials: int, colour: str, line: Line, name: str) -> None:
    """A distribution scaled to a peak of 1; bins hold equally many of the multiples of 1 / trials that means can be."""
    low, high = np.round(replicates.min() * trials), np.round(replicates.max() * trials)
    width = max(1, round((high - low) / BINS))
    heights, edges = np.histogram(replicates, bins=(np.arange(low, high + width + 1, width) - 0.5) / trials)
    axes.stairs(heights / heights.max(), edges, fill=True, color=colour, alpha=0.25)
    axes.stairs(heights / heights.max(), edges, color=colour, linewidth=1.3, linestyle=line, label=name)


def _bars(axes: Axes, intervals: Sequence[tuple[Any, Any]], height: float, colour: str) -> None:
    for ends, thickness in zip(intervals, _THICKNESS, strict=True):
        axes.plot(ends, (height, height), color=colour, linewidth=thickness, solid_capstyle="butt")


def _finish(axes: Axes) -> None:
    axes.set_ylim(-0.27, 1.45)  # room for the legend
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.legend(loc="upper left", fontsize=8.5)
