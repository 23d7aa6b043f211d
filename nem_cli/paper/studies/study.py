"""What a study is: numbers that are measured once and kept as csv, a figure of them, and a template that tells them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nem_cli.em.arrays import FloatArray
from nem_cli.experiment.config import Experiment
from nem_cli.experiment.plan import BOOTSTRAP, stream
from nem_cli.experiment.runner import Workers
from nem_cli.statistics.bootstrap import RESAMPLES, jointly_resampled_means, percentile_interval
from nem_cli.statistics.estimate import UNKNOWN, Estimate, Sign
from nem_cli.statistics.run import Run
from nem_cli.statistics.summary import Row
from nem_cli.sweep.figure import run_figure
from nem_cli.sweep.sweep import Progress, collect

SCREENED = "every-component"
"""The paper's screen."""

Runs = Mapping[str, Run]
"""Finished runs by the names of their configs."""
Prices = Mapping[str, float]
"""What an evaluation of EM's map costs over plain EM's, in processor time, by method or mode; NaN if not measured."""


@dataclass(frozen=True)
class Work:
    """What a study may have done that isn't in its runs yet.

    Parameters
    ----------
    progress : callable, optional
        Told of the blocks done and of all.
    """

    workers: Workers
    progress: Progress | None = None

    def collect(self, folder: Path, experiment: Experiment) -> Run:
        """Run trials of an experiment into a folder's journal; those that are there already cost nothing."""
        return collect(folder, experiment, workers=self.workers, progress=self.progress)


@dataclass(frozen=True)
class Study:
    """One study: subclass nothing, write a file with its parts and list it in `nem_cli.paper.studies.STUDIES`.

    Parameters
    ----------
    configs : tuple of str
        The shipped configs that it runs.
    record : type
        A dataclass whose fields `nem_cli.paper.records` can write: a row of the study's csv.
    measure : callable
        From the runs, with their trials, to records; the second argument does what isn't in them.
    figure : callable, optional
        From the runs' summaries, the records and the prices to a figure; needs no trials. The first config's own
        figure by default.
    file : str
        The csv of the records, in the study's folder.
    named, title : str
        Its name, that of its folder and its template, and its title; the first config's by default.
    """

    configs: tuple[str, ...]
    record: type
    measure: Callable[[Runs, Work], Sequence[Any]]
    figure: Callable[[Runs, Sequence[Any], Prices], Figure] | None = None
    file: str = "study.csv"
    named: str = ""
    title: str = ""

    @property
    def name(self) -> str:
        """Of the study, its folder and its template."""
        return self.named or self.configs[0]

    def draw(self, runs: Runs, records: Sequence[Any], price: Prices) -> Figure:
        """Its figure."""
        if self.figure:
            return self.figure(runs, records, price)
        run = runs[self.configs[0]]
        return run_figure(run.experiment, run.rows)


def known(run: Run, row: Row, column: str) -> Estimate:
    """A row's estimate as of `Run.estimate`, NaN where there is none."""
    return run.estimate(row, column) or UNKNOWN


def signs(run: Run, rows: Iterable[Row]) -> Counter[Sign]:
    """How many of some rows save M-steps, or take more than EM; where intervals hold 0, or there are none, unclear."""
    return Counter(known(run, row, "speedup_percent").sign for row in rows)


def of_means(
    columns: Sequence[NDArray[np.integer]], function: Callable[[FloatArray], FloatArray], seed: int
) -> Estimate:
    """A function of the means of paired columns, with its percentile bootstrap interval.

    Parameters
    ----------
    columns : sequence of ndarray of int, shape (trials,)
        On the same data.
    function : callable
        From means of shape (columns, ...) to numbers of shape (...).
    seed : int
        Of the bootstrap.
    """
    counts = np.column_stack(columns)
    with np.errstate(divide="ignore", invalid="ignore"):
        replicates = function(jointly_resampled_means(counts, RESAMPLES, stream(seed, BOOTSTRAP)).T)
        value = function(counts.mean(axis=0))
    low, high = percentile_interval(replicates, 0.95)
    return Estimate(float(value), float(low), float(high))


def speedup(run: Run, row: Row, trials: slice, than: Row | None = None) -> Estimate:
    """Per cent fewer M-steps than another row, plain EM's by default, over some of the trials."""
    counts = [run.counts(each)[trials] for each in (than or run.em(row), row)]
    return of_means(counts, lambda means: 100 * (1 - means[1] / means[0]), run.experiment.seed)


def less(a: Estimate, b: Estimate) -> Estimate:
    """a - b with the interval that theirs give where the two are independent (Zou and Donner 2008, MOVER).

    It is too wide where the two are of the same trials.
    """
    value = a.value - b.value
    return Estimate(
        value,
        value - float(np.hypot(a.value - a.low, b.high - b.value)),
        value + float(np.hypot(a.high - a.value, b.value - b.low)),
    )


def at_edge(value: float, grid: Sequence[float]) -> bool:
    """Whether the best value of a grid lies at its end, so that a better one may lie beyond."""
    return value in (min(grid), max(grid))
