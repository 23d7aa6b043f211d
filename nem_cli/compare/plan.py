"""What `nem compare` is asked for: its two arguments, found and checked against each other, and its fresh trials."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nem_cli.errors import ConfigError, suggest
from nem_cli.experiment.config import Experiment
from nem_cli.experiment.folder import find_config
from nem_cli.experiment.load import load
from nem_cli.experiment.paths import differences
from nem_cli.experiment.plan import Level, validate
from nem_cli.experiment.plan import levels as resolved
from nem_cli.experiment.registry import injections
from nem_cli.experiment.shipped import FIGURE_CONFIGS, shipped_configs
from nem_cli.experiment.validation import whole
from nem_cli.statistics.run import Run


@dataclass(frozen=True)
class Asked:
    """What one argument means.

    Parameters
    ----------
    name : str
        For messages, tables and the comparison's folder.
    folder : Path
        The run's.
    finished : bool
        The folder holds this run already.
    given : bool
        The argument was the run or its folder, not what belongs in it.
    """

    name: str
    experiment: Experiment
    levels: Sequence[Level]
    folder: Path
    finished: bool
    given: bool

    @classmethod
    def of_run(cls, name: str, run: Run, *, given: bool = True) -> Asked:
        """A finished run."""
        return cls(name, run.experiment, run.levels, run.folder, finished=True, given=given)


@dataclass(frozen=True)
class Plan:
    """A comparison that can be run.

    Parameters
    ----------
    bootstraps, trials, seed : int
        `trials` are the fresh ones; they have seed + 1, and seed + 2 for the unpaired b.
    folder : Path
        Where the comparison goes.
    fresh : bool
        Throw away the runs and fresh trials that were made before; runs that were given stay.
    """

    a: Asked
    b: Asked
    bootstraps: int
    trials: int
    seed: int
    folder: Path
    fresh: bool

    def experiment(self, asked: Asked, seed: int, sigma: float) -> Experiment:
        """The experiment of fresh trials at sigma 0 and at one other level."""
        changed = {"sweep": {"sigma": [0.0, sigma]}, "seed": seed, "trials": self.trials, "figure": {}}
        return validate(asked.experiment.model_dump() | changed, asked.name)


def plan(
    a: str | Path | Experiment | Run | Asked,
    b: str | Path | Experiment | Run | Asked,
    *,
    bootstraps: int,
    trials: int | None,
    seed: int | None,
    out: Path,
    fresh: bool = False,
) -> Plan:
    """Find and check all that a comparison needs; see `nem_cli.compare.compare.compare`.

    Raises
    ------
    ConfigError
        If an argument is refused, or the two differ in more than noise.
    """
    for name, number, low, high in (
        ("bootstraps", bootstraps, 1, 10**6),
        ("trials", trials, 2, 10**9),
        ("seed", seed, 0, 2**63 - 3),
    ):
        if number is not None:
            whole(name, number, low, high)
    first, second = _ask(a, out), _ask(b, out)
    _refuse_incomparable(first, second)
    seeds = {first.experiment.seed, second.experiment.seed}
    if seed is not None and seeds & {seed + 1, seed + 2}:
        raise ConfigError(
            f"the fresh trials would have seeds {seed + 1} and {seed + 2}, one of which is a sweep's; give another",
            source="`seed`",
            value=seed,
        )
    found = Plan(
        first,
        second,
        bootstraps,
        max(first.experiment.trials, second.experiment.trials) if trials is None else trials,
        max(seeds) if seed is None else seed,
        out / "comparison" / f"{first.name}-vs-{second.name}",
        fresh,
    )
    found.experiment(second, found.seed + 2, 0.0)  # refuses trials and seeds that no config may have
    return found


def _ask(given: str | Path | Experiment | Run | Asked, out: Path) -> Asked:
    """What an argument means; refused where it has no optimum to compare."""
    if isinstance(given, Asked):
        asked = given
    elif isinstance(given, Run):
        asked = Asked.of_run(given.name, given)
    elif isinstance(given, Experiment):
        asked = _from_experiment(given.name, given, out)
    elif str(given) in FIGURE_CONFIGS:
        asked = _from_experiment(str(given), load(find_config(FIGURE_CONFIGS[str(given)])), out)
    elif Path(given).is_dir():
        run = Run.open(given)
        asked = Asked.of_run(run.folder.resolve().name, run)
    else:
        experiment = load(_config(str(given)))
        asked = _from_experiment(experiment.name, experiment, out)
    others = sorted(asked.experiment.swept)
    if others:
        raise ConfigError(f"sweeps {', '.join(others)}; a comparison takes sweeps of sigma alone", source=asked.name)
    if not any(level.sigma for level in asked.levels):
        raise ConfigError("sweeps no sigma above 0, so there is no optimum to compare", source=asked.name)
    return asked


def _from_experiment(name: str, experiment: Experiment, out: Path) -> Asked:
    folder, levels = out / experiment.name, resolved(experiment)
    missing = Asked(name, experiment, levels, folder, finished=False, given=False)
    try:
        run = Run.open(folder)
    except ConfigError:  # no finished run: the sweep makes one, or says why it can't
        return missing
    reusable = (
        run.experiment.identity() == experiment.identity()
        and run.experiment.trials >= experiment.trials
        and {level.key for level in run.levels} == {level.key for level in levels}
    )
    return Asked.of_run(name, run, given=False) if reusable else missing


def _config(given: str) -> Path:
    shipped = shipped_configs()
    if Path(given).is_file() or given.removesuffix(".yaml") in shipped:
        return find_config(given)
    modes = ", ".join(FIGURE_CONFIGS)
    if given in injections.names():
        raise ConfigError(
            f"is an injection without a figure config; modes with one are {modes}. Give a config that names it",
            source=given,
        )
    hint = "" if os.sep in given else suggest(given, [*FIGURE_CONFIGS, *shipped])
    raise ConfigError(
        f"is neither an injection mode, nor a config, nor a run's folder; {hint}modes are {modes}; "
        f"shipped configs are {', '.join(sorted(shipped))}",
        source=given,
    )


def _refuse_incomparable(a: Asked, b: Asked) -> None:
    both = f"{a.name} and {b.name}"
    lines = "\n".join(
        f"  {path}: {left} and {right}"
        for path, left, right in differences(a.experiment.flat(), b.experiment.flat())
        if not path.startswith("noise.")
    )
    if lines:
        raise ConfigError(
            f"aren't comparable; they may differ in noise alone, but these settings differ:\n{lines}", source=both
        )
    if a.folder.resolve() == b.folder.resolve() and a.experiment.identity() != b.experiment.identity():
        raise ConfigError(
            f"are two experiments with one folder, {a.folder}; give one of them another name", source=both
        )
