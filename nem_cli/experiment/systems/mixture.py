"""A mixture: independent samples, in one dimension or in several."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from nem_cli.em.families.gaussian_nd import COVARIANCES
from nem_cli.em.latents.independent import Independent
from nem_cli.em.model import Model
from nem_cli.experiment.registry import families, known
from nem_cli.experiment.systems.system import System
from nem_cli.experiment.values import MEANS, VARIANCES, Law, Matrices, NumbersOrLists, Variances


class Mixture(System):
    """A mixture that makes the data and is fitted to them; in several dimensions where it has a `covariance`."""

    kind: ClassVar[str] = "mixture"

    weights: Law = Field(
        description="K numbers above 0 that sum to 1", title="the components' shares of the data", examples=[[0.5, 0.5]]
    )
    means: NumbersOrLists = Field(
        description=MEANS, title="the components' means", examples=[[-2, 2], [[-2, -2], [2, 2]]]
    )
    variances: Variances | None = Field(
        default=None, description=VARIANCES, title="the components' variances", examples=[[4, 4]]
    )
    covariances: Matrices | None = Field(
        default=None,
        description="K symmetric, positive definite matrices",
        title="the components' covariance matrices",
        examples=[[[[4, 1], [1, 4]], [[4, 0], [0, 4]]]],
    )
    family: Annotated[str, known(families, "mixture.family")] = Field(
        default="gaussian",
        description="a registered family",
        title="the components' family of distributions",
        examples=["gaussian"],
    )
    covariance: Literal["spherical", "diagonal", "full"] | None = Field(
        default=None,
        description="spherical, diagonal or full, where the means are lists",
        title="what a component's covariance may be, in several dimensions",
        examples=["diagonal"],
    )

    @field_validator("covariance")
    @classmethod
    def _of_gaussians(cls, covariance: str | None, info: ValidationInfo) -> str | None:
        if covariance is not None and info.data.get("family", "gaussian") != "gaussian":
            raise ValueError("only family gaussian has covariances; leave covariance out")
        return covariance

    def model(self) -> Model:
        family = families.get(self.family) if self.covariance is None else COVARIANCES[self.covariance]
        return Model(Independent(), family)
