"""A finished run: its folder, its experiment, and its results as Python and numpy have them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from nem_cli.errors import FolderError, RunError
from nem_cli.experiment import folder as files
from nem_cli.experiment.config import Experiment
from nem_cli.experiment.load import load
from nem_cli.statistics import arrays, tables
from nem_cli.statistics.summary import LevelSummary

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class Run:
    """A finished run.

    Parameters
    ----------
    folder : Path
    experiment : Experiment
    summary : list of LevelSummary
        A row a level.
    manifest : dict
        What it was made with.
    """

    folder: Path
    experiment: Experiment
    summary: list[LevelSummary]
    manifest: dict[str, Any]

    @classmethod
    def open(cls, folder: str | Path) -> Run:
        """A finished run from its folder.

        Raises
        ------
        FolderError
            If the folder holds no finished run.
        """
        folder = files.find_run(folder)
        experiment = load(folder / "config.yaml")
        try:
            summary = tables.read_summary(files.read_text(folder / "summary.csv"))
            manifest = json.loads(files.read_text(folder / "manifest.json"))
        except ValueError as error:
            raise FolderError(f"holds a file that can't be read: {error}", source=str(folder)) from error
        return cls(folder, experiment, summary, manifest)

    @cached_property
    def summary_array(self) -> NDArray[np.void]:
        """The summary as a structured array, shape (levels,), with the columns of ``summary.csv``.

        What can't be had is NaN. A swept setting that is a list stands there as JSON text.
        """
        return arrays.summary_array(self.summary)

    @cached_property
    def trials(self) -> NDArray[np.void]:
        """Every trial as a structured array with the columns of ``trials.csv``, which is read when first asked for.

        Raises
        ------
        FolderError
            If the folder has no ``trials.csv`` any more, or a damaged one.
        """
        path = self.folder / "trials.csv"
        try:
            with path.open(encoding="utf-8", newline="") as file:
                return arrays.trials_array(file)
        except OSError as error:
            raise FolderError(f"can't be read: {error.strerror}", source=str(path)) from None
        except ValueError as error:
            raise FolderError(f"holds no trials of a run: {error}", source=str(path)) from error

    def to_pandas(self, table: Literal["summary", "trials"] = "summary") -> pandas.DataFrame:
        """The summary, or the trials, as a pandas frame.

        Raises
        ------
        RunError
            If pandas isn't installed; nem itself doesn't need it.
        """
        try:
            import pandas
        except ImportError:
            raise RunError("to_pandas needs pandas, which isn't installed: pip install pandas") from None
        return pandas.DataFrame(self.trials if table == "trials" else self.summary_array)

    def time_ratio(self, row: LevelSummary) -> float | None:
        """A level's processor time a trial over that of plain EM with the same other settings."""
        seconds: list[float] = self.manifest.get("seconds_per_trial", [])
        at = {(each.sigma, repr(each.others)): index for index, each in enumerate(self.summary)}
        here, baseline = at[row.sigma, repr(row.others)], at[0.0, repr(row.others)]
        return seconds[here] / seconds[baseline] if len(seconds) > max(here, baseline) and seconds[baseline] else None

    def _repr_html_(self) -> str:
        """The levels as a table, for notebooks."""
        from nem_cli.drawing.html_table import run_html

        return run_html(self.experiment, self.summary)
