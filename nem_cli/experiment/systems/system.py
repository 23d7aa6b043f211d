"""What a kind of system must provide, and the values that a start may give."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from nem_cli.em.arrays import FloatArray
from nem_cli.em.model import Model
from nem_cli.em.theta import Parameter, Theta
from nem_cli.experiment.grid import SettingError
from nem_cli.experiment.settings import Choices
from nem_cli.experiment.values import Means, Variances, Weights


class Components(Choices):
    """Values of a model's parameters, each where the model has it."""

    weights: Weights | None = Field(default=None, description="K numbers above 0 that sum to 1")
    means: Means = Field(description="K finite numbers, or K lists of them, one of each coordinate")
    variances: Variances | None = Field(
        default=None, description="numbers above 0; left out where the family's variance follows from its mean"
    )

    def values(self) -> dict[str, Any]:
        """Those that are set, by the parameter's name."""
        given = {name: getattr(self, name) for name in Components.model_fields}
        return {name: value for name, value in given.items() if value is not None}


class System(Components, ABC):
    """A model, and the values that make its data."""

    kind: ClassVar[str]
    """Its key in a config."""

    @abstractmethod
    def model(self) -> Model:
        """The model that is fitted."""

    def truth(self) -> Theta:
        """The model's parameters that made the data, of one trial."""
        return self.model().theta(self.values())

    def data(self, rng: np.random.Generator, trials: int, samples: int) -> FloatArray:
        """Draw the data, shape (trials, samples) or (trials, samples, d)."""
        return self.model().sample(rng, self.truth(), (trials, samples))

    @property
    def components(self) -> int:
        """K."""
        return len(self.means)

    def check(self, given: Components, where: str) -> None:
        """Refuse values of the model's parameters, its own or a start's, that don't go together.

        Raises
        ------
        ValueError
            With a text that begins with `where`, or a `SettingError` where one setting is at fault.
        """
        model, values = self.model(), given.values()
        known = [each.name for each in model.parameters]
        for name in values:
            if name not in known:
                raise ValueError(f"{where} has {name}, but {self.kind} has {', '.join(known)}")
        model.family.check(values, where)
        dimensions = len(given.means[0]) if isinstance(given.means[0], tuple) else 0
        components = len(next(iter(values.values())))
        for each in model.parameters:
            if each.name in values:
                self._check_shape(each, np.shape(values[each.name]), each.shape(components, dimensions))

    @staticmethod
    def _check_shape(parameter: Parameter, found: tuple[int, ...], expected: tuple[int, ...]) -> None:
        kinds = {1: "a number", 2: "a list of numbers", 3: "a matrix"}
        if len(found) != len(expected):
            raise SettingError(parameter.name, f"must have {kinds[len(expected)]} a component; has {kinds[len(found)]}")
        if found[0] != expected[0]:
            raise SettingError(parameter.name, f"must have {expected[0]} numbers, as many as weights; has {found[0]}")
        if found != expected:
            raise SettingError(
                parameter.name, f"must have {expected[1]} numbers a component, as the means have; has {found[1]}"
            )
