"""Curves of levels against a swept setting: EM's level, intervals, the optimum, and the paper's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from nem_cli.drawing import axis
from nem_cli.drawing.style import BASELINE, COLOURS, EM_LOOK, PAPER, Look, look
from nem_cli.em.arrays import FloatArray
from nem_cli.experiment import describe
from nem_cli.experiment.config import Experiment
from nem_cli.statistics import published
from nem_cli.statistics.estimate import Estimate
from nem_cli.statistics.summary import Row, fewest


def draw_with_savings(figure: Figure, experiment: Experiment, summary: Sequence[Row]) -> list[Axes]:
    """One curve of counts against sigma and, below it, what is saved against EM on the same data.

    The means of two levels share their data, so intervals that overlap above may be told apart below, where they are
    paired.
    """
    chosen = experiment.figure.model_copy(update={"y": "speedup_percent"})
    counts, saved = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1.1))
    draw_curves(counts, experiment, summary)
    draw_curves(saved, experiment.model_copy(update={"figure": chosen}), summary)
    counts.set_xlabel("")
    saved.set_ylabel("fewer than EM (%),\npaired")
    return [counts, saved]


def draw_curves(axes: Axes, experiment: Experiment, summary: Sequence[Row]) -> None:
    """A curve for each value of the settings that aren't on the horizontal axis."""
    chosen = experiment.figure
    curves = grouped(experiment, summary)
    one = len(curves) == 1
    number = 0
    for others, rows in curves:
        name = curve_name(experiment, others) if others else f"{experiment.noise.injection} noise"
        plain = all(row.sigma == 0 for row in rows) and len(curves) > 1
        _draw_curve(axes, experiment, rows, name, EM_LOOK if plain else look(number))
        number += not plain
    levels = {row.mean_iterations: row for row in summary if row.sigma == 0}
    if chosen.y != "mean_iterations":
        axes.axhline(0, color=BASELINE, linewidth=1.2, linestyle="--", zorder=1, label="EM")
    elif chosen.x == "sigma" and len(levels) == 1:
        (em,) = levels.values()
        axes.axhspan(em.ci_low, em.ci_high, color=BASELINE, alpha=0.15, linewidth=0, zorder=0)
        axes.axhline(
            em.mean_iterations, color=BASELINE, linewidth=1.2, linestyle="--", zorder=1,
            label=f"EM: {em.mean_iterations:.2f} M-steps",
        )  # fmt: skip
    if one and chosen.x == "sigma" and chosen.y == "mean_iterations":
        _mark_optimum(axes, summary)
    paper = published.optimum_of(experiment) if chosen.x == "sigma" and one else None
    if paper:
        axes.axvline(
            paper.sigma, color=PAPER, linewidth=1.2, linestyle=(0, (1, 1.5)), zorder=1,
            label=rf"the paper's optimum $\sigma^* = {paper.sigma:g}$",
        )  # fmt: skip
    _label(axes, experiment, summary)


def grouped(experiment: Experiment, summary: Sequence[Row]) -> list[tuple[tuple[tuple[str, Any], ...], list[Row]]]:
    """The curves: what sets each apart, and its levels from left to right.

    Where sigma isn't on the axis, plain EM is one curve whatever the noise's settings, and none where it is 0 by
    construction.
    """
    chosen = experiment.figure
    found: dict[str, tuple[tuple[tuple[str, Any], ...], list[Row]]] = {}
    for row in summary:
        plain = chosen.x != "sigma" and row.sigma == 0
        if plain and chosen.y != "mean_iterations":
            continue
        others = tuple(
            (path, value)
            for path, value in row.settings
            if path not in (chosen.x, chosen.panels) and not (plain and path.startswith("noise."))
        )
        rows = found.setdefault(repr(others), (others, []))[1]
        if not (plain and any(each[chosen.x] == row[chosen.x] for each in rows)):
            rows.append(row)
    for _, rows in found.values():
        where, numeric = axis.positions(chosen.x, [row[chosen.x] for row in rows])
        if numeric:
            rows[:] = [rows[i] for i in np.argsort(where, kind="stable")]
    return list(found.values())


def draw_estimates(
    axes: Axes, x: Sequence[float] | FloatArray, estimates: Sequence[Estimate], chosen: Look, name: str
) -> None:
    """A curve of numbers with their intervals."""
    axes.errorbar(
        x, [each.value for each in estimates], error_bars(estimates), color=chosen.colour, marker=chosen.marker,
        markersize=4.5, linewidth=1.3, capsize=2, linestyle=chosen.line, elinewidth=1, label=name,
    )  # fmt: skip


def error_bars(estimates: Sequence[Estimate]) -> FloatArray:
    """How far down and up the intervals reach, shape (2, estimates)."""
    return np.maximum([[each.value - each.low, each.high - each.value] for each in estimates], 0).T


def curve_name(experiment: Experiment, others: Sequence[tuple[str, Any]]) -> str:
    """What tells a curve from the others."""
    swept = dict(others)
    if swept.get("sigma") == 0.0:
        rest = describe.curve_name(tuple((path, value) for path, value in others if path != "sigma"))
        return f"EM, {rest}" if rest else "EM"
    names = []
    for path, value in others:
        if path == "sigma":
            names.append(rf"$\sigma_N = {value:g}$")
        elif path == "noise.injection":
            names.insert(0, str(value))
        elif path == "noise.screen":
            names.append("blind (no screen)" if value == "none" else str(value))
        else:
            names.append(describe.setting(path, value))
    return ", ".join(names)


def _draw_curve(axes: Axes, experiment: Experiment, rows: Sequence[Row], name: str, chosen_look: Look) -> None:
    chosen = experiment.figure
    where, _ = axis.positions(chosen.x, [row[chosen.x] for row in rows])
    points = [row.estimate(chosen.y, experiment.bootstrap.confidence) for row in rows]
    drawn = [(at, point, row) for at, point, row in zip(where, points, rows, strict=True) if point]
    if not drawn:
        return
    x, value = np.array([(at, point.value) for at, point, _ in drawn]).T
    draw_estimates(axes, x, [point for _, point, _ in drawn], chosen_look, name)
    if chosen.y != "mean_iterations":
        return
    bounds = [row.max_iterations > 0 and not row.asks_for_cap for _, _, row in drawn]
    if any(bounds):  # the cap cut some trials short
        medians = np.array([row.median_iterations for _, _, row in drawn])
        axes.plot(x[bounds], value[bounds], linestyle="none", marker="^", markersize=10, markerfacecolor="none",
                  color=chosen_look.colour, label="lower bound: trials at the cap")  # fmt: skip
        axes.plot(x[bounds], medians[bounds], linestyle="none", marker="_", markersize=12, color=chosen_look.colour,
                  label="median there")  # fmt: skip


def _mark_optimum(axes: Axes, summary: Sequence[Row]) -> None:
    best = fewest(summary)
    if best is None or best.sigma == 0:
        return
    speedup = "" if best.speedup_percent is None else f", {best.speedup_percent:.1f} % fewer"
    axes.plot(
        best.sigma, best.mean_iterations, marker="o", markersize=11, markerfacecolor="none", markeredgewidth=1.8,
        color=COLOURS[1], linestyle="none",
        label=rf"measured optimum $\sigma^* = {best.sigma:g}$: {best.mean_iterations:.2f} M-steps{speedup}",
    )  # fmt: skip


def _label(axes: Axes, experiment: Experiment, summary: Sequence[Row]) -> None:
    chosen = experiment.figure
    axes.set_xlabel(axis.label(chosen.x, axis.only_mode(summary)))
    axes.set_ylabel(axis.VALUES[chosen.y])
    axes.margins(x=0.02)
    values = list({axis.tick(chosen.x, row[chosen.x]): row[chosen.x] for row in summary}.values())
    where, numeric = axis.positions(chosen.x, values)
    if not numeric or chosen.x != "sigma":
        if chosen.log and numeric and min(where) > 0:
            axes.set_xscale("log")
            axes.xaxis.set_minor_locator(NullLocator())
        if len(values) <= 12:
            axes.set_xticks(where, [axis.tick(chosen.x, value) for value in values])
    elif chosen.log:
        axes.set_xscale("symlog", linthresh=min(x for x in where if x > 0) if max(where) > 0 else 1)
    if chosen.log_y and chosen.y == "mean_iterations":
        axes.set_yscale("log")
        low, high = axes.get_ylim()
        ticks = [b * 10.0**p for p in range(-1, 9) for b in (1, 2, 5) if low <= b * 10.0**p <= high]
        axes.yaxis.set_major_locator(FixedLocator(ticks))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
