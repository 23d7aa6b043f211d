"""The figure of a fit: histogram and densities; pairs of columns with ellipses; a chain's states over time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Ellipse

from nem_cli.drawing.style import COLOURS, Picture, style
from nem_cli.em.arrays import FloatArray, IntArray
from nem_cli.fit.fitted import Fit
from nem_cli.fit.model import is_chain

MAX_BINS = 200
POINTS = 1000
"""Where the densities are drawn."""
MOST_COLUMNS = 5
"""Pairs of more columns don't fit a figure; the first so many are drawn."""
MOST_VALUES = 5000
"""Points that are drawn, evenly spaced in the data."""


def fit_figure(fit: Fit, y: FloatArray, title: str, names: Sequence[str]) -> Picture:
    """A fit against the data that were fitted, of shape (n,) or (n, d), in columns of these names."""
    columns = y.reshape(len(y), -1)
    names = list(names) or ([f"column {c + 1}" for c in range(columns.shape[1])] if y.ndim == 2 else ["value"])
    with style():
        if is_chain(fit.model):
            return _over_time(fit, columns, fit.states(y), title, names)
        return _pairs(fit, columns, fit.states(y), title, names) if y.ndim == 2 else _histogram(fit, y, title, names[0])


def _histogram(fit: Fit, y: FloatArray, title: str, name: str) -> Picture:
    x = np.linspace(y.min(), y.max(), POINTS)
    x = np.unique(np.concatenate([x, fit.means, *(fit.means + c * fit.standard_deviations for c in (-1, 1))]))
    x = x[(x >= y.min()) & (x <= y.max())]
    figure = Picture(figsize=(7.5, 4.6), layout="constrained")
    axes = figure.add_subplot()
    axes.hist(y, bins=_bins(fit, y), density=True, color="#D9D9D9", edgecolor="white", linewidth=0.4, label="data")
    axes.plot(x, fit.density(x), color=COLOURS[0], linewidth=2, label="fitted density")
    for j, density in enumerate(fit.densities(x).T):
        axes.plot(
            x, density, color=_colour(j), linewidth=1.3, linestyle="--",
            label=f"{fit.weights[j]:.3f} of mean {fit.means[j]:.4g}, sd {fit.standard_deviations[j]:.3g}",
        )  # fmt: skip
    axes.set_title(title, loc="left", fontsize=12, parse_math=False)
    axes.set_xlabel(name, parse_math=False)
    axes.set_ylabel("density")
    axes.margins(x=0.02)
    axes.set_ylim(0, 1.05 * axes.get_ylim()[1])
    axes.legend(loc="upper left", bbox_to_anchor=(0, -0.14), ncols=2, borderaxespad=0)
    return figure


def _pairs(fit: Fit, y: FloatArray, states: IntArray, title: str, names: Sequence[str]) -> Picture:
    """Every column against every one before it, coloured by component, with ellipses of one and two sds."""
    d = min(y.shape[1], MOST_COLUMNS)
    shown = slice(None, None, -(-len(y) // MOST_VALUES))
    size = max(d - 1, 1)
    figure = Picture(figsize=(2.2 + 2.6 * size, 1.6 + 2.6 * size), layout="constrained")
    grid = figure.subplots(size, size, squeeze=False, sharex="col", sharey="row")
    for row in range(size):
        for column in range(size):
            axes = grid[row, column]
            if column > row:
                axes.set_visible(False)
                continue
            for j in range(fit.components):
                of = states[shown] == j
                x, above = y[shown][of, column], y[shown][of, row + 1] if d > 1 else np.zeros(of.sum())
                axes.plot(x, above, ".", color=_colour(j), markersize=3, alpha=0.5)
                if d > 1:
                    _ellipses(axes, fit, j, column, row + 1)
            if row == size - 1:
                axes.set_xlabel(names[column], parse_math=False)
            if column == 0 and d > 1:
                axes.set_ylabel(names[row + 1], parse_math=False)
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, parse_math=False)
    figure.supxlabel("ellipses: one and two standard deviations", x=0.01, ha="left", fontsize=8, color="#333333")
    return figure


def _ellipses(axes: Axes, fit: Fit, j: int, horizontal: int, vertical: int) -> None:
    both = [horizontal, vertical]
    if "covariances" in fit.theta.names:
        covariance = fit.covariances[j][np.ix_(both, both)]
    else:
        covariance = np.diag(np.broadcast_to(fit.variances[j], fit.means[j].shape)[both])
    lengths, directions = np.linalg.eigh(covariance)
    angle = float(np.degrees(np.arctan2(directions[1, 1], directions[0, 1])))
    centre = (float(fit.means[j, horizontal]), float(fit.means[j, vertical]))
    for sds in (1, 2):
        long, short = 2 * sds * np.sqrt(lengths[1]), 2 * sds * np.sqrt(lengths[0])
        axes.add_patch(Ellipse(centre, long, short, angle=angle, fill=False, edgecolor=_colour(j), linewidth=1.4))


def _over_time(fit: Fit, y: FloatArray, states: IntArray, title: str, names: Sequence[str]) -> Picture:
    """Each column over time, the values in the colour of their state on the likeliest path."""
    shown = np.arange(0, len(y), -(-len(y) // MOST_VALUES))
    d = min(y.shape[1], MOST_COLUMNS)
    figure = Picture(figsize=(9.0, 1.4 + 2.2 * d), layout="constrained")
    panels = figure.subplots(d, 1, squeeze=False, sharex=True)[:, 0]
    for c, axes in enumerate(panels):
        axes.plot(shown, y[shown, c], color="#BBBBBB", linewidth=0.7, zorder=1)
        for j in range(fit.components):
            of = shown[states[shown] == j]
            axes.plot(of, y[of, c], ".", color=_colour(j), markersize=3.5, label=f"state {j + 1}")
            axes.axhline(fit.means.reshape(fit.components, -1)[j, c], color=_colour(j), linewidth=0.9, linestyle=":")
        axes.set_ylabel(names[c], parse_math=False)
    panels[-1].set_xlabel("time")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper right", ncols=min(6, fit.components))
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, parse_math=False)
    return figure


def _colour(j: int) -> str:
    return COLOURS[1 + j % (len(COLOURS) - 1)]


def _bins(fit: Fit, y: FloatArray) -> int:
    """As many as the narrowest component needs by Scott's rule (1979), within bounds."""
    widths = 3.49 * fit.standard_deviations / np.cbrt(np.maximum(fit.weights * len(y), 1))
    return int(np.clip(np.ceil((y.max() - y.min()) / widths.min()), 8, MAX_BINS))
