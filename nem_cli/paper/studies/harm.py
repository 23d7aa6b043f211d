"""When does noise harm? Start variances from far below to far above the true ones, three systems, and blind noise."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.figure import Figure

from nem_cli.drawing.heatmap import draw_heatmap
from nem_cli.drawing.style import style
from nem_cli.em.arrays import FloatArray
from nem_cli.paper.equal_accuracy import best_limit
from nem_cli.paper.studies.study import Prices, Runs, Study, Work, known
from nem_cli.statistics.estimate import UNKNOWN, Estimate, mean_estimate
from nem_cli.statistics.first_passage import Passage, within_for_good
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
TRACED = {"planar-starts": "equal-accuracy-planar", "chain-starts": "equal-accuracy-chain"}
"""The configs that are traced, and those that have the best fits of the same data."""
NEAR = 0.1
"""Nats from the best fit."""


@dataclass(frozen=True)
class Cell:
    """A noise level from one start.

    Parameters
    ----------
    system, screen, mode : str
        As in `CONFIGS`, and the injection.
    side : str
        Where the start's variances lie from the true ones: below, at, above.
    start_variance, sigma : float
        The start's mean variance.
    saved : Estimate
        Per cent fewer M-steps to the stop rule than EM from the same start.
    sooner : Estimate
        M-steps fewer than EM until within `NEAR` of the best fit, restricted at the trace's horizon; NaN where nothing
        is traced.
    restricted : float
        The share of the trials, with noise or without, that aren't so near at the horizon; NaN as above.
    """

    system: str
    screen: str
    mode: str
    side: str
    start_variance: float
    sigma: float
    saved: Estimate
    sooner: Estimate
    restricted: float

    @property
    def group(self) -> tuple[str, ...]:
        """What the page counts together."""
        return self.system, self.screen, self.mode, self.side

    @property
    def traced(self) -> bool:
        """Whether `sooner` was measured."""
        return not math.isnan(self.sooner.value)


def measure(runs: Runs, work: Work) -> list[Cell]:
    return [cell for config in CONFIGS for cell in _cells(config, runs)]


def _cells(config: str, runs: Runs) -> Iterator[Cell]:
    run, (system, screen) = runs[config], CONFIGS[config]
    truth = np.ravel(run.experiment.system.values()["variances"])
    limit = None
    if config in TRACED:
        best = runs[TRACED[config]]
        limit = best_limit([best.traces(row)["limit"] for row in best.rows])
    for mode, rows in _modes(run):
        for row in rows:
            if row.sigma:
                start = _start_variance(row)
                side = "below" if start < truth.min() else "above" if start > truth.max() else "at"
                sooner, restricted = UNKNOWN, math.nan
                if limit is not None:
                    em, noisy = (_passage(run, each, limit) for each in (run.em(row), row))
                    sooner, restricted = mean_estimate(em.steps - noisy.steps), max(em.restricted, noisy.restricted)
                saved = known(run, row, "speedup_percent")
                yield Cell(system, screen, mode, side, start, row.sigma, saved, sooner, restricted)


def _start_variance(row: Row) -> float:
    return float(np.mean(row["start.variances"]))


def _passage(run: Run, row: Row, limit: FloatArray) -> Passage:
    return within_for_good(limit[:, None] - run.traces(row)["log_likelihoods"], NEAR)


def _modes(run: Run) -> list[tuple[str, list[Row]]]:
    """The rows of each injection, also where that isn't swept."""
    swept = "noise.injection" if "noise.injection" in run.experiment.swept else None
    return [(mode or run.experiment.noise.injection, rows) for mode, rows in split(swept, run.rows)]


def figure(runs: Runs, cells: Sequence[Cell], price: Prices) -> Figure:
    """Maps of start variance against noise level, screened: at the stop rule, and below at equal accuracy."""
    maps = [
        (config, mode, rows)
        for config, (_, screen) in CONFIGS.items()
        if screen == "screened"
        for mode, rows in _modes(runs[config])
    ]
    with style():
        drawn = Figure(figsize=(10, 12), layout="constrained")
        grid = drawn.subplots(3, 2)
        panels = iter(grid.ravel())
        for config, mode, rows in maps:
            axes, experiment = next(panels), runs[config].experiment
            draw_heatmap(axes, experiment, rows, colourbar=False)
            axes.set_title(f"{CONFIGS[config][0]}, {mode}: % fewer M-steps", loc="left", fontsize=10)
        for config in TRACED:
            axes, run, system = next(panels), runs[config], CONFIGS[config][0]
            sooner = {(each.start_variance, each.sigma): each.sooner for each in cells if each.system == system}
            draw_heatmap(axes, run.experiment, run.rows, colourbar=False, other=partial(_of, sooner))
            axes.set_title(f"{system}: M-steps sooner within {NEAR:g} nats", loc="left", fontsize=10)
        for axes in grid[:, 1]:
            axes.set_ylabel("")  # as to its left
    return drawn


def _of(sooner: Mapping[tuple[float, float], Estimate], row: Row) -> Estimate:
    return sooner[_start_variance(row), row.sigma]


STUDY = Study((*CONFIGS, *TRACED.values()), Cell, measure, figure)
