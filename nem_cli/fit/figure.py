"""The figure of a fit: the data's histogram, the fitted density and its components."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from nem_cli.drawing.style import COLOURS, style
from nem_cli.em.arrays import FloatArray
from nem_cli.fit.fitted import Fit

MAX_BINS = 200
POINTS = 1000
"""Where the densities are drawn."""


def fit_figure(fit: Fit, y: FloatArray, title: str, unit: str) -> Figure:
    """A fit against its data.

    Parameters
    ----------
    fit : Fit
    y : ndarray of shape (n,)
        The data that were fitted.
    title, unit : str
        The title, and the horizontal axis's label.
    """
    x = np.linspace(y.min(), y.max(), POINTS)
    x = np.unique(np.concatenate([x, fit.means, *(fit.means + c * fit.standard_deviations for c in (-1, 1))]))
    x = x[(x >= y.min()) & (x <= y.max())]
    with style():
        figure = Figure(figsize=(7.5, 4.6), layout="constrained")
        axes = figure.add_subplot()
        axes.hist(y, bins=_bins(fit, y), density=True, color="#D9D9D9", edgecolor="white", linewidth=0.4, label="data")
        axes.plot(x, fit.density(x), color=COLOURS[0], linewidth=2, label="fitted density")
        for j, density in enumerate(fit.densities(x).T):
            axes.plot(
                x, density, color=COLOURS[1 + j % (len(COLOURS) - 1)], linewidth=1.3, linestyle="--",
                label=f"{fit.weights[j]:.3f} N(mean {fit.means[j]:.4g}, sd {fit.standard_deviations[j]:.3g})",
            )  # fmt: skip
        axes.set_title(title, loc="left", fontsize=12, parse_math=False)
        axes.set_xlabel(unit, parse_math=False)
        axes.set_ylabel("density")
        axes.margins(x=0.02)
        axes.set_ylim(0, 1.05 * axes.get_ylim()[1])
        axes.legend(loc="upper left", bbox_to_anchor=(0, -0.14), ncols=2, borderaxespad=0)
    return figure


def _bins(fit: Fit, y: FloatArray) -> int:
    """As many as the narrowest component needs by Scott's rule (1979), within bounds."""
    widths = 3.49 * fit.standard_deviations / np.cbrt(np.maximum(fit.weights * len(y), 1))
    return int(np.clip(np.ceil((y.max() - y.min()) / widths.min()), 8, MAX_BINS))
