"""The studies: their runs, and their sections of the report from finished runs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from nem_cli.drawing.style import png
from nem_cli.experiment import folder as files
from nem_cli.experiment.runner import Workers
from nem_cli.paper import context
from nem_cli.paper.search import search
from nem_cli.paper.section import Section
from nem_cli.paper.studies import STUDIES, optimal_noise
from nem_cli.paper.studies.study import Finished
from nem_cli.statistics.run import Run
from nem_cli.sweep.sweep import Shown

NAMES = (*(study.name for study in STUDIES), optimal_noise.NAME)
"""The configs of the studies, in the order of the report."""


def sections(
    runs: Iterable[Run],
    page: Path,
    *,
    workers: Workers,
    progress: Shown,
    fresh: bool = False,
    command: Sequence[str] = (),
) -> list[Section]:
    """The report's sections of those runs that are studies, in the report's order.

    A study that draws more than its run's own figure puts it beside that, as ``study.png`` and ``study.svg``.

    Parameters
    ----------
    runs : iterable of Run
        With their journals.
    page : Path
        The folder of the page.
    workers, progress, fresh, command
        For what runs further trials, as of `sweep`: the search of ``optimal-noise``, and the context table.

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
                files.write(run.folder / "study.svg", section.pictures[0].svg)
                files.write(run.folder / "study.png", png(figure))
            found.append(section)
    if optimal_noise.NAME in by_name:
        run = by_name[optimal_noise.NAME]
        with progress("search for the best noise") as report:
            best = search(run, workers=workers, progress=report, fresh=fresh, command=command)
        found.append(optimal_noise.section(finished(run, page), best))
        with progress(context.NAME) as report:
            found.append(
                context.context(
                    run.experiment, best, page, workers=workers, progress=report, fresh=fresh, command=command
                )
            )
    return found


def finished(run: Run, page: Path) -> Finished:
    """A run as a study sees it; its trials are read from its journal."""
    return Finished(run.experiment, run.rows, run.trials, Path(os.path.relpath(run.folder, page)).as_posix())
