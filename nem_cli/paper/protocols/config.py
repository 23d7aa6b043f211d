"""The config of a search through protocols: lists of settings, whose product is the grid that is declared."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import BeforeValidator, Field, field_validator, model_validator

from nem_cli.errors import ConfigError
from nem_cli.experiment.config import Experiment, TrialSettings
from nem_cli.experiment.grid import SettingError, Sweep, as_sweep
from nem_cli.experiment.load import read
from nem_cli.experiment.plan import Level, levels
from nem_cli.experiment.schema import RANGE, json_schema
from nem_cli.experiment.settings import Settings
from nem_cli.experiment.validation import checked
from nem_cli.statistics import published
from nem_cli.statistics.prediction import SIZES, sizes
from nem_cli.statistics.study import MODES

Norm = Literal["euclidean", "max-change", "log-likelihood"]
MAX_FAMILIES = 20_000
_STAGED = {
    "sigma": "the stages set it; give the levels under sigma",
    "noise.injection": "the stages set it: both modes run",
    "stop": "stop rules are read off the paths; list them under rules",
}
"""Settings that aren't a family's, and why."""


def _staged(path: str) -> str:
    """Why a setting isn't a family's; nothing where it is."""
    return next((why for staged, why in _STAGED.items() if f"{path}.".startswith(f"{staged}.")), "")


def _listed(written: object) -> object:
    """A list, or a range as a sweep has them, as a tuple."""
    if isinstance(written, Mapping):
        (grid,) = cast(Sweep, as_sweep({"values": written}))
        return tuple(map(float, grid["values"]))
    return tuple(written) if isinstance(written, list) else written


@dataclass(frozen=True)
class Rule:
    """One way to count: a norm, a tolerance, and whether the starting point counts."""

    norm: Norm
    tol: float
    start_counted: bool


Sigmas = Annotated[tuple[float, ...], BeforeValidator(_listed)]


class Rules(Settings):
    """The ways to count, all their combinations: first passages of a path, so they cost no run of their own."""

    norm: Annotated[tuple[Norm, ...], BeforeValidator(_listed)] = Field(
        min_length=1, description="a list of euclidean, max-change and log-likelihood"
    )
    tol: Annotated[tuple[Annotated[float, Field(ge=-10, le=300)], ...], BeforeValidator(_listed)] = Field(
        min_length=1, description="a list of numbers from -10 to 300, or start, stop and num"
    )
    start_counted: Annotated[tuple[bool, ...], BeforeValidator(_listed)] = Field(
        default=(False, True), min_length=1, description="a list of false and true"
    )


class Stages(Settings):
    """Trials a level in each stage; a stage has fresh trials."""

    em: int = Field(default=200, ge=50, le=1000, description="a whole number from 50 to 1,000")
    paper_levels: Annotated[tuple[Annotated[int, Field(ge=20, le=1000)], ...], BeforeValidator(_listed)] = Field(
        default=(50, 200),
        min_length=1,
        description="a list of whole numbers from 20 to 1,000, each run by what is left",
    )
    full: int = Field(default=2000, ge=1, le=10**6, description="a whole number that is enough for a size of study")

    @field_validator("full")
    @classmethod
    def _enough(cls, trials: int) -> int:
        if not sizes(trials):
            raise ValueError(f"studies of {SIZES[0]} trials need {10 * SIZES[0]} trials or more, not {trials}")
        return trials


class Grids(Settings):
    """The levels of each mode in the last stage."""

    multiplicative: Sigmas = Field(description="a list of numbers above 0, the paper's 0.44 among them")
    additive: Sigmas = Field(description="a list of numbers above 0, the paper's 1.9 among them")

    @field_validator(*MODES)
    @classmethod
    def _brackets_the_papers(cls, sigmas: tuple[float, ...], info: Any) -> tuple[float, ...]:
        optimum = published.OPTIMA[info.field_name].sigma
        if len(set(sigmas)) != len(sigmas) or list(sigmas) != sorted(sigmas) or min(sigmas, default=0) <= 0:
            raise ValueError("must be rising numbers above 0")
        if optimum not in sigmas or optimum in (sigmas[0], sigmas[-1]):
            raise ValueError(f"must hold the paper's level {optimum:g} and levels to both sides of it")
        return sigmas


class Search(TrialSettings):
    """A search through protocols: what all have in common as in an experiment, and lists of what they differ in."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$", description="letters, digits, dots, dashes and underscores"
    )
    title: str = Field(default="", description="a line of text")
    families: Annotated[Sweep, BeforeValidator(as_sweep)] = Field(
        description="a mapping of settings to lists of values, or a list of such mappings: each point a path family"
    )
    rules: Rules = Field(description="norm, tol, start_counted")
    sigma: Grids = Field(description="multiplicative, additive")
    horizon: int = Field(default=60, ge=20, le=10_000, description="a whole number from 20 to 10,000")
    trials: Stages = Field(default=Stages(), description="em, paper_levels, full")
    studies: int = Field(default=1000, ge=200, le=100_000, description="a whole number from 200 to 100,000")
    seed: int = Field(default=1801, ge=0, lt=2**63, description="a whole number, 0 or more")

    @model_validator(mode="after")
    def _factored(self) -> Search:
        if "stop" in self.model_fields_set:
            raise SettingError("stop", _STAGED["stop"])
        for grid in self.families:
            for path in grid:
                if why := _staged(path):
                    raise SettingError(f"families.{path}", f"can't be factored out of the paths: {why}")
        if sum(math.prod(len(values) for values in grid.values()) for grid in self.families) > MAX_FAMILIES:
            raise SettingError("families", f"has more than {MAX_FAMILIES:,} families")
        return self


def families(search: Search) -> tuple[Level, ...]:
    """Every path family once, as a level of plain EM, in the order of the config.

    Raises
    ------
    ConfigError
        If a family's settings aren't allowed.
    """
    base = search.model_dump(mode="json", include=set(TrialSettings.model_fields) - {"stop"})
    found: dict[str, Level] = {}
    for grid in search.families:
        experiment = checked(Experiment, {**base, "name": search.name, "sweep": [grid]}, "")
        for level in levels(experiment):
            found.setdefault(repr(level.trial), level)
    return tuple(found.values())


def ways(rules: Rules) -> tuple[Rule, ...]:
    """Every way to count."""
    return tuple(Rule(*each) for each in itertools.product(rules.norm, rules.tol, rules.start_counted))


def search_schema() -> dict[str, Any]:
    """The JSON Schema of a search's config."""
    schema = json_schema(Search, "families")
    tol = schema["$defs"]["Rules"]["properties"]["tol"]
    listed = {name: tol.pop(name) for name in ("type", "items", "minItems")}
    tol["anyOf"] = [listed, RANGE]
    return schema


def is_search(tree: Mapping[str, Any]) -> bool:
    """Whether a config's tree is a search's: an experiment has no families."""
    return "families" in tree


def load(path: Path, overrides: Iterable[str] = (), **settings: Any) -> Search:
    """Read a search from a YAML file; parameters as for `nem_cli.experiment.load.load`.

    Raises
    ------
    ConfigError
        Naming the file, the path inside it, the value and what is allowed.
    """
    tree = read(path, overrides, **settings)
    if not is_search(tree):
        raise ConfigError("has no families, so it isn't a search through protocols", source=str(path))
    return validate(tree, str(path))


def validate(tree: Mapping[str, Any], source: str = "") -> Search:
    """A search from a config's tree, every family of it checked too.

    Raises
    ------
    ConfigError
    """
    search = checked(Search, tree, source)
    try:
        families(search)
    except ConfigError as error:
        path = error.path.replace("sweep", "families", 1)
        raise ConfigError(error.problem, path=path, value=error.value, source=source) from None
    return search


def settings(level: Level) -> Iterator[tuple[str, Any]]:
    """A family's settings by dotted path, those of the stop rule and of the stages left out; `start` is its rule."""
    for path, value in level.trial.flat().items():
        if not _staged(path):
            yield path, value
    if not isinstance(level.trial.start, str):
        yield "start", "given"
