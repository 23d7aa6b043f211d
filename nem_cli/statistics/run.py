"""A finished run: its folder, its experiment, its levels, and what is asked of its trials."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from nem_cli.errors import FolderError, RunError
from nem_cli.experiment import describe
from nem_cli.experiment import folder as files
from nem_cli.experiment.config import Experiment
from nem_cli.experiment.journal import Journal
from nem_cli.experiment.load import load
from nem_cli.experiment.plan import Level
from nem_cli.experiment.plan import levels as resolved
from nem_cli.statistics import tables
from nem_cli.statistics.estimate import Estimate, mean_estimate
from nem_cli.statistics.optimum import best_level
from nem_cli.statistics.summary import Row, fewest, summarise
from nem_cli.statistics.table import Column, Table

if TYPE_CHECKING:
    import pandas


class Run:
    """A finished run.

    Parameters
    ----------
    folder : Path
    experiment : Experiment
    levels : sequence of Level, optional
        The experiment's by default.
    rows : sequence of Row, optional
        Its summary, a row a level; made from the journal when first asked for by default.
    manifest : dict, optional
        What it was made with.
    timing : dict, optional
        When, where and how fast; empty where it isn't known, as in a clone.
    """

    def __init__(
        self,
        folder: Path,
        experiment: Experiment,
        *,
        levels: Sequence[Level] | None = None,
        rows: Sequence[Row] | None = None,
        manifest: Mapping[str, Any] | None = None,
        timing: Mapping[str, Any] | None = None,
    ) -> None:
        self.folder = folder
        self.experiment = experiment
        self.levels = tuple(resolved(experiment) if levels is None else levels)
        self.manifest = dict(manifest or {})
        self.timing = dict(timing or {})
        if rows is not None:
            self.rows = tuple(rows)

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
        levels = resolved(experiment)
        try:
            rows = tables.read_summary(files.read_text(folder / "summary.csv"), levels)
            manifest = files.read_json(folder / "manifest.json")
            timing = files.read_json(folder / "timing.json") if (folder / "timing.json").exists() else None
        except ValueError as error:
            raise FolderError(f"holds a file that can't be read: {error}", source=str(folder)) from error
        return cls(folder, experiment, levels=levels, rows=rows, manifest=manifest, timing=timing)

    def __repr__(self) -> str:
        return f"<Run {self.name}: {len(self.levels)} levels of {self.experiment.trials:,} trials in {self.folder}>"

    @property
    def name(self) -> str:
        """The experiment's."""
        return self.experiment.name

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """A row a level, in the order of `levels`."""
        with self._journal() as journal:
            return summarise(self.experiment, self.levels, journal)

    @cached_property
    def summary(self) -> NDArray[np.void]:
        """The rows as a structured array, shape (levels,), with the columns of ``summary.csv``.

        What can't be had is NaN. A swept setting that is a list stands there as JSON text.
        """
        return tables.summary_array(self.rows)

    def where(self, settings: Mapping[str, Any] | None = None, /, **named: Any) -> list[Row]:
        """The rows with these swept settings, by dotted path: ``run.where({"noise.decay": 2}, sigma=1.9)``.

        Raises
        ------
        KeyError
            If a setting isn't swept.
        """
        wanted = {**(settings or {}), **named}
        return [row for row in self.rows if all(_same(row[path], value) for path, value in wanted.items())]

    def values(self, path: str) -> list[Any]:
        """The values of a swept setting, each once, in the order of the sweep."""
        return list({repr(row[path]): row[path] for row in self.rows}.values())

    def em(self, row: Row) -> Row:
        """Plain EM on the same data: the row with sigma 0 and the same other settings."""
        return next(each for each in self.rows if each.sigma == 0 and each.others == row.others)

    def best(self, settings: Mapping[str, Any] | None = None, /, *, trials: slice | None = None, **named: Any) -> Row:
        """The row above sigma 0 with the fewest M-steps; of several, the one with least noise.

        Parameters
        ----------
        settings, **named
            As of `where`: among these rows.
        trials : slice, optional
            Judged by these trials alone, so that the level can be measured on the others; see `halves`.
        """
        rows = [row for row in self.where(settings, **named) if row.sigma > 0 and not row.asks_for_cap]
        if not rows:
            raise ValueError("there is no level above sigma 0 with a stop rule among these")
        means = [row.mean_iterations if trials is None else self.counts(row)[trials].mean() for row in rows]
        return rows[int(best_level(np.array(means), [row.sigma for row in rows]))]

    @property
    def halves(self) -> tuple[slice, slice]:
        """The trials that a level is chosen on, and those that it is measured on: no winner's curse."""
        middle, end = self.experiment.trials // 2, self.experiment.trials
        return slice(0, middle), slice(middle, end)

    def trials(self, level: Row | Level) -> NDArray[np.void]:
        """A level's trials, shape (trials,) and dtype `nem_cli.experiment.block.trial_dtype`.

        Trial t is the same data set at every level with the same settings but for noise and stop rule.

        Raises
        ------
        FolderError
            If the run's journal is gone or damaged.
        """
        with self._journal() as journal:
            return np.concatenate(list(journal.read(_level(level), self.experiment.trials)))

    def counts(self, level: Row | Level) -> NDArray[np.int64]:
        """M-steps of a level's trials, shape (trials,)."""
        return self.trials(level)["iterations"].astype(np.int64)

    def traces(self, level: Row | Level) -> NDArray[np.void]:
        """What was recorded of every step of a level's trials.

        Shape (trials,), dtype `nem_cli.experiment.block.trace_dtype`.

        Raises
        ------
        FolderError
            If the run recorded no traces, or its journal is gone or damaged.
        """
        with self._journal() as journal:
            return np.concatenate(list(journal.traces(_level(level), self.experiment.trials)))

    def difference(self, row: Row, other: Row | None = None, trials: slice = slice(None)) -> Estimate:
        """The mean of paired differences in M-steps, row minus other (plain EM by default), with Student's interval."""
        return mean_estimate((self.counts(row) - self.counts(other or self.em(row)))[trials])

    def estimate(self, row: Row, column: str) -> Estimate | None:
        """As `Row.estimate`, with the experiment's confidence."""
        return row.estimate(column, self.experiment.bootstrap.confidence)

    def time_ratio(self, row: Row) -> float | None:
        """A level's processor time a trial over that of plain EM; None where it isn't known."""
        seconds = self.timing.get("seconds_per_trial")
        if not isinstance(seconds, list) or [type(each) for each in seconds] != [float] * len(self.rows):
            return None
        here, em = (seconds[self.rows.index(each)] for each in (row, self.em(row)))
        return here / em if em else None

    @cached_property
    def all_trials(self) -> NDArray[np.void]:
        """Every trial as a structured array with the columns of ``trials.csv``.

        Raises
        ------
        FolderError
            If the run's journal is gone or damaged.
        """
        return tables.trials_array(self.levels, (self.trials(level) for level in self.levels))

    def to_pandas(self, table: Literal["summary", "trials"] = "summary") -> pandas.DataFrame:
        """The summary, or every trial, as a pandas frame.

        Raises
        ------
        RunError
            If pandas isn't installed; nem itself doesn't need it.
        """
        try:
            import pandas
        except ImportError:
            raise RunError("to_pandas needs pandas, which isn't installed: pip install pandas") from None
        return pandas.DataFrame(self.all_trials if table == "trials" else self.summary)

    def table(
        self, rows: Sequence[Row] | None = None, paths: Sequence[str] | None = None, *, time: bool = True
    ) -> Table:
        """Rows as a table for readers, the one with the fewest M-steps of all in bold.

        Parameters
        ----------
        rows : sequence of Row, optional
            All by default.
        paths : sequence of str, optional
            The swept settings that have a column; all by default.
        time : bool
            With the processor time over EM's.
        """
        rows = self.rows if rows is None else rows
        paths = [path for path, _ in self.levels[0].settings] if paths is None else paths
        confidence, best = f"{100 * self.experiment.bootstrap.confidence:g} % CI", fewest(self.rows)
        columns = [
            *(Column(path.split(".")[-1], "s", path) for path in paths),
            Column("M-steps", ".2f", "mean_iterations"),
            Column(confidence, ".2f", "ci"),
            Column("fewer %", ".1f", "speedup_percent"),
            Column(confidence, ".1f", "speedup_ci"),
            Column("gap", ".3f", "log_likelihood_gap"),
            *([Column("time", ".2f", "time_ratio")] if time else []),
        ]
        body = [
            (*(describe.shown(row[path]) for path in paths), row.mean_iterations, (row.ci_low, row.ci_high),
             row.speedup_percent, (row.speedup_ci_low, row.speedup_ci_high), row.log_likelihood_gap,
             *([self.time_ratio(row)] if time else []))
            for row in rows
        ]  # fmt: skip
        caption = "\n".join([self.experiment.title or self.name, *describe.protocol(self.experiment)])
        return Table(columns, body, caption, frozenset(i for i, row in enumerate(rows) if row is best))

    def _repr_html_(self) -> str:
        """The levels as a table, for notebooks."""
        return self.table().html()

    def _journal(self) -> Journal:
        return Journal(self.folder / files.JOURNAL)


def _level(level: Row | Level) -> Level:
    return level.level if isinstance(level, Row) else level


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, int | float):
        return math.isclose(one, other)
    return bool(one == (list(other) if isinstance(other, tuple) else other))
