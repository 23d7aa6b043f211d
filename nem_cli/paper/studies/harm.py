"""When does noise harm? Start variances from far below to far above the true ones, three systems, and blind noise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from nem_cli.drawing.heatmap import draw_heatmap
from nem_cli.drawing.style import style
from nem_cli.experiment.plan import swept_paths
from nem_cli.paper.studies.study import Prices, Runs, Study, Work
from nem_cli.statistics.estimate import Estimate, Sign
from nem_cli.statistics.run import Run
from nem_cli.statistics.summary import Row
from nem_cli.sweep.figure import split

CONFIGS = {
    "harm": ("one dimension", "screened"),
    "harm-blind": ("one dimension", "blind"),
    "planar-starts": ("two dimensions", "screened"),
    "chain-starts": ("hidden Markov chain", "screened"),
}
"""Each config's system and screen."""


@dataclass(frozen=True)
class Side:
    """Starts on one side of the true variances.

    Parameters
    ----------
    system, screen : str
        As in `CONFIGS`.
    side : str
        below, at, above.
    levels, slower, faster : int
        Cells of the grid with noise, and those whose interval says slower or faster than EM.
    worst, best : float
        Per cent fewer M-steps than EM, the least and the most.
    """

    system: str
    screen: str
    mode: str
    side: str
    levels: int
    slower: int
    faster: int
    worst: float
    best: float


def measure(runs: Runs, work: Work) -> list[Side]:
    return [side for config, of in CONFIGS.items() for side in _sides(runs[config], *of)]


def _sides(run: Run, system: str, screen: str) -> Iterator[Side]:
    truth = np.ravel(run.experiment.system.values()["variances"])
    for mode, rows in _modes(run):
        groups: dict[str, list[Estimate]] = {"below": [], "at": [], "above": []}
        for row in rows:
            saved = run.estimate(row, "speedup_percent")
            start = np.mean(row["start.variances"])
            if row.sigma and saved:
                groups["below" if start < truth.min() else "above" if start > truth.max() else "at"].append(saved)
        for side, group in groups.items():
            if group:
                signs, values = [each.sign for each in group], [each.value for each in group]
                slower, faster = signs.count(Sign.BELOW), signs.count(Sign.ABOVE)
                yield Side(system, screen, mode, side, len(values), slower, faster, min(values), max(values))


def _modes(run: Run) -> list[tuple[str, list[Row]]]:
    """The rows of each injection, also where that isn't swept."""
    swept = "noise.injection" if "noise.injection" in swept_paths(run.experiment) else None
    return [(mode or run.experiment.noise.injection, rows) for mode, rows in split(swept, run.rows)]


def figure(runs: Runs, sides: Sequence[Side], price: Prices) -> Figure:
    """Maps of start variance against noise level, screened."""
    maps = [
        (f"{system}, {mode} noise", runs[name].experiment, rows)
        for name, (system, screen) in CONFIGS.items()
        if screen == "screened"
        for mode, rows in _modes(runs[name])
    ]
    with style():
        drawn = Figure(figsize=(10, 8.4), layout="constrained")
        for axes, (name, experiment, rows) in zip(drawn.subplots(2, 2).ravel(), maps, strict=True):
            draw_heatmap(axes, experiment, rows, colourbar=False)
            axes.set_title(name, loc="left", fontsize=10)
    return drawn


STUDY = Study(tuple(CONFIGS), Side, measure, figure)
