"""The studies: their runs, and their sections of the report from finished runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nem_cli.analysis.summary import LevelSummary
from nem_cli.experiment.config import Experiment
from nem_cli.experiment.journal import Journal
from nem_cli.experiment.load import load
from nem_cli.experiment.plan import levels
from nem_cli.experiment.runner import Workers
from nem_cli.report.section import Section
from nem_cli.report.studies import STUDIES, optimal_noise
from nem_cli.report.studies.study import Finished
from nem_cli.report.style import png, svg
from nem_cli.workflow import context
from nem_cli.workflow import folder as files
from nem_cli.workflow.search import search
from nem_cli.workflow.sweep import Progress, Run, sweep

NAMES = (*(study.name for study in STUDIES), optimal_noise.NAME)
"""The configs of the studies, in the order of the report."""

Shown = Callable[[str], AbstractContextManager[Progress | None]]
"""Opens a named progress display."""


def experiments(trials: int | None = None) -> list[Experiment]:
    """The experiments of the studies."""
    configs = files.shipped_configs()
    return [load(configs[name], trials=trials) for name in NAMES]


def studies(
    root: Path, *, trials: int | None, workers: Workers, progress: Shown, command: Sequence[str] = ()
) -> list[Section]:
    """Run every study, and write its figure and its answer; what is there already is used.

    Parameters
    ----------
    root : Path
        The folder that holds the runs' folders, and the page.
    trials : int, optional
        A level, instead of the configs'.
    workers : Workers
    progress : callable
        Opens a progress display of that title.
    command : sequence of str
        What the manifests say made the runs.
    """
    runs = []
    for experiment in experiments(trials):
        with progress(experiment.name) as report:
            runs.append(
                sweep(experiment, out=root / experiment.name, workers=workers, progress=report, command=command)
            )
    return sections(runs, root, workers=workers, progress=progress, command=command)


def sections(
    runs: Iterable[Run], page: Path, *, workers: Workers, progress: Shown, command: Sequence[str] = ()
) -> list[Section]:
    """The report's sections of those runs that are studies, in the report's order.

    A study that draws more than its run's own figure puts it beside that, as ``study.png`` and ``study.svg``.

    Parameters
    ----------
    runs : iterable of Run
        With their journals.
    page : Path
        The folder of the page.
    workers, progress, command
        For the search of ``optimal-noise``, which runs further trials.

    Raises
    ------
    FolderError
        If a run's journal is gone or damaged.
    """
    by_name = {run.experiment.name: run for run in runs}
    found = []
    for study in STUDIES:
        if study.name in by_name:
            run = by_name[study.name]
            figure, section = study.make(finished(run, page))
            if study.draws:
                files.write(run.folder / "study.png", png(figure))
                files.write(run.folder / "study.svg", svg(figure))
            found.append(section)
    if optimal_noise.NAME in by_name:
        run = by_name[optimal_noise.NAME]
        with progress("search for the best noise") as report:
            best = search(run, workers, report, command)
        found.append(optimal_noise.section(finished(run, page), best))
        with progress(context.NAME) as report:
            found.append(context.context(run.experiment, best, page, workers=workers, progress=report, command=command))
    return found


def finished(run: Run, page: Path) -> Finished:
    """A run as a study sees it; its trials are read from its journal."""
    plan = {repr(level.settings): level for level in levels(run.experiment)}

    def trials(row: LevelSummary) -> NDArray[np.void]:
        with Journal(run.folder / "trials.sqlite", read_only=True) as journal:
            return np.concatenate(list(journal.read(plan[repr(row.settings)], run.experiment.trials)))

    return Finished(run.experiment, run.summary, trials, Path(os.path.relpath(run.folder, page)).as_posix())
