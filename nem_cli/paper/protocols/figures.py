"""The figures of a search: the specification curve, and the ridge of tolerance against starting variance."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nem_cli.drawing.style import BASELINE, COLOURS, PAPER, style
from nem_cli.paper.protocols.results import Protocols, in_set, shown, values
from nem_cli.statistics import published

_NAMES = {
    "estimate": "estimated",
    "sample_size": "samples",
    "start": "start",
    "start.means": "starting means",
    "start.variances": "starting variances",
    "noise.on_reject": "rejected noise",
    "norm": "norm",
    "start_counted": "start counted",
}


def specification_curve(protocols: Protocols) -> Figure:
    """Savings at the paper's levels of all that passed the first stage, in order, above the settings that gave them."""
    rows = sorted(protocols.rows, key=lambda row: float(row["additive_saving"]))
    names = [name for name in protocols.settings if name != "tol"]
    choices = {name: values(rows, name) for name in names}
    lines = sum(map(len, choices.values()))
    inside = np.array([in_set(row) for row in rows])
    rank = np.arange(len(rows))
    with style():
        figure = Figure(figsize=(9, 4.2 + 0.17 * (lines + len(names))), layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3.2, 0.17 * (lines + len(names)) + 0.6])
        for mode, colour in zip(("multiplicative", "additive"), COLOURS, strict=False):
            saving = np.array([row[f"{mode}_saving"] for row in rows])
            optimum = published.OPTIMA[mode]
            label = f"{mode}, sigma {optimum.sigma:g}"
            above.plot(rank, saving, ".", color=colour, markersize=2, label=label, rasterized=True)
            if inside.any():
                above.axhspan(*np.quantile(saving[inside], [0.025, 0.975]), color=colour, alpha=0.12, linewidth=0)
            above.axhline(optimum.speedup_percent, color=colour, linewidth=1)
        above.axhline(0, color=BASELINE, linewidth=1, linestyle="--")
        above.set_ylabel("fewer M-steps than EM, %")
        above.legend(markerscale=5, loc="lower right")
        above.set_title("Lines: the paper's. Bands: 95 % of the protocols in the set.", fontsize=9, loc="left")
        _settings(below, rows, choices, inside)
        below.set_xlabel("protocols in which EM takes the paper's 10, by what additive noise saves")
    return figure


def _settings(axes: Axes, rows: list[dict[str, Any]], choices: dict[str, list[Any]], inside: np.ndarray) -> None:
    ticks: list[tuple[int, str]] = []
    at = 0
    for name, found in choices.items():
        column = [row[name] for row in rows]
        for value in found:
            chosen = np.array([each == value for each in column])
            for marked, colour in ((chosen & ~inside, "#BBBBBB"), (chosen & inside, PAPER)):
                x = np.flatnonzero(marked)
                axes.plot(x, np.full(x.size, at), "|", color=colour, markersize=4, rasterized=True)
            ticks.append((at, f"{_NAMES.get(name, name)}: {shown(value)}"))
            at += 1
        at += 1
    axes.set_yticks([place for place, _ in ticks], [text for _, text in ticks], fontsize=7)
    axes.set_ylim(at - 1, -1)
    axes.grid(visible=False)


def ridge(protocols: Protocols) -> Figure:
    """Where in tolerance and starting variance protocols lie that passed the first stage, and those in the set."""
    given = [row for row in protocols.rows if row.get("start.variances")]
    norms = values(given, "norm")
    with style():
        figure = Figure(figsize=(9, 3.4), layout="constrained")
        for axes, norm in zip(
            figure.subplots(1, max(len(norms), 1), sharey=True, squeeze=False)[0], norms, strict=False
        ):
            for inside, look in ((False, {"color": "#BBBBBB"}), (True, {"color": PAPER})):
                chosen = [row for row in given if row["norm"] == norm and in_set(row) == inside]
                variances = [float(np.mean(json.loads(row["start.variances"]))) for row in chosen]
                tols = [row["tol"] + (0.02 if inside else -0.02) for row in chosen]
                label = "in the set" if inside else "EM takes 10"
                axes.plot(variances, tols, "o", markersize=3 if inside else 4, label=label, rasterized=True, **look)
            axes.set_xscale("log")
            axes.set_xlabel("starting variance")
            axes.set_title(norm, fontsize=10)
        figure.axes[0].set_ylabel("tol")
        figure.axes[-1].legend(loc="lower right")
    return figure
