"""What a kind of system must provide."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from pydantic import model_validator

from nem_cli.em.arrays import FloatArray
from nem_cli.em.model import Model
from nem_cli.em.theta import Parameter, Theta
from nem_cli.experiment.grid import SettingError
from nem_cli.experiment.values import Components, Ranges, Values


class System(Values, ABC):
    """What makes the data, and the model that is fitted to them."""

    kind: ClassVar[str]
    """Its key in a config."""
    default_start: ClassVar[str] = "moments"
    measures: ClassVar[tuple[str, ...]] = ()
    """Names of what is measured of a trial's end besides its estimates; see `measured`."""

    @abstractmethod
    def model(self) -> Model:
        """The model that is fitted."""

    def source(self) -> Model:
        """The model that makes the data."""
        return self.model()

    def truth(self) -> Theta:
        """The fitted model's parameters that made the data, of one trial."""
        return self.model().theta(self.values())

    def draw(self, rng: np.random.Generator, trials: int, samples: int) -> FloatArray:
        """The data, shape (trials, samples) or (trials, samples, d)."""
        source = self.source()
        return source.sample(rng, source.theta(self.values()), (trials, samples))

    def require(self) -> None:
        """Nothing, where the data can be drawn.

        Raises
        ------
        ConfigError
            If an optional package that they come with isn't installed; results are read without it.
        """

    @property
    def samples(self) -> int | None:
        """How many samples a trial has where the system says it; None where the config's sample_size does."""
        return None

    @property
    def k(self) -> int:
        """The number of components."""
        return len(self.values()["means"])

    @property
    def width(self) -> int:
        """Numbers a sample."""
        first = self.values()["means"][0]
        return len(first) if isinstance(first, tuple) else 1

    @property
    def recorded(self) -> tuple[Parameter, ...]:
        """The parameters whose estimates are kept."""
        return self.model().parameters

    def measured(self, y: FloatArray, theta: Theta) -> dict[str, FloatArray]:
        """What `measures` names, each of shape (trials,), of the trials' last estimates."""
        return {}

    @model_validator(mode="after")
    def _goes_together(self) -> System:
        if "means" in self.values():
            self.check(self, self.source(), self.kind)
        return self

    def check_start(self, start: Components | Ranges | str, estimate: Sequence[str]) -> None:
        """Refuse values that don't go together or aren't of this model, ranges that aren't those of what is estimated.

        Raises
        ------
        ValueError
        """
        if isinstance(start, Components):
            components = len(start.means)
            if components != self.k:
                raise ValueError(f"start has {components} components, but {self.kind} has {self.k}")
            try:
                self.check(start, self.model(), "start")
            except SettingError as error:
                raise SettingError(f"start.{error.path}", str(error)) from None
        elif isinstance(start, Ranges):
            wanted = [each.name for each in self.model().parameters if each.name in estimate and each.kind != "law"]
            if sorted(wanted) != sorted(start.values()):
                raise ValueError(
                    f"start has ranges of {', '.join(start.values()) or 'nothing'}, but here uniform needs those of "
                    f"{', '.join(wanted) or 'nothing'}"
                )

    @staticmethod
    def check(given: Values, model: Model, where: str) -> None:
        """Refuse values that don't go together, or aren't of a model.

        Raises
        ------
        ValueError
            With a text that begins with `where`, or a `SettingError` where one setting is at fault.
        """
        values = given.values()
        names = [each.name for each in model.parameters]
        for name in values:
            if name not in names:
                raise ValueError(f"{where} has {name}, but its model has {', '.join(names)}")
        for each in model.latent.parameters:
            if each.name not in values:
                raise ValueError(f"{where} has no {each.name}, which law {model.latent.name} needs")
        if not len(values["means"]):
            raise SettingError("means", "is empty; a model has at least one component")
        model.family.check(values, where)
        first = next(iter(values))
        dimensions = len(values["means"][0]) if isinstance(values["means"][0], tuple) else 0
        for each in model.parameters:
            if each.name in values:
                _check_shape(each, np.shape(values[each.name]), each.shape(len(values[first]), dimensions), first)


def _check_shape(parameter: Parameter, found: tuple[int, ...], expected: tuple[int, ...], first: str) -> None:
    kinds = {1: "a number", 2: "a list of numbers", 3: "a matrix"}
    if len(found) != len(expected):
        raise SettingError(parameter.name, f"must have {kinds[len(expected)]} a component; has {kinds[len(found)]}")
    if found[0] != expected[0]:
        raise SettingError(parameter.name, f"must have {expected[0]} numbers, as many as {first}; has {found[0]}")
    if found != expected:
        shown = " by ".join(map(str, expected[1:]))
        raise SettingError(parameter.name, f"must have {shown} numbers a component, as the means have; has {found[1]}")
