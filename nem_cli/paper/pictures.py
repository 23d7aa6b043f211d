"""The page's pictures: small, so that letters stay legible on a phone, with their texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from matplotlib.figure import Figure

from nem_cli.compare.comparison import Comparison
from nem_cli.compare.figure import draw_difference, draw_means
from nem_cli.drawing.curves import draw_curves
from nem_cli.drawing.frame import add_legend
from nem_cli.drawing.style import style, svg
from nem_cli.experiment import describe as text
from nem_cli.experiment.config import Experiment
from nem_cli.paper.record import Record
from nem_cli.paper.section import Picture
from nem_cli.statistics.summary import Row, endings

_SIZE = (4.6, 3.7)
"""Inches."""
_INJECTION = "noise.injection"


def panel(experiment: Experiment, summary: Sequence[Row]) -> Figure:
    """A figure for the page: the curves without the caption, which the page has as text."""
    with style():
        figure = Figure(figsize=_SIZE, layout="constrained")
        axes = figure.add_subplot()
        draw_curves(axes, experiment, summary)
        add_legend(figure, [axes], ncols=1)
    return figure


def run_picture(record: Record) -> Picture:
    """A run's curve."""
    experiment = record.experiment
    return Picture(svg(panel(experiment, record.summary)), _alt(record), _caption(experiment, record.summary))


def blind_picture(record: Record, mode: str) -> Picture:
    """One mode's curves, screened and blind."""
    noise = record.experiment.noise.model_copy(update={"injection": mode})
    chosen = record.experiment.figure.model_copy(update={"panels": None})
    title = f"{record.experiment.title}: {mode} noise"
    experiment = record.experiment.model_copy(update={"noise": noise, "title": title, "figure": chosen})
    rows = [
        replace(row, level=replace(row.level, settings=tuple(pair for pair in row.settings if pair[0] != _INJECTION)))
        for row in record.summary
        if dict(row.settings)[_INJECTION] == mode
    ]
    ends = []
    for screen, name in (("every-component", "screened"), ("none", "blind")):
        last = max((row for row in rows if dict(row.settings)["noise.screen"] == screen), key=lambda row: row.sigma)
        ends.append(f"{name} noise {last.mean_iterations:.2f} at {last.sigma:g}")
    alt = f"{title}: mean M-steps against sigma. EM {record.em.mean_iterations:.2f}; {'; '.join(ends)}."
    return Picture(svg(panel(experiment, rows)), alt, _caption(experiment, rows))


def comparison_pictures(protocol: str, compared: Comparison) -> Iterator[Picture]:
    """The bootstrap distributions of the two optimal means, and of their difference."""
    a, b = compared.a, compared.b
    means = f"{a.name} {a.mean_iterations:.2f}, {b.name} {b.mean_iterations:.2f}"
    interval = compared.unpaired.interval(0.95)
    ends = f", 95 % interval {interval.low:.2f} to {interval.high:.2f}" if interval else ""
    difference = f"unpaired {compared.unpaired.difference:.2f}{ends}; paired {compared.paired.difference:.2f}"
    for draw, what, numbers in ((draw_means, "two means", means), (draw_difference, "difference", difference)):
        with style():
            figure = Figure(figsize=_SIZE, layout="constrained")
            draw(figure.add_subplot(), compared)
        yield Picture(
            svg(figure),
            f"{protocol}: bootstrap distribution of the {what}: {numbers}.",
            f"Protocol \u201c{protocol}\u201d. Each distribution is drawn to the same height. Bars: 90 % (thick), "
            "95 % and 99 % (thin) percentile intervals.",
        )


def _caption(experiment: Experiment, rows: Sequence[Row]) -> str:
    confidence = f"{100 * experiment.bootstrap.confidence:g} % bootstrap intervals, pointwise"
    facts = [*text.protocol(experiment), confidence, endings(rows)]
    return f"{experiment.title or experiment.name}. {'; '.join(facts)}."


def _alt(record: Record) -> str:
    best, last = record.best, max(record.summary, key=lambda row: row.sigma)
    return (
        f"{record.experiment.title}: mean M-steps against initial noise standard deviation. EM takes "
        f"{record.em.mean_iterations:.2f}. The lowest point is {best.mean_iterations:.2f} at {best.sigma:g}; at "
        f"{last.sigma:g} it is {last.mean_iterations:.2f}."
    )
