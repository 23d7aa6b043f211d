"""What a study must provide: a figure, and an answer computed from the numbers at hand."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nem_cli.drawing.style import svg
from nem_cli.experiment.config import Experiment
from nem_cli.paper.section import Link, Picture, Section, Table
from nem_cli.statistics.summary import ENOUGH, Row
from nem_cli.sweep.figure import run_figure

FILES = ("config.yaml", "summary.csv")


@dataclass(frozen=True)
class Finished:
    """A finished run, as a study sees it.

    Parameters
    ----------
    experiment : Experiment
    summary : sequence of Row
        In the order of the levels.
    trials : callable
        A row's trials, a structured array of shape (trials,) and dtype `nem_cli.experiment.block.trial_dtype`. Row t is
        the same data set at every level with the same mixture and sample size.
    address : str
        The run's folder, relative to the page.
    """

    experiment: Experiment
    summary: Sequence[Row]
    trials: Callable[[Row], NDArray[np.void]]
    address: str

    def iterations(self, row: Row) -> NDArray[np.int64]:
        """M-steps of a row's trials."""
        return self.trials(row)["iterations"].astype(np.int64)

    def modes(self) -> list[str]:
        """The injections that were swept, in their order."""
        return [str(value) for value in values(self.summary, "noise.injection")]


class Study(ABC):
    """One study. Subclass it in a file of its own and list it in `nem_cli.paper.studies.STUDIES`."""

    name: ClassVar[str]
    """Of its config."""
    alt: ClassVar[str]
    """What its figure shows, for those who can't see it."""

    @abstractmethod
    def answer(self, run: Finished) -> tuple[str, ...]:
        """The measured answer in paragraphs of plain text; true whatever the numbers are."""

    def figure(self, run: Finished) -> Figure:
        """The run's own figure, unless a study draws another."""
        return run_figure(run.experiment, run.summary)

    def tables(self, run: Finished) -> tuple[Table, ...]:
        """Tables that belong to the answer."""
        return ()

    @property
    def draws(self) -> bool:
        """Whether the study draws another figure than its run's."""
        return type(self).figure is not Study.figure

    def make(self, run: Finished) -> tuple[Figure, Section]:
        """The study's figure, and its part of the report."""
        figure = self.figure(run)
        drawn = "study.png" if self.draws else "figure.png"
        return figure, section(run, figure, self.alt, self.answer(run), self.tables(run), drawn)


def section(
    run: Finished,
    figure: Figure,
    alt: str,
    paragraphs: tuple[str, ...],
    tables: tuple[Table, ...] = (),
    drawn: str = "figure.png",
) -> Section:
    """A part of the report with links to the run's files; it says so where the trials are too few."""
    trials, confidence = run.experiment.trials, 100 * run.experiment.bootstrap.confidence
    brackets = "Brackets hold 95 % intervals."
    if confidence != 95:
        brackets = f"Brackets hold intervals, {confidence:g} % where they stand in summary.csv, else 95 %."
    *others, last = paragraphs
    paragraphs = (*others, f"{last} {brackets}")
    few = f"With {trials} trials a level the intervals mean little, and so do the sentences below."
    return Section(
        title=run.experiment.title or run.experiment.name,
        paragraphs=(few, *paragraphs) if trials < ENOUGH else paragraphs,
        pictures=(Picture(svg(figure), alt),),
        tables=tables,
        links=tuple(Link(f"{run.experiment.name}: {name}", f"{run.address}/{name}") for name in (*FILES, drawn)),
    )


def where(rows: Sequence[Row], settings: Mapping[str, Any]) -> list[Row]:
    """The rows with those swept settings."""
    return [row for row in rows if all(dict(row.settings)[path] == value for path, value in settings.items())]


def noisy(rows: Sequence[Row]) -> list[Row]:
    """The rows that aren't plain EM."""
    return [row for row in rows if row.sigma > 0]


def values(rows: Sequence[Row], path: str) -> list[Any]:
    """The values of a swept setting, each once, in their order."""
    found: list[Any] = []
    for row in rows:
        value = dict(row.settings)[path]
        if value not in found:
            found.append(value)
    return found


def fewest(rows: Sequence[Row]) -> Row:
    """The row with the smallest mean count; of several, the one with least noise."""
    return min(rows, key=lambda row: (row.mean_iterations, row.sigma))
