"""The studies: which configs they are, and their sections of the report from finished runs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nem_cli.analysis.summary import LevelSummary
from nem_cli.experiment.journal import Journal
from nem_cli.experiment.plan import levels
from nem_cli.report.section import Section
from nem_cli.report.studies import STUDIES
from nem_cli.report.studies.study import Finished
from nem_cli.workflow.sweep import Run


def finished(run: Run, page: Path) -> Finished:
    """A run as a study sees it; its trials are read from its journal.

    Parameters
    ----------
    run : Run
    page : Path
        The folder of the page that links to the run's files.
    """
    plan = {repr(level.settings): level for level in levels(run.experiment)}

    def trials(row: LevelSummary) -> NDArray[np.void]:
        with Journal(run.folder / "trials.sqlite", read_only=True) as journal:
            return np.concatenate(list(journal.read(plan[repr(row.settings)], run.experiment.trials)))

    return Finished(run.experiment, run.summary, trials, os.path.relpath(run.folder, page))


def sections(runs: Iterable[Run], page: Path) -> list[Section]:
    """The report's sections of those runs that are studies, in the report's order.

    Parameters
    ----------
    runs : iterable of Run
        With their journals.
    page : Path
        The folder of the page.

    Raises
    ------
    FolderError
        If a run's journal is gone or damaged.
    """
    by_name = {run.experiment.name: run for run in runs}
    return [study.section(finished(by_name[study.name], page)) for study in STUDIES if study.name in by_name]
