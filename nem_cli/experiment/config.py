"""The config: one experiment as pydantic models. Every field says what is allowed; load.py makes messages of it."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    field_validator,
    model_validator,
)

from nem_cli.em.noise import Noise
from nem_cli.em.registry import families, injections, screens, starts, stop_rules
from nem_cli.experiment.grid import SettingError, Sweep, as_sweep
from nem_cli.experiment.paths import flatten

WEIGHT_TOLERANCE = 1e-9


def _as_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


Numbers = Annotated[tuple[Annotated[float, Field(allow_inf_nan=False)], ...], BeforeValidator(_as_tuple)]


class Model(BaseModel):
    """Base of all: frozen, strict about types, no unknown keys, no NaN."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False, validate_default=True)


class Components(Model):
    """The parameters of K components."""

    weights: Numbers = Field(description="K numbers above 0 that sum to 1")
    means: Numbers = Field(description="K finite numbers")
    variances: Numbers | None = Field(
        default=None, description="K numbers above 0; left out where the family's variance follows from its mean"
    )

    @field_validator("weights")
    @classmethod
    def _a_distribution(cls, weights: tuple[float, ...]) -> tuple[float, ...]:
        if not weights:
            raise ValueError("is empty; a mixture has at least one component")
        if min(weights) <= 0:
            raise ValueError(f"every weight must be above 0, but one is {min(weights)!r}")
        if abs(math.fsum(weights) - 1) > WEIGHT_TOLERANCE:
            raise ValueError(f"must sum to 1, but {list(weights)} sums to {math.fsum(weights):.12g}")
        return weights

    @field_validator("variances")
    @classmethod
    def _positive(cls, variances: tuple[float, ...] | None) -> tuple[float, ...] | None:
        if variances and min(variances) <= 0:
            raise ValueError(f"every variance must be above 0, but one is {min(variances)!r}")
        return variances

    @model_validator(mode="after")
    def _of_equal_lengths(self) -> Components:
        for name in ("means", "variances"):
            values = getattr(self, name)
            if values is not None and len(values) != len(self.weights):
                raise SettingError(
                    name, f"must have {len(self.weights)} numbers, as many as weights; has {len(values)}"
                )
        return self


class Mixture(Components):
    """The mixture that makes the data."""

    family: str = Field(default="gaussian", description="a registered family")

    @field_validator("family")
    @classmethod
    def _known(cls, name: str) -> str:
        families.get(name, path="mixture.family")
        return name


class NoiseSettings(Model):
    """The mode of noise injection; its initial standard deviation is swept as sigma."""

    injection: str = Field(default="additive", description="a registered injection, or package.module:Name")
    screen: str = Field(default="every-component", description="a registered screen, or package.module:Name")
    on_reject: Literal["redraw", "drop"] = Field(default="redraw", description="redraw or drop")
    decay: float = Field(default=2.0, ge=0, description="tau, a finite number, 0 or more")

    @field_validator("injection")
    @classmethod
    def _known_injection(cls, name: str) -> str:
        injections.get(name, path="noise.injection")
        return name

    @field_validator("screen")
    @classmethod
    def _known_screen(cls, name: str) -> str:
        screens.get(name, path="noise.screen")
        return name


class Stop(Model):
    """When a trial ends."""

    rule: str = Field(default="euclidean", description="a registered stop rule")
    tol: float = Field(default=2.0, ge=-10, le=300, description="a number from -10 to 300; a trial ends below 10^-tol")
    max_iterations: int = Field(default=1000, ge=1, le=10**7, description="a whole number from 1 to 10,000,000")

    @field_validator("rule")
    @classmethod
    def _known(cls, name: str) -> str:
        stop_rules.get(name, path="stop.rule")
        return name


class Bootstrap(Model):
    """How intervals are made."""

    resamples: int = Field(default=10_000, ge=1, le=10**6, description="a whole number from 1 to 1,000,000")
    confidence: float = Field(default=0.95, gt=0, lt=1, description="a number above 0 and below 1")


class Figure(Model):
    """How the run is drawn; changes no number. Settings go by their dotted path and must be swept."""

    x: str = Field(default="sigma", description="a swept setting for the horizontal axis")
    y: Literal["mean_iterations", "speedup_percent", "log_likelihood_gap"] = Field(
        default="mean_iterations", description="mean_iterations, speedup_percent or log_likelihood_gap"
    )
    kind: Literal["curves", "heatmap"] = Field(default="curves", description="curves or heatmap")
    rows: str | None = Field(default=None, description="a swept setting for a heatmap's vertical axis")
    panels: str | None = Field(default=None, description="a swept setting with a panel for each value")
    log: bool = Field(default=False, description="true for a logarithmic horizontal axis")
    log_y: bool = Field(default=False, description="true for a logarithmic vertical axis")

    @model_validator(mode="after")
    def _distinct(self) -> Figure:
        if (self.kind == "heatmap") != (self.rows is not None):
            raise ValueError("a heatmap needs rows, the setting of its vertical axis, and curves have none")
        chosen = [path for path in (self.x, self.rows, self.panels) if path is not None]
        if len(set(chosen)) < len(chosen):
            raise ValueError(f"x, rows and panels must differ, but they are {', '.join(chosen)}")
        return self


def _one_line(text: str) -> str:
    """Refuse what would end the line, or move the cursor of a terminal; half characters can't be written at all."""
    if any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in text):
        raise ValueError("must be one line of text without control characters")
    return text


def _start_kind(value: object) -> str:
    return "given" if isinstance(value, Mapping | Components) else "rule"


def _known_start(name: object) -> object:
    if isinstance(name, str):
        starts.get(name, path="start")
    return name


class TrialSettings(Model):
    """All that decides a trial's numbers, but for sigma, the seed and the trial's number."""

    mixture: Mixture = Field(description="family, weights, means, variances")
    sample_size: int = Field(ge=1, le=10**8, description="a whole number from 1 to 100,000,000")
    estimate: Annotated[tuple[Literal["weights", "means", "variances"], ...], BeforeValidator(_as_tuple)] = Field(
        default=("weights", "means", "variances"),
        min_length=1,
        description="a list of weights, means and variances; by default all that the family estimates",
    )
    start: Annotated[
        Annotated[Components, Tag("given")] | Annotated[str, BeforeValidator(_known_start), Tag("rule")],
        Discriminator(_start_kind),
    ] = Field(default="moments", description="weights, means and variances, or a registered start rule")
    noise: NoiseSettings = Field(default=NoiseSettings(), description="injection, screen, on_reject, decay")
    stop: Stop = Field(default=Stop(), description="rule, tol, max_iterations")

    @model_validator(mode="before")
    @classmethod
    def _estimate_what_the_family_does(cls, settings: object) -> object:
        """Leave out `estimate`, and it is all that the family estimates."""
        if not isinstance(settings, Mapping) or "estimate" in settings:
            return settings
        mixture = settings.get("mixture")
        name = mixture.get("family") if isinstance(mixture, Mapping) else getattr(mixture, "family", None)
        if not isinstance(name, str):  # the default family, or the field's own message says what is wrong
            return settings
        return {**settings, "estimate": families.get(name, path="mixture.family").estimable}

    @model_validator(mode="after")
    def _consistent(self) -> TrialSettings:
        family = families.get(self.mixture.family)
        family.check(self.mixture.means, self.mixture.variances, "mixture")
        if len(set(self.estimate)) != len(self.estimate):
            raise ValueError(f"estimate names a parameter twice: {list(self.estimate)}")
        unknown = [name for name in self.estimate if name not in family.estimable]
        if unknown:
            raise ValueError(
                f"estimate holds {unknown[0]}, but family {family.name} estimates {', '.join(family.estimable)}"
            )
        if isinstance(self.start, Components):
            if len(self.start.weights) != len(self.mixture.weights):
                raise ValueError(
                    f"start has {len(self.start.weights)} components, but mixture has {len(self.mixture.weights)}"
                )
            family.check(self.start.means, self.start.variances, "start")
        elif self.start == "random-points" and self.sample_size < len(self.mixture.weights):
            raise ValueError(
                f"start random-points needs at least as many samples as components: sample_size is {self.sample_size}, "
                f"mixture has {len(self.mixture.weights)} components"
            )
        noise = self.noise
        Noise(noise.injection, screen=noise.screen, decay=noise.decay, on_reject=noise.on_reject).check(family)
        return self

    def flat(self) -> dict[str, Any]:
        """Every setting that decides a trial's numbers, by its dotted path."""
        return flatten(self.model_dump(mode="json", include=set(TrialSettings.model_fields)))


class Experiment(TrialSettings):
    """One experiment: a config file, with every default filled in."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$", description="letters, digits, dots, dashes and underscores"
    )
    title: Annotated[str, AfterValidator(_one_line)] = Field(
        default="", max_length=300, description="a line of text, at most 300 characters"
    )
    sweep: Annotated[Sweep, BeforeValidator(as_sweep)] = Field(
        default=({"sigma": (0.0,)},),
        description="a mapping of settings to lists of values (or start, stop, num), or a list of such mappings",
    )
    trials: int = Field(default=1000, ge=1, le=10**9, description="a whole number from 1 to 1,000,000,000")
    seed: int = Field(default=1801, ge=0, lt=2**63, description="a whole number, 0 or more")
    bootstrap: Bootstrap = Field(default=Bootstrap(), description="resamples, confidence")
    figure: Figure = Field(default=Figure(), description="x, y, kind, rows, panels, log, log_y")

    @model_validator(mode="after")
    def _figure_shows_swept_settings(self) -> Experiment:
        swept = {"sigma", *(path for grid in self.sweep for path in grid)}
        for name in ("x", "rows", "panels"):
            path = getattr(self.figure, name)
            if path is not None and path not in swept:
                raise ValueError(
                    f"figure.{name} must be a swept setting, one of {', '.join(sorted(swept))}; got {path}"
                )
        return self

    @property
    def trial_settings(self) -> TrialSettings:
        """The settings of a trial, without the sweep."""
        return TrialSettings.model_validate({name: getattr(self, name) for name in TrialSettings.model_fields})

    def identity(self) -> dict[str, Any]:
        """What makes this another experiment when it changes, by dotted path."""
        return self.flat() | {"seed": self.seed}
