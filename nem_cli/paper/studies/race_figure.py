"""The race's figure: a performance profile, and how the evaluations are distributed on each problem."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

from nem_cli.drawing.style import EM_LOOK, Look, look, style
from nem_cli.paper.studies.study import Prices, Runs

if TYPE_CHECKING:
    from nem_cli.paper.studies.race import Racer

METHODS = ("em", "squarem", "anderson", "quasi-newton", "over-relaxed", "annealed", "nem")
"""In the order of the legend; the last is NEM at its best level here."""
_COLUMNS = 3


def best_noise(racers: Sequence[Racer]) -> Racer | None:
    """Of one problem's racers, NEM at the level that gets to the best limit with the fewest expected evaluations."""
    noisy = [racer for racer in racers if racer.noisy and math.isfinite(racer.expected.value)]
    return min(noisy, key=lambda racer: racer.expected.value, default=None)


def ratios(racers: Sequence[Racer]) -> dict[str, list[float]]:
    """For each method of `METHODS`, its expected evaluations over the best method's, a problem each; infinite where it
    never gets to the best limit. E. D. Dolan and J. J. More (2002), Mathematical Programming 91, 201-213.
    """
    found: dict[str, list[float]] = {method: [] for method in METHODS}
    for group in by_problem(racers).values():
        entered = {racer.method: racer.expected.value for racer in group if racer.method in METHODS}
        if any(racer.noisy for racer in group):
            noise = best_noise(group)
            entered["nem"] = noise.expected.value if noise else math.nan
        least = min((expected for expected in entered.values() if math.isfinite(expected)), default=math.nan)
        for method, expected in entered.items():
            found[method].append(expected / least if math.isfinite(expected) else math.inf)
    return found


def by_problem(racers: Sequence[Racer]) -> dict[str, list[Racer]]:
    """The racers of each problem, in their order."""
    return {problem: list(group) for problem, group in itertools.groupby(racers, key=lambda racer: racer.problem)}


def figure(runs: Runs, racers: Sequence[Racer], price: Prices) -> Figure:
    """The profile above, a panel a problem below."""
    groups = by_problem(racers)
    rows = -(-len(groups) // _COLUMNS)
    with style():
        drawn = Figure(figsize=(11, 3.6 + 2.3 * rows), layout="constrained")
        grid = drawn.add_gridspec(rows + 1, _COLUMNS, height_ratios=[1.5, *[1] * rows])
        _profile(drawn.add_subplot(grid[0, :]), racers)
        for number, (problem, group) in enumerate(groups.items()):
            axes = drawn.add_subplot(grid[1 + number // _COLUMNS, number % _COLUMNS])
            _distributions(axes, problem, group)
        drawn.supxlabel(
            "evaluations until within 0.01 of the best limit; beside the method, the share that gets there", fontsize=9
        )
    return drawn


def _look(method: str) -> Look:
    return EM_LOOK if method == "em" else look(METHODS.index(method) - 1)


def _profile(axes: Axes, racers: Sequence[Racer]) -> None:
    found = ratios(racers)
    far = 2 * max([1.0, *(ratio for each in found.values() for ratio in each if math.isfinite(ratio))])
    for method, each in found.items():
        if each:
            steps = np.sort([ratio for ratio in each if math.isfinite(ratio)])
            share = np.arange(1, steps.size + 1) / len(each)
            x, y = np.concatenate([[1], steps, [far]]), np.concatenate([[0], share, share[-1:]])
            name = "NEM at its best level" if method == "nem" else method
            chosen = _look(method)
            axes.step(x, y, where="post", color=chosen.colour, linestyle=chosen.line, label=f"{name} ({len(each)})")
    axes.set_xscale("log")
    _ticks(axes, (1, 2, 5))
    axes.set_xlim(1, far)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("expected evaluations to within 0.01 of the best limit, over the best method's")
    axes.set_ylabel("share of problems")
    axes.legend(title="method (problems)", loc="center left", bbox_to_anchor=(1.01, 0.5))


def _ticks(axes: Axes, subs: tuple[int, ...]) -> None:
    axes.xaxis.set_major_locator(LogLocator(subs=subs))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    axes.xaxis.set_minor_locator(NullLocator())


def _distributions(axes: Axes, problem: str, racers: Sequence[Racer]) -> None:
    """Quantiles of the evaluations: a line from .1 to .9, a bar from .25 to .75, a point for the median."""
    names = []
    axes.set_xscale("log")  # before there are limits: without any point they are sound
    known = [value for racer in racers for value in (racer.reached_10, racer.reached_50, racer.reached_90)]
    far = 2 * np.nanmax([1.0, *known])  # a quantile that isn't reached lies beyond
    for place, racer in enumerate(racers):
        chosen = _look("nem" if racer.noisy else racer.method)
        for low, high, width in ((racer.reached_10, racer.reached_90, 1.2), (racer.reached_25, racer.reached_75, 4)):
            if math.isfinite(low):
                axes.plot(
                    [low, high if math.isfinite(high) else far],
                    [place, place],
                    color=chosen.colour,
                    linewidth=width,
                    solid_capstyle="butt",
                )
        axes.plot(racer.reached_50, place, marker="|", markersize=9, color=chosen.colour, markeredgewidth=2)
        names.append(f"{racer.method} {racer.reached:.0%}")
    near, far = axes.get_xlim()
    _ticks(axes, (1, 2, 5) if far < 20 * max(near, 1) else (1,))  # in a small panel
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="x", labelsize=7)
    axes.set_title(problem, fontsize=9)
