"""The figure of a run: curves or a heatmap of its levels, with intervals, in one panel or several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from nem_cli.drawing import axis
from nem_cli.drawing.curves import draw_curves, draw_with_savings
from nem_cli.drawing.frame import add_caption, add_legend, add_title
from nem_cli.drawing.heatmap import draw_heatmap
from nem_cli.drawing.style import style
from nem_cli.experiment import describe
from nem_cli.experiment.config import Experiment
from nem_cli.statistics.summary import Row, ended
from nem_cli.terminal.words import words

WIDEST = 9
"""Cells; panels with more across stand one below the other."""


def run_figure(experiment: Experiment, summary: Sequence[Row]) -> Figure:
    """Draw a run as its config's `figure` says; mean M-steps against sigma, and what is saved, by default."""
    panels = split(experiment.figure.panels, summary)
    heatmap = experiment.figure.kind == "heatmap"
    with style():
        if has_savings(experiment):
            figure = Figure(figsize=(7.5, 6.4), layout="constrained")
            axes = draw_with_savings(figure, experiment, summary)
            add_legend(figure, axes[:1], title=experiment.title or experiment.name)
            add_caption(figure, caption(experiment, summary))
            return figure
        figure = Figure(figsize=_size(experiment, panels), layout="constrained")
        stacked = heatmap and cells(experiment, panels)[0] > WIDEST
        shape = (len(panels), 1) if stacked else (1, len(panels))
        grid = figure.subplots(*shape, squeeze=False, sharey=not heatmap).ravel()
        for number, (axes, (value, rows)) in enumerate(zip(grid, panels, strict=True)):
            if heatmap:
                draw_heatmap(axes, experiment, rows, colourbar=stacked or number == len(panels) - 1)
            else:
                draw_curves(axes, experiment, rows)
            if value is not None:
                axes.set_title(describe.shown(value), loc="left", fontsize=10)
            if number and not stacked:
                axes.set_ylabel("")
        title = experiment.title or experiment.name
        if heatmap:
            add_title(figure, title)
        else:
            add_legend(figure, list(grid), title=title)
        add_caption(figure, caption(experiment, summary))
    return figure


def has_savings(experiment: Experiment) -> bool:
    """Whether the figure is one curve of counts against sigma, which has a panel of savings below it."""
    chosen, swept = experiment.figure, experiment.swept
    counts = (chosen.kind, chosen.x, chosen.y) == ("curves", "sigma", "mean_iterations")
    return counts and not swept and bool(experiment.noisy_sigmas)


def split(path: str | None, summary: Sequence[Row]) -> list[tuple[Any, list[Row]]]:
    """The rows of each value of a swept setting, in the order of the sweep; all of them under None without one."""
    found: dict[str, tuple[Any, list[Row]]] = {}
    for row in summary:
        value = row[path] if path else None
        found.setdefault(describe.shown(value), (value, []))[1].append(row)
    return list(found.values())


def caption(experiment: Experiment, summary: Sequence[Row]) -> str:
    """What one must know to read the figure."""
    return words(
        "sweep",
        "caption.txt",
        protocol=describe.protocol(experiment),
        figure=experiment.figure,
        confidence=experiment.bootstrap.confidence,
        ended=ended(summary),
    ).strip()


def cells(experiment: Experiment, panels: Sequence[tuple[Any, Sequence[Row]]]) -> tuple[int, int]:
    """A heatmap's cells across and upwards, in its largest panel."""
    across, upwards = (
        max(len({axis.tick(path, row[path]) for row in rows}) for _, rows in panels)
        for path in (experiment.figure.x, experiment.figure.rows or experiment.figure.x)
    )
    return across, upwards


def _size(experiment: Experiment, panels: Sequence[tuple[Any, Sequence[Row]]]) -> tuple[float, float]:
    """Width and height in inches; a heatmap's cells stay large enough for their numbers."""
    if experiment.figure.kind == "curves":
        return (7.5 if len(panels) == 1 else 10.0, 5.2)
    across, upwards = cells(experiment, panels)
    wide, high = 0.6 + 0.5 * across, max(2.8, 0.34 * upwards)
    if across > WIDEST:
        return max(7.5, 1.9 + wide), 1.3 + len(panels) * (0.6 + high)
    return max(7.5, 1.9 + len(panels) * wide), 1.9 + high
