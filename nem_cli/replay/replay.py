"""`nem replay`: one trial of a run again, iterate by iterate."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nem_cli.em import algorithm
from nem_cli.em.status import Status
from nem_cli.errors import ConfigError, FolderError
from nem_cli.experiment import folder as files
from nem_cli.experiment.block import data_and_starts, problem, steps, trial_columns, trial_table
from nem_cli.experiment.config import Experiment
from nem_cli.experiment.describe import shown
from nem_cli.experiment.paths import assignments
from nem_cli.experiment.plan import Level
from nem_cli.experiment.values import as_tuple
from nem_cli.statistics import tables
from nem_cli.statistics.run import Run
from nem_cli.statistics.summary import Row
from nem_cli.statistics.table import Cell, Column, Table

_CSV = "trials.csv"


@dataclass(frozen=True)
class Iterate:
    """theta_k of one trial.

    Parameters
    ----------
    k : int
        M-steps done; 0 is the start.
    noise_scale : float or None
        Standard deviation of the noise that this M-step used; None at the start.
    injected : float or None
        Share of the samples with noise other than the neutral one.
    log_likelihood : float
        Of the clean data.
    parameters : dict of str to nested tuple of float
        By name, such as means.
    """

    k: int
    noise_scale: float | None
    injected: float | None
    log_likelihood: float
    parameters: dict[str, Any]


@dataclass(frozen=True, repr=False)
class Replay:
    """One trial, run again.

    Parameters
    ----------
    status : Status
        How it ended now.
    checked_with : str
        The file that holds the run's own ending; empty where there is none.
    differences : tuple of str
        What doesn't end as recorded; empty where all does, or nothing is recorded.
    """

    experiment: Experiment
    level: Level
    trial: int
    iterates: tuple[Iterate, ...]
    status: Status
    checked_with: str
    differences: tuple[str, ...]

    def __repr__(self) -> str:
        steps = self.iterates[-1].k
        return f"<Replay of {self.experiment.name}, trial {self.trial}: {steps} M-steps, {self.status.label}>"

    def table(self) -> Table:
        """A row an iterate, the start first."""
        names = ["k", "noise_scale", "injected", "log_likelihood"]
        estimates = [each for each in trial_columns(self.level.trial) if each[1] in self.iterates[0].parameters]
        names += [name for name, _, _ in estimates]
        rows: list[list[Cell]] = []
        for row in self.iterates:
            numbers = [float(np.array(row.parameters[field])[index]) for _, field, index in estimates]
            rows.append([row.k, row.noise_scale, row.injected, row.log_likelihood, *numbers])
        return Table([Column(name) for name in names], rows)


def replay(folder: str | Path, sigma: float, trial: int, settings: Mapping[str, Any] | None = None) -> Replay:
    """Run one trial of a run again, and compare how it ends with the journal, else with ``trials.csv``.

    Parameters
    ----------
    folder : str or Path
        The run's.
    sigma : float
        One of the run's levels.
    trial : int
        From 0 on, as in ``trials.csv``.
    settings : mapping, optional
        The run's other swept settings by dotted path, where several levels have this sigma.

    Raises
    ------
    ConfigError
        If the folder is no run, or has no such level or trial.
    """
    run = Run.open(folder)
    level = _level(run, sigma, settings or {}).level
    trials = run.experiment.trials
    if not 0 <= trial < trials:
        raise ConfigError(f"must be a trial of the run, 0 to {trials - 1}", path="`trial`", value=trial)
    path, ending = _followed(level, run.experiment.seed, trial)
    here = _cells(tables.trials_lines(run.levels, level, trial, ending))
    checked_with, there = _recorded(run, level, trial, here)
    names = _cells([tables.trials_header(run.levels)])
    differences = tuple(
        f"{name} {now or 'none'}, recorded {then or 'none'}"
        for name, now, then in zip(names, here, there, strict=True)
        if now != then
    )
    status = Status(int(ending["status"][0]))
    return Replay(run.experiment, level, trial, tuple(path), status, checked_with, differences)


def _followed(level: Level, seed: int, trial: int) -> tuple[list[Iterate], NDArray[np.void]]:
    """A trial's iterates, its block run again whole, and how it ended: a journal's record of it, shape (1,)."""
    block, row = divmod(trial, level.block_trials)
    data, _ = data_and_starts(level, seed, block)
    y = data[row : row + 1]
    task, recorded = problem(level), level.trial.system.recorded
    path: list[Iterate] = []
    for step in steps(level, seed, block):
        at = int(np.searchsorted(step.trials, row))
        theta = step.theta.take(slice(at, at + 1))
        with np.errstate(all="ignore"):  # a degenerate start has no density
            likelihood = task.model.log_likelihood(y, theta)
        scale = task.noise.scale(step.k) if step.k else None
        injected = int(step.injected[at]) / y.shape[1] if step.k else None
        parameters = {each.name: as_tuple(theta.arrays[each.name][0].tolist()) for each in recorded}
        path.append(Iterate(step.k, scale, injected, float(likelihood[0]), parameters))
        if step.status[at] >= 0:
            break
    fits = algorithm.Fits(step.status[at : at + 1], np.array([step.k]), theta, likelihood, step.draws, step.accepted)
    return path, trial_table(level.trial, y, fits)


def write(replayed: Replay, folder: Path) -> Path:
    """Write the iterates and their figure as ``replay-....csv``, ``.png`` and ``.svg``; returns the csv's path."""
    from nem_cli.drawing.style import save_figure  # matplotlib is slow to import
    from nem_cli.replay.figure import replay_figure

    parts = [f"{path.split('.')[-1]}-{shown(value)}" for path, value in replayed.level.settings]
    name = "-".join(["replay", *parts, f"trial-{replayed.trial}"]).replace("[", "").replace("]", "")
    name = re.sub(r"[^A-Za-z0-9.-]+", "_", name)
    files.write(folder / f"{name}.csv", replayed.table().csv())
    save_figure(replay_figure(replayed), folder, name)
    return folder / f"{name}.csv"


def _level(run: Run, sigma: float, settings: Mapping[str, Any]) -> Row:
    at_sigma = run.where(sigma=sigma)
    if not at_sigma:
        known = ", ".join(f"{value:g}" for value in sorted(run.values("sigma")))
        raise ConfigError(f"isn't a level of this run, whose levels are {known}", path="`sigma`", value=sigma)
    paths = [path for path, _ in run.levels[0].others]
    unknown = [path for path in settings if path not in paths]
    found = [] if unknown else [row for row in run.where(settings) if row in at_sigma]
    if len(found) == 1:
        return found[0]
    if not paths:
        raise ConfigError("this run sweeps nothing but sigma", path="`settings`", value=dict(settings))
    problem = "several levels have this sigma" if found else "no level has these settings"
    choices = "\n".join(f"  {assignments(row.others)}" for row in found or at_sigma)
    raise ConfigError(f"{problem}; give {', '.join(paths)}, one of\n{choices}", path="`settings`")


def _recorded(run: Run, level: Level, trial: int, here: list[str]) -> tuple[str, list[str]]:
    """The file that holds the trial's ending, and its cells as ``trials.csv`` has them; `here` where there is none."""
    if (run.folder / files.JOURNAL).exists():
        return files.JOURNAL, _cells(
            tables.trials_lines(run.levels, level, trial, run.trials(level)[trial : trial + 1])
        )
    path = run.folder / _CSV
    if not path.exists():
        return "", here
    which = slice(len(level.settings) + 1)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return _CSV, next(cells for cells in csv.reader(file) if cells[which] == here[which])
    except StopIteration:
        raise FolderError(f"has no trial {trial} of level {dict(level.settings)}", source=str(path)) from None
    except (OSError, ValueError, csv.Error) as error:
        raise FolderError(f"can't be read: {error}", source=str(path)) from error


def _cells(lines: Iterable[str]) -> list[str]:
    return next(csv.reader(lines))
