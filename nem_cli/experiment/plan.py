"""The plan: levels, and blocks of trials with their random streams; a config is valid if all its levels are."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from nem_cli.errors import ConfigError, suggest
from nem_cli.experiment.config import Experiment, TrialSettings
from nem_cli.experiment.grid import curves
from nem_cli.experiment.paths import assignments, flatten, get, put
from nem_cli.experiment.validation import checked

BLOCK_NUMBERS = 400_000
"""What a block's E-step takes: coordinates of samples, for each component."""
BLOCK_TRIALS = 1000
BLOCK_STARTS = 100
"""A run on fixed data has fewer trials, each a start, and a block runs whole."""

DATA, NOISE, BOOTSTRAP = range(3)
"""The first element of a stream's spawn key: data and starts, noise, the bootstrap."""


@dataclass(frozen=True)
class Level:
    """One point of the grid.

    Parameters
    ----------
    settings : tuple of (str, value)
        The swept settings by dotted path, sigma first: what csv files and tables show.
    sigma : float
        Initial noise standard deviation; 0 is plain EM.
    trial : TrialSettings
        All else that decides a trial's numbers, the swept settings put in.
    """

    settings: tuple[tuple[str, Any], ...]
    sigma: float
    trial: TrialSettings

    @cached_property
    def key(self) -> str:
        """What identifies the level's trials in a journal. Plain EM doesn't depend on the noise settings."""
        flat = {path: value for path, value in self.trial.flat().items() if self.sigma or not path.startswith("noise.")}
        return json.dumps({"sigma": self.sigma} | flat, sort_keys=True)

    @property
    def others(self) -> tuple[tuple[str, Any], ...]:
        """The swept settings other than sigma: a curve in a figure."""
        return self.settings[1:]

    @property
    def block_trials(self) -> int:
        """Trials in a block: a fixed function of its size, so that a trial's number fixes its random streams."""
        trial, system = self.trial, self.trial.system
        most = BLOCK_TRIALS if trial.data is None else BLOCK_STARTS
        return max(1, min(most, BLOCK_NUMBERS // (trial.sample_size * system.width * system.k)))

    def blocks(self, trials: int) -> int:
        """How many blocks hold that many trials."""
        return -(-trials // self.block_trials)

    def counted(self, block: int, trials: int) -> int:
        """How many of the first trials a block holds; the rest of it is surplus."""
        return min(self.block_trials, trials - block * self.block_trials)


def levels(experiment: Experiment, source: str = "") -> list[Level]:
    """The levels of an experiment in the order of its sweep, each once, level 0 of sigma among them.

    Raises
    ------
    ConfigError
        If a level's settings aren't allowed, or a swept setting doesn't exist.
    """
    base, swept = experiment.model_dump(include=set(TrialSettings.model_fields)), experiment.swept
    resolved = [(others, sigmas, _resolved(base, others, source)) for others, sigmas in curves(experiment.sweep)]
    found: dict[str, Level] = {}
    for others, sigmas, trial in resolved:
        tree = trial.model_dump(mode="json")
        try:
            curve = [(path, get(tree, path)) for path in swept]
        except KeyError as missing:
            raise ConfigError(
                f"isn't a setting where {assignments(others.items())}, so there is no value for it; sweep it in an "
                "experiment of its own",
                path=f"sweep.{missing.args[0]}",
                source=source,
            ) from None
        for sigma in sigmas:
            if sigma:
                try:
                    trial.check_noise(sigma)
                except ConfigError as error:
                    raise ConfigError(str(error), source=source) from None
            settings = (("sigma", sigma), *curve)
            found.setdefault(repr(settings), Level(settings, sigma, trial))
    return list(found.values())


def validate(tree: Mapping[str, Any], source: str = "") -> Experiment:
    """An experiment from a config's tree, every level of its grid checked too.

    Raises
    ------
    ConfigError
    """
    experiment = checked(Experiment, tree, source)
    levels(experiment, source)
    return experiment


def stream(seed: int, *key: int) -> np.random.Generator:
    """The random stream of a purpose (`DATA`, `NOISE`, `BOOTSTRAP`) and, for the first two, a block's number."""
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(seed, spawn_key=key)))


def _resolved(base: dict[str, Any], others: dict[str, Any], source: str) -> TrialSettings:
    tree = copy.deepcopy(base)
    for path, value in others.items():
        try:
            get(tree, path)
        except KeyError:
            hint = suggest(path, flatten(base))
            raise ConfigError(
                f"there is no such setting to sweep; {hint}settings begin with sigma, {', '.join(base)}",
                path=f"sweep.{path}",
                source=source,
            ) from None
        put(tree, path, value)
    try:
        return checked(TrialSettings, tree, "")
    except ConfigError as error:
        where = f"at level {assignments(others.items())}: " if others else ""
        raise ConfigError(f"{where}{error}", path="sweep", source=source) from None
