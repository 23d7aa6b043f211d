"""The config: one experiment as pydantic models. Every field says what is allowed; load.py makes messages of it."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    model_validator,
)

from nem_cli.em import noise as em
from nem_cli.em.accelerate.accelerator import Accelerator
from nem_cli.errors import ConfigError
from nem_cli.experiment.grid import Sweep, as_sweep
from nem_cli.experiment.noise import Noise
from nem_cli.experiment.parts import Bootstrap, Figure, NoiseSettings, Stop, Tracing
from nem_cli.experiment.paths import flatten
from nem_cli.experiment.registry import EM, known, methods, starts
from nem_cli.experiment.settings import Choices
from nem_cli.experiment.systems.chain import Chain
from nem_cli.experiment.systems.clusters import Clusters
from nem_cli.experiment.systems.data import Data
from nem_cli.experiment.systems.mixture import Mixture
from nem_cli.experiment.systems.network import Network
from nem_cli.experiment.systems.system import System
from nem_cli.experiment.values import Components, Ranges, as_tuple

SYSTEMS: dict[str, type[System]] = {each.kind: each for each in (Mixture, Chain, Clusters, Network, Data)}
"""The settings that say what makes the data, of which a config has just one."""
UNKNOWN = ("means",)
"""In the place of an `estimate` that isn't given, where what is estimated can't be known."""


def _one_line(text: str) -> str:
    """Refuse what would end the line, or move the cursor of a terminal; half characters can't be written at all."""
    if any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in text):
        raise ValueError("must be one line of text without control characters")
    return text


def _start_kind(value: object) -> str:
    if isinstance(value, Ranges) or (isinstance(value, Mapping) and "rule" in value):
        return "ranges"
    return "given" if isinstance(value, Mapping | Components) else "rule"


class TrialSettings(Choices):
    """All that decides a trial's numbers, but for sigma, the seed and the trial's number."""

    mixture: Mixture | None = Field(
        default=None,
        description="family, covariance, weights, means, variances",
        title="data from a mixture, which is fitted to them",
    )
    chain: Chain | None = Field(
        default=None,
        description="family, initial, transitions, means, variances",
        title="data from a hidden Markov chain, which is fitted to them",
    )
    clusters: Clusters | None = Field(
        default=None,
        description="weights, means, variances; fitted by k-means",
        title="data in clusters, fitted by k-means",
    )
    network: Network | None = Field(
        default=None,
        description="data, train, test, hidden, rate, loss, gradient",
        title="a network, trained on a data set",
    )
    data: Data | None = Field(
        default=None,
        description="file, columns, counts, unit, family, covariance, components, tied",
        title="fixed data from a file, fitted from many starts: a trial is a start",
    )
    sample_size: int = Field(
        ge=1,
        le=10**8,
        description="a whole number from 1 to 100,000,000",
        title="samples in a trial's data set",
        examples=[200],
    )
    estimate: Annotated[tuple[str, ...], BeforeValidator(as_tuple)] = Field(
        min_length=1,
        description="a list of the model's parameters; by default all that can be estimated",
        title="the parameters that are estimated; the others are known",
        examples=[["variances"]],
    )
    start: Annotated[
        Annotated[Components, Tag("given")]
        | Annotated[Ranges, Tag("ranges")]
        | Annotated[str, known(starts, "start"), Tag("rule")],
        Discriminator(_start_kind),
    ] = Field(
        description="values of the parameters, rule uniform with ranges, or a registered start rule",
        title="where every trial starts",
        examples=["moments", {"weights": [0.5, 0.5], "means": [-3, 3], "variances": [9, 9]}],
    )
    method: Annotated[str, known(methods, "method")] = Field(
        default=EM,
        description="em, a registered accelerator of it, or package.module:Name",
        title="how EM's fixed point is sought",
        examples=["squarem"],
    )
    noise: NoiseSettings = Field(
        default=NoiseSettings(),
        description="injection, screen, on_reject, decay, enters",
        title="the noise; its initial standard deviation is swept as sigma",
    )
    stop: Stop = Field(default=Stop(), description="rule, tol or below, max_iterations", title="when a trial ends")
    trace: Tracing | None = Field(
        default=None,
        description="horizon, limit, residuals",
        title="what is recorded of every step",
        examples=[{"horizon": 60}],
    )

    @property
    def system(self) -> System:
        """What makes the data, and the model that is fitted to them."""
        systems: list[System | None] = [getattr(self, kind) for kind in SYSTEMS]
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
        if system.samples is not None:
            decided["sample_size"] = system.samples
        return {**decided, **settings, given[0]: system}

    @model_validator(mode="after")
    def _consistent(self) -> TrialSettings:
        system = self.system
        model = system.model()
        if system.samples not in (None, self.sample_size):
            raise ValueError(
                f"sample_size is {self.sample_size}, but {system.kind} has {system.samples} samples; leave it out"
            )
        if len(set(self.estimate)) != len(self.estimate):
            raise ValueError(f"estimate names a parameter twice: {list(self.estimate)}")
        unknown = [name for name in self.estimate if name not in model.estimable]
        if unknown:
            raise ValueError(
                f"estimate holds {unknown[0]}, but family {model.family.name} estimates {', '.join(model.estimable)}"
            )
        system.check_start(self.start, self.estimate)
        if isinstance(self.start, str):
            starts.get(self.start).check(model)
            if self.start == "random-points" and self.sample_size < system.k:
                raise ValueError(
                    f"start random-points needs at least as many samples as components: sample_size is "
                    f"{self.sample_size}, {system.kind} has {system.k} components"
                )
        rule = self.stop.resolved()
        rule.check(model)
        if self.trace is not None and not rule.takes_tol:
            raise ValueError(
                f"trace records distances that a tol is compared with; stop rule {self.stop.rule} has none"
            )
        self.noise_at(0.0).check(model)
        if self.accelerator is not None:
            self.accelerator.check(model)
        return self

    @property
    def accelerator(self) -> Accelerator | None:
        """What takes the place of EM's loop."""
        return None if self.method == EM else methods.get(self.method)

    def check_noise(self, sigma: float) -> None:
        """Refuse a level of sigma above 0 that has no meaning with the method or the model.

        Raises
        ------
        ConfigError
        """
        if self.method != EM:
            raise ConfigError(
                f"method {self.method} takes no noise; give the methods a grid of their own, without sigma",
                path="sweep.sigma",
                value=sigma,
            )
        self.noise_at(sigma).check(self.system.model())

    def noise_at(self, sigma: float) -> em.Noise:
        """The noise of a level."""
        return Noise(sigma=sigma, **dict(self.noise)).resolved()

    def flat(self) -> dict[str, Any]:
        """Every setting that decides a trial's numbers, by its dotted path."""
        flat = flatten(self.model_dump(mode="json", include=set(TrialSettings.model_fields)))
        if self.method == EM:
            del flat["method"]  # as if it weren't there
        return flat


class Experiment(TrialSettings):
    """One experiment: a config file, with every default filled in."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$",
        description="letters, digits, dots, dashes and underscores",
        title="the experiment's name, and that of its folder below results/; the file's name by default",
        examples=["mine"],
    )
    title: Annotated[str, AfterValidator(_one_line)] = Field(
        default="",
        max_length=300,
        description="a line of text, at most 300 characters",
        title="what tables and figures are headed with",
        examples=["My experiment"],
    )
    sweep: Annotated[Sweep, BeforeValidator(as_sweep)] = Field(
        default=({"sigma": (0.0,)},),
        description="a mapping of settings to lists of values (or start, stop, num), or a list of such mappings",
        title="the levels: values of sigma, the noise's first standard deviation, and of other settings by their paths",
        examples=[
            {"sigma": [0, 0.5, 1]},
            {"sigma": {"start": 0, "stop": 2, "num": 41}},
            {"sigma": [1.9], "sample_size": [50, 200, 1000]},
            [{"sigma": [1.9]}, {"sigma": [0.44], "noise.injection": ["multiplicative"]}],
        ],
    )
    trials: int = Field(
        default=1000,
        ge=2,  # one says nothing of the spread: there would be no interval
        le=10**9,
        description="a whole number from 2 to 1,000,000,000; one trial has no interval",
        title="trials a level",
        examples=[1000],
    )
    seed: int = Field(
        default=1801,
        ge=0,
        lt=2**63,
        description="a whole number, 0 or more",
        title="what all random numbers follow from",
        examples=[1801],
    )
    bootstrap: Bootstrap = Field(
        default=Bootstrap(), description="resamples, confidence", title="how intervals are made"
    )
    figure: Figure = Field(
        default=Figure(),
        description="x, y, kind, rows, panels, log, log_y",
        title="how the run is drawn; changes no number",
    )

    @model_validator(mode="after")
    def _figure_shows_swept_settings(self) -> Experiment:
        swept = {"sigma", *self.swept}
        for name in ("x", "rows", "panels"):
            path = getattr(self.figure, name)
            if path is not None and path not in swept:
                raise ValueError(
                    f"figure.{name} must be a swept setting, one of {', '.join(sorted(swept))}; got {path}"
                )
        return self

    @property
    def swept(self) -> tuple[str, ...]:
        """The dotted paths that the sweep sets, each once, sigma left out."""
        return tuple(dict.fromkeys(path for grid in self.sweep for path in grid if path != "sigma"))

    @property
    def noisy_sigmas(self) -> list[float]:
        """The values of sigma above 0, in ascending order."""
        return sorted({value for grid in self.sweep for value in grid.get("sigma", ()) if value > 0})

    @property
    def trial_settings(self) -> TrialSettings:
        """The settings of a trial, without the sweep."""
        return TrialSettings.model_validate({name: getattr(self, name) for name in TrialSettings.model_fields})

    def identity(self) -> dict[str, Any]:
        """What makes this another experiment when it changes, by dotted path."""
        return self.flat() | {"seed": self.seed}
