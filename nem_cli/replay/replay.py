"""`nem replay`: one trial of a run again, iterate by iterate."""

from __future__ import annotations

import csv
import itertools
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nem_cli.em.status import Status
from nem_cli.errors import ConfigError, FolderError
from nem_cli.experiment import folder as files
from nem_cli.experiment.config import Experiment
from nem_cli.experiment.describe import shown
from nem_cli.experiment.journal import Journal
from nem_cli.experiment.load import assign, load
from nem_cli.experiment.paths import get
from nem_cli.experiment.plan import Level, levels
from nem_cli.replay.iterates import Ending, Iterate, iterates
from nem_cli.replay.table import replay_csv


@dataclass(frozen=True)
class Replay:
    """One trial, run again.

    Parameters
    ----------
    experiment : Experiment
    level : Level
    trial : int
    iterates : tuple of Iterate
    ending : Ending
    checked_with : str
        The file that holds the run's own ending; empty where there is none.
    differences : tuple of str
        What doesn't end as recorded; empty where all does, or nothing is recorded.
    """

    experiment: Experiment
    level: Level
    trial: int
    iterates: tuple[Iterate, ...]
    ending: Ending
    checked_with: str
    differences: tuple[str, ...]


def replay(folder: Path, sigma: float, trial: int, settings: Iterable[str] = ()) -> Replay:
    """Run one trial of a run again, and compare how it ends with the journal, else with ``trials.csv``.

    Parameters
    ----------
    folder : Path
        The run's.
    sigma : float
        One of the run's levels.
    trial : int
        From 0 on, as in ``trials.csv``.
    settings : iterable of str
        ``dotted.path=value`` for the run's other swept settings.

    Raises
    ------
    ConfigError
        If the folder is no run, or has no such level or trial.
    """
    files.find_run(folder)
    experiment = load(folder / "config.yaml")
    level = _level(levels(experiment), sigma, settings)
    if not 0 <= trial < experiment.trials:
        raise ConfigError(f"must be a trial of the run, 0 to {experiment.trials - 1}", source="--trial", value=trial)
    path, ending = iterates(level, experiment.seed, trial)
    checked_with, recorded = _recorded(folder, level, trial)
    differences = () if recorded is None else tuple(ending.differences(recorded))
    return Replay(experiment, level, trial, tuple(path), ending, checked_with, differences)


def write(replayed: Replay, folder: Path) -> Path:
    """Write the iterates and their figure as ``replay-....csv``, ``.png`` and ``.svg``; returns the csv's path."""
    from nem_cli.drawing.style import png, svg
    from nem_cli.replay.figure import replay_figure  # matplotlib is slow to import

    parts = [f"{path.split('.')[-1]}-{shown(value)}" for path, value in replayed.level.settings]
    name = "-".join(["replay", *parts, f"trial-{replayed.trial}"]).replace("[", "").replace("]", "")
    name = re.sub(r"[^A-Za-z0-9.-]+", "_", name)
    figure = replay_figure(replayed.experiment, replayed.level, replayed.trial, replayed.iterates)
    files.write(folder / f"{name}.csv", replay_csv(replayed.iterates))
    files.write(folder / f"{name}.png", png(figure))
    files.write(folder / f"{name}.svg", svg(figure))
    return folder / f"{name}.csv"


def _level(plan: Sequence[Level], sigma: float, settings: Iterable[str]) -> Level:
    sigma = float(f"{sigma:.12g}")
    at_sigma = [level for level in plan if level.sigma == sigma]
    if not at_sigma:
        known = ", ".join(f"{value:g}" for value in sorted({level.sigma for level in plan}))
        raise ConfigError(f"isn't a level of this run, whose levels are {known}", source="--sigma", value=sigma)
    found = [level for level in at_sigma if _has(level, settings)]
    if len(found) == 1:
        return found[0]
    paths = [path for path, _ in plan[0].others]
    choices = "\n".join(
        "  " + " ".join(f"--set {path}={json.dumps(value)}" for path, value in level.others)
        for level in found or at_sigma
    )
    if not paths:
        raise ConfigError("this run sweeps nothing but sigma", source="--set", value=list(settings))
    problem = "several levels have this sigma" if found else "no level has these settings"
    raise ConfigError(f"{problem}; give --set for {', '.join(paths)}, one of\n{choices}")


def _has(level: Level, settings: Iterable[str]) -> bool:
    others = dict(level.others)
    for override in settings:
        path = override.partition("=")[0].strip()
        tree: dict[str, Any] = {}
        assign(tree, override)
        if path not in others or others[path] != get(tree, path):
            return False
    return True


def _recorded(folder: Path, level: Level, trial: int) -> tuple[str, Ending | None]:
    if (folder / "trials.sqlite").exists():
        with Journal(folder / "trials.sqlite") as journal:
            block, row = divmod(trial, level.block_trials)
            table = next(itertools.islice(journal.read(level, trial + 1), block, None))[row]
        parameters = (tuple(table[name].tolist()) for name in ("weights", "means", "variances"))
        status, count, likelihood = (table[name].item() for name in ("status", "iterations", "log_likelihood"))
        return "trials.sqlite", Ending(Status(status), count, likelihood, *parameters)
    if (folder / "trials.csv").exists():
        return "trials.csv", _from_csv(folder / "trials.csv", level, trial)
    return "", None


def _from_csv(path: Path, level: Level, trial: int) -> Ending:
    by_label = {status.label: status for status in Status}
    wanted = {name: value if isinstance(value, str) else json.dumps(value) for name, value in level.settings}
    wanted["trial"] = str(trial)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if all(row[name] == value for name, value in wanted.items()):
                    parameters = (
                        tuple(_number(row[f"{name}_{j}"]) for j in range(1, level.components + 1))
                        for name in ("weight", "mean", "variance")
                    )
                    likelihood = _number(row["log_likelihood"])
                    return Ending(by_label[row["status"]], int(row["iterations"]), likelihood, *parameters)
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        raise FolderError(f"can't be read: {error}", source=str(path)) from error
    raise FolderError(f"has no trial {trial} of level {dict(level.settings)}", source=str(path))


def _number(cell: str) -> float:
    return float(cell) if cell else float("nan")
