"""A heatmap of levels over two swept settings, its colours centred at 0 and its values printed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from nem_cli.drawing import axis
from nem_cli.drawing.style import DIVERGING, INK
from nem_cli.experiment.config import Experiment
from nem_cli.statistics.estimate import Estimate
from nem_cli.statistics.summary import Row

COLOUR_LIMIT = 50.0
"""Per cent at which colours saturate; the cells' numbers go on."""


def draw_heatmap(
    axes: Axes,
    experiment: Experiment,
    summary: Sequence[Row],
    *,
    colourbar: bool,
    other: Callable[[Row], Estimate | None] | None = None,
) -> None:
    """One cell a level; a cell whose interval holds 0 is in brackets. Plain EM, 0 by construction, is left out.

    The cells are what the experiment's figure shows, or an `other` difference to EM.
    """
    chosen = experiment.figure
    assert chosen.rows is not None
    percent = chosen.y == "speedup_percent" and other is None
    rows = [row for row in summary if row.sigma > 0 or chosen.y == "mean_iterations"]
    across = _ordered(chosen.x, rows)
    upwards = _ordered(chosen.rows, rows)
    values = np.full((len(upwards), len(across)), np.nan)
    texts: list[tuple[int, int, str]] = []
    for row in rows:
        i, j = upwards.index(row[chosen.rows]), across.index(row[chosen.x])
        point = other(row) if other else row.estimate(chosen.y, experiment.bootstrap.confidence)
        if point is None or not np.isnan(values[i, j]):
            continue
        values[i, j] = point.value
        digits = 0 if percent and abs(point.value) >= 1 else 1
        number = f"{point.value:z.{digits}f}".replace("-", "\N{MINUS SIGN}")
        texts.append((i, j, f"({number})" if 0 in point else number))
    centred = chosen.y != "mean_iterations"
    largest = float(np.nanmax(np.abs(values))) if texts else 1.0
    limit = min(COLOUR_LIMIT, largest) if percent else largest
    shading: dict[str, Any] = (
        {"cmap": DIVERGING, "vmin": -(limit or 1), "vmax": limit or 1} if centred else {"cmap": "viridis"}
    )
    image = axes.imshow(values, origin="lower", aspect="auto", **shading)
    for i, j, number in texts:
        dark = abs(values[i, j]) > 0.65 * limit if centred else values[i, j] < np.nanmean(values)
        axes.text(j, i, number, ha="center", va="center", fontsize=8, color="white" if dark else INK)
    axes.set_xticks(range(len(across)), [axis.tick(chosen.x, value) for value in across])
    axes.set_yticks(range(len(upwards)), [axis.tick(chosen.rows, value) for value in upwards])
    axes.grid(visible=False)
    axes.tick_params(length=0)
    mode = axis.only_mode(rows)
    axes.set_xlabel(axis.label(chosen.x, mode))
    axes.set_ylabel(axis.label(chosen.rows, mode))
    if colourbar:
        extend = "both" if centred and largest > limit else "neither"
        bar = axes.figure.colorbar(image, ax=axes, extend=extend, pad=0.02)
        bar.set_label(axis.VALUES[chosen.y])


def _ordered(path: str, rows: Sequence[Row]) -> list[Any]:
    """The values of a setting, numbers from small to large, others as in the sweep."""
    values = list({repr(row[path]): row[path] for row in rows}.values())
    where, _ = axis.positions(path, values)
    return [values[i] for i in np.argsort(where, kind="stable")]
