"""What `nem compare` is asked for: its two arguments, found and checked against each other, and its fresh trials."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from nem_cli.em.registry import injections
from nem_cli.errors import ConfigError, suggest
from nem_cli.experiment.config import Experiment
from nem_cli.experiment.folder import find_config
from nem_cli.experiment.load import load
from nem_cli.experiment.plan import levels, swept_paths, validate
from nem_cli.experiment.shipped import FIGURE_CONFIGS, shipped_configs
from nem_cli.statistics.run import Run


@dataclass(frozen=True)
class Asked:
    """What one argument means.

    Parameters
    ----------
    name : str
        For messages, tables and the comparison's folder.
    experiment : Experiment
    folder : Path
        The run's folder.
    finished : bool
        The folder holds this run already.
    given : bool
        The argument was the folder itself, not what belongs in it.
    """

    name: str
    experiment: Experiment
    folder: Path
    finished: bool
    given: bool


@dataclass(frozen=True)
class Plan:
    """A comparison that can be run.

    Parameters
    ----------
    a, b : Asked
    bootstraps, trials, seed : int
        `trials` are the fresh ones; they have seed + 1, and seed + 2 for the unpaired b.
    folder : Path
        Where the comparison goes.
    anew : bool
        Throw away the runs and fresh trials that were made before; folders that were given stay.
    """

    a: Asked
    b: Asked
    bootstraps: int
    trials: int
    seed: int
    folder: Path
    anew: bool

    def fresh(self, asked: Asked, seed: int, sigma: float) -> Experiment:
        """The experiment of fresh trials at sigma 0 and at one other level."""
        changed = {"sweep": {"sigma": [0.0, sigma]}, "seed": seed, "trials": self.trials, "figure": {}}
        return validate(asked.experiment.model_dump() | changed, asked.name)


def plan(
    a: str | Path | Experiment,
    b: str | Path | Experiment,
    *,
    bootstraps: int,
    trials: int | None,
    seed: int | None,
    root: Path,
    anew: bool = False,
) -> Plan:
    """Find and check all that a comparison needs; see `nem_cli.compare.compare.compare`.

    Raises
    ------
    ConfigError
        If an argument is refused, or the two differ in more than noise.
    """
    _check_number("--bootstraps", bootstraps, 1, 10**6)
    _check_number("--trials", trials, 1, 10**9)
    _check_number("--seed", seed, 0, 2**63 - 3)
    first, second = ask(a, root), ask(b, root)
    _refuse_incomparable(first, second)
    seeds = {first.experiment.seed, second.experiment.seed}
    if seed is None:
        seed = max(seeds)
    elif seeds & {seed + 1, seed + 2}:
        raise ConfigError(
            f"the fresh trials would have seeds {seed + 1} and {seed + 2}, one of which is a sweep's; give another",
            source="--seed",
            value=seed,
        )
    found = Plan(
        first,
        second,
        bootstraps,
        max(first.experiment.trials, second.experiment.trials) if trials is None else trials,
        seed,
        root / "comparison" / f"{first.name}-vs-{second.name}",
        anew,
    )
    found.fresh(second, seed + 2, 0.0)  # refuses trials and seeds that no config may have
    return found


def ask(given: str | Path | Experiment, root: Path) -> Asked:
    """What an argument means: a mode, a finished run's folder, a config, or an experiment.

    Raises
    ------
    ConfigError
        If it is none of these, or has no optimum to compare.
    """
    if isinstance(given, Experiment):
        asked = _from_experiment(given.name, given, root)
    elif str(given) in FIGURE_CONFIGS:
        asked = _from_experiment(str(given), load(find_config(FIGURE_CONFIGS[str(given)])), root)
    elif Path(given).is_dir():
        run = Run.open(Path(given))
        asked = Asked(run.folder.resolve().name, run.experiment, run.folder, finished=True, given=True)
    else:
        experiment = load(_config(str(given)))
        asked = _from_experiment(experiment.name, experiment, root)
    others = sorted(swept_paths(asked.experiment))
    if others:
        raise ConfigError(f"sweeps {', '.join(others)}; a comparison takes sweeps of sigma alone", source=asked.name)
    if not any(level.sigma for level in levels(asked.experiment)):
        raise ConfigError("sweeps no sigma above 0, so there is no optimum to compare", source=asked.name)
    return asked


def _from_experiment(name: str, experiment: Experiment, root: Path) -> Asked:
    folder = root / experiment.name
    try:
        run = Run.open(folder)
    except ConfigError:  # no finished run: the sweep makes one, or says why it can't
        return Asked(name, experiment, folder, finished=False, given=False)
    reusable = (
        run.experiment.identity() == experiment.identity()
        and run.experiment.trials >= experiment.trials
        and {level.key for level in run.levels} == {level.key for level in levels(experiment)}
    )
    return Asked(name, run.experiment if reusable else experiment, folder, finished=reusable, given=False)


def _config(given: str) -> Path:
    shipped = shipped_configs()
    if Path(given).is_file() or given.removesuffix(".yaml") in shipped:
        return find_config(given)
    if given in injections.names():
        raise ConfigError(
            f"is an injection without a figure config; modes with one are {', '.join(FIGURE_CONFIGS)}. Give a config "
            "that names it",
            source=given,
        )
    hint = "" if os.sep in given else suggest(given, [*FIGURE_CONFIGS, *shipped])
    raise ConfigError(
        f"is neither an injection mode, nor a config, nor a run's folder; {hint}modes are {', '.join(FIGURE_CONFIGS)}; "
        f"shipped configs are {', '.join(sorted(shipped))}",
        source=given,
    )


def _refuse_incomparable(a: Asked, b: Asked) -> None:
    left, right = a.experiment.trial_settings.flat(), b.experiment.trial_settings.flat()
    differing = [
        f"  {path}: {_shown(left, path)} and {_shown(right, path)}"
        for path in sorted(left.keys() | right.keys())
        if not path.startswith("noise.") and left.get(path) != right.get(path)
    ]
    if differing:
        raise ConfigError(
            "aren't comparable; they may differ in noise alone, but these settings differ:\n" + "\n".join(differing),
            source=f"{a.name} and {b.name}",
        )
    if a.folder.resolve() == b.folder.resolve() and a.experiment.identity() != b.experiment.identity():
        raise ConfigError(
            f"are two experiments with one folder, {a.folder}; give one of them another name",
            source=f"{a.name} and {b.name}",
        )


def _check_number(option: str, value: int | None, low: int, high: int) -> None:
    if value is not None and not low <= value <= high:
        raise ConfigError(f"must be a whole number from {low} to {high:,}", source=option, value=value)


def _shown(settings: dict[str, object], path: str) -> str:
    return json.dumps(settings[path]) if path in settings else "not set"
