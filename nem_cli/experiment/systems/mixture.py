"""A mixture: independent samples."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, field_validator

from nem_cli.em.latents.independent import Independent
from nem_cli.em.model import Model
from nem_cli.experiment.registry import families
from nem_cli.experiment.systems.system import System
from nem_cli.experiment.values import Weights


class Mixture(System):
    """A mixture that makes the data and is fitted to them."""

    kind: ClassVar[str] = "mixture"

    weights: Weights = Field(description="K numbers above 0 that sum to 1")
    family: str = Field(default="gaussian", description="a registered family")

    @field_validator("family")
    @classmethod
    def _known(cls, name: str) -> str:
        families.get(name, path="mixture.family")
        return name

    def model(self) -> Model:
        return Model(Independent(), families.get(self.family))
