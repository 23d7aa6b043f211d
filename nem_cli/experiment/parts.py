"""The parts of a config that every system has: noise, stop, bootstrap, figure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from nem_cli.em.stops import LossBelow, StopRule
from nem_cli.experiment.grid import SettingError
from nem_cli.experiment.registry import injections, known, screens, stop_rules
from nem_cli.experiment.settings import Choices, Settings


class NoiseSettings(Settings):
    """The mode of noise injection; its initial standard deviation is swept as sigma."""

    injection: Annotated[str, known(injections, "noise.injection")] = Field(
        default="additive",
        description="a registered injection, or package.module:Name",
        title="how noise n enters the data y: additive is y + n, multiplicative y n",
        examples=["multiplicative", "my_module:MyInjection"],
    )
    screen: Annotated[str, known(screens, "noise.screen")] = Field(
        default="every-component",
        description="a registered screen, or package.module:Name",
        title="which noise is let through",
        examples=["none"],
    )
    on_reject: Literal["redraw", "drop"] = Field(
        default="redraw",
        description="redraw or drop",
        title="what becomes of noise that the screen refuses: another draw, or no noise",
        examples=["drop"],
    )
    decay: float = Field(
        default=2.0,
        ge=0,
        description="tau, a finite number, 0 or more",
        title="how fast the noise cools: its standard deviation is sigma / k^decay in M-step k",
        examples=[1],
    )
    enters: Literal["m-step", "e-step"] = Field(
        default="m-step",
        description="m-step (Algorithm 1) or e-step",
        title="where the noise enters: in the M-step alone, or in the E-step too",
        examples=["e-step"],
    )


class Stop(Choices):
    """When a trial ends."""

    rule: Annotated[str, known(stop_rules, "stop.rule")] = Field(
        default="euclidean",
        description="a registered stop rule",
        title="what is compared between two M-steps",
        examples=["max-change"],
    )
    tol: float | None = Field(
        default=None,
        ge=0.1,
        le=300,
        description="an exponent, a number from 0.1 to 300, 2 by default: a trial ends below 10^-tol, so 2 means 0.01",
        title="the threshold's exponent",
        examples=[1.2],
    )
    below: float | None = Field(
        default=None,
        gt=0,
        description="for the rule loss: a trial ends below it",
        title="the loss at which training ends",
        examples=[0.2],
    )
    max_iterations: int = Field(
        default=1000,
        ge=1,
        le=10**7,
        description="a whole number from 1 to 10,000,000",
        title="the M-steps after which a trial ends in any case",
        examples=[500],
    )

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


class Tracing(Settings):
    """What is recorded of every step, whatever the stop rule says."""

    horizon: int = Field(
        ge=1, le=10_000, description="a whole number from 1 to 10,000", title="steps that are recorded", examples=[60]
    )
    limit: bool = Field(
        default=False,
        description="true to run plain EM on from the horizon to its end",
        title="whether plain EM runs on from the horizon",
        examples=[True],
    )
    residuals: bool = Field(
        default=False,
        description="true to record at every step how far one of plain EM would go",
        title="whether plain EM's next step is recorded",
        examples=[True],
    )


class Bootstrap(Settings):
    """How intervals are made."""

    resamples: int = Field(
        default=10_000,
        ge=1,
        le=10**6,
        description="a whole number from 1 to 1,000,000",
        title="bootstrap resamples behind each interval",
        examples=[2000],
    )
    confidence: float = Field(
        default=0.95,
        gt=0,
        lt=1,
        description="a number above 0 and below 1",
        title="the intervals' confidence",
        examples=[0.99],
    )


class Figure(Settings):
    """How the run is drawn; changes no number. Settings go by their dotted path and must be swept."""

    x: str = Field(
        default="sigma",
        description="a swept setting for the horizontal axis",
        title="the horizontal axis",
        examples=["sample_size"],
    )
    y: Literal["mean_iterations", "speedup_percent", "log_likelihood_gap"] = Field(
        default="mean_iterations",
        description="mean_iterations, speedup_percent or log_likelihood_gap",
        title="the vertical axis, or a heatmap's colour",
        examples=["speedup_percent"],
    )
    kind: Literal["curves", "heatmap"] = Field(
        default="curves", description="curves or heatmap", title="the kind of figure", examples=["heatmap"]
    )
    rows: str | None = Field(
        default=None,
        description="a swept setting for a heatmap's vertical axis",
        title="a heatmap's vertical axis",
        examples=["sample_size"],
    )
    panels: str | None = Field(
        default=None,
        description="a swept setting with a panel for each value",
        title="what the panels differ by",
        examples=["noise.injection"],
    )
    log: bool = Field(
        default=False,
        description="true for a logarithmic horizontal axis",
        title="whether the horizontal axis is logarithmic",
        examples=[True],
    )
    log_y: bool = Field(
        default=False,
        description="true for a logarithmic vertical axis",
        title="whether the vertical axis is logarithmic",
        examples=[True],
    )

    @model_validator(mode="after")
    def _distinct(self) -> Figure:
        if (self.kind == "heatmap") != (self.rows is not None):
            raise ValueError("a heatmap needs rows, the setting of its vertical axis, and curves have none")
        chosen = [path for path in (self.x, self.rows, self.panels) if path is not None]
        if len(set(chosen)) < len(chosen):
            raise ValueError(f"x, rows and panels must differ, but they are {', '.join(chosen)}")
        return self
