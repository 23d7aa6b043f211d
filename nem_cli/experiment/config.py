"""The config: one experiment as pydantic models. Every field says what is allowed; load.py makes messages of it."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    field_validator,
    model_validator,
)

from nem_cli.em import noise as em
from nem_cli.em.stops import LossBelow, StopRule
from nem_cli.experiment.grid import SettingError, Sweep, as_sweep
from nem_cli.experiment.noise import Noise
from nem_cli.experiment.paths import flatten
from nem_cli.experiment.registry import injections, screens, starts, stop_rules
from nem_cli.experiment.settings import Choices, Settings
from nem_cli.experiment.systems.chain import Chain
from nem_cli.experiment.systems.clusters import Clusters
from nem_cli.experiment.systems.mixture import Mixture
from nem_cli.experiment.systems.network import Network
from nem_cli.experiment.systems.system import System
from nem_cli.experiment.values import Components, as_tuple

SYSTEMS: dict[str, type[System]] = {each.kind: each for each in (Mixture, Chain, Clusters, Network)}
"""The settings that say what makes the data, of which a config has just one."""
UNKNOWN = ("means",)
"""In the place of an `estimate` that isn't given, where what is estimated can't be known."""


class NoiseSettings(Settings):
    """The mode of noise injection; its initial standard deviation is swept as sigma."""

    injection: str = Field(default="additive", description="a registered injection, or package.module:Name")
    screen: str = Field(default="every-component", description="a registered screen, or package.module:Name")
    on_reject: Literal["redraw", "drop"] = Field(default="redraw", description="redraw or drop")
    decay: float = Field(default=2.0, ge=0, description="tau, a finite number, 0 or more")
    enters: Literal["m-step", "e-step"] = Field(default="m-step", description="m-step (Algorithm 1) or e-step")

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


class Stop(Choices):
    """When a trial ends."""

    rule: str = Field(default="euclidean", description="a registered stop rule")
    tol: float | None = Field(
        default=None, ge=-10, le=300, description="a number from -10 to 300, 2 by default; a trial ends below 10^-tol"
    )
    below: float | None = Field(default=None, gt=0, description="for the rule loss: a trial ends below it")
    max_iterations: int = Field(default=1000, ge=1, le=10**7, description="a whole number from 1 to 10,000,000")

    @field_validator("rule")
    @classmethod
    def _known(cls, name: str) -> str:
        stop_rules.get(name, path="stop.rule")
        return name

    @model_validator(mode="before")
    @classmethod
    def _tol_by_default(cls, settings: object) -> object:
        if not isinstance(settings, Mapping) or settings.get("tol") is not None:
            return settings
        rule = settings.get("rule", "euclidean")
        takes_tol = isinstance(rule, str) and stop_rules.get(rule, path="stop.rule").takes_tol
        return {**settings, "tol": 2.0} if takes_tol else settings

    @model_validator(mode="after")
    def _one_threshold(self) -> Stop:
        rule = stop_rules.get(self.rule)
        if self.tol is not None and not rule.takes_tol:
            raise SettingError("tol", f"rule {rule.name} takes no tolerance; leave tol out")
        if isinstance(rule, LossBelow) != (self.below is not None):
            raise SettingError("below", "rule loss needs below, a number above 0, and no other rule has one")
        return self

    def resolved(self) -> StopRule:
        """The rule as an object."""
        return stop_rules.get(self.rule) if self.below is None else LossBelow(self.below)


class Bootstrap(Settings):
    """How intervals are made."""

    resamples: int = Field(default=10_000, ge=1, le=10**6, description="a whole number from 1 to 1,000,000")
    confidence: float = Field(default=0.95, gt=0, lt=1, description="a number above 0 and below 1")


class Figure(Settings):
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


class TrialSettings(Choices):
    """All that decides a trial's numbers, but for sigma, the seed and the trial's number."""

    mixture: Mixture | None = Field(default=None, description="family, covariance, weights, means, variances")
    chain: Chain | None = Field(default=None, description="family, initial, transitions, means, variances")
    clusters: Clusters | None = Field(default=None, description="weights, means, variances; fitted by k-means")
    network: Network | None = Field(default=None, description="data, train, test, hidden, rate, loss, gradient")
    sample_size: int = Field(ge=1, le=10**8, description="a whole number from 1 to 100,000,000")
    estimate: Annotated[tuple[str, ...], BeforeValidator(as_tuple)] = Field(
        min_length=1, description="a list of the model's parameters; by default all that can be estimated"
    )
    start: Annotated[
        Annotated[Components, Tag("given")] | Annotated[str, BeforeValidator(_known_start), Tag("rule")],
        Discriminator(_start_kind),
    ] = Field(description="values of the parameters, or a registered start rule")
    noise: NoiseSettings = Field(default=NoiseSettings(), description="injection, screen, on_reject, decay, enters")
    stop: Stop = Field(default=Stop(), description="rule, tol or below, max_iterations")

    @property
    def system(self) -> System:
        """What makes the data, and the model that is fitted to them."""
        systems: list[System | None] = [self.mixture, self.chain, self.clusters, self.network]
        return next(system for system in systems if system is not None)

    @model_validator(mode="before")
    @classmethod
    def _one_system(cls, settings: object) -> object:
        """Refuse none or several; fill in what the one decides."""
        if not isinstance(settings, Mapping):
            return settings
        given = [kind for kind in SYSTEMS if settings.get(kind) is not None]
        if len(given) != 1:
            found = f"; given are {' and '.join(given)}" if given else ""
            raise ValueError(f"just one of {', '.join(SYSTEMS)} must say what makes the data{found}")
        kind = SYSTEMS[given[0]]
        written = settings[given[0]]
        try:
            system = written if isinstance(written, System) else kind.model_validate(written)
        except ValidationError:  # the field's own validation says it
            return {"estimate": UNKNOWN, "start": kind.default_start, **settings}
        decided: dict[str, Any] = {"estimate": system.model().estimable, "start": kind.default_start}
        if isinstance(system, Network):
            decided["sample_size"] = system.train
        return {**decided, **settings}

    @model_validator(mode="after")
    def _consistent(self) -> TrialSettings:
        system = self.system
        model = system.model()
        if isinstance(system, Network) and self.sample_size != system.train:
            raise ValueError(f"sample_size is {self.sample_size}, but network.train is {system.train}; leave it out")
        if len(set(self.estimate)) != len(self.estimate):
            raise ValueError(f"estimate names a parameter twice: {list(self.estimate)}")
        unknown = [name for name in self.estimate if name not in model.estimable]
        if unknown:
            raise ValueError(
                f"estimate holds {unknown[0]}, but family {model.family.name} estimates {', '.join(model.estimable)}"
            )
        if isinstance(self.start, Components):
            system.check_start(self.start)
        else:
            starts.get(self.start).check(model)
            if self.start == "random-points" and self.sample_size < system.components:
                raise ValueError(
                    f"start random-points needs at least as many samples as components: sample_size is "
                    f"{self.sample_size}, {system.kind} has {system.components} components"
                )
        self.stop.resolved().check(model)
        self.noise_at(1.0).check(model)
        return self

    def noise_at(self, sigma: float) -> em.Noise:
        """The noise of a level."""
        noise = self.noise
        return Noise(noise.injection, sigma, noise.screen, noise.decay, noise.on_reject, noise.enters).resolved()

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
