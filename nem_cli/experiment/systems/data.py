"""Fixed data from a file, fitted from many starts: a trial is a start."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from nem_cli.em.arrays import FloatArray
from nem_cli.em.families.gaussian_nd import COVARIANCES
from nem_cli.em.families.gaussian_tied import TiedGaussian
from nem_cli.em.latents.independent import Independent
from nem_cli.em.model import Model
from nem_cli.em.theta import Theta
from nem_cli.errors import ConfigError
from nem_cli.experiment.fixed_data import digest, read_columns
from nem_cli.experiment.grid import SettingError
from nem_cli.experiment.registry import families, known
from nem_cli.experiment.systems.system import System
from nem_cli.experiment.values import Components, Ranges, as_tuple

Positive = Annotated[float, Field(gt=0)]


class Data(System):
    """The columns of a csv file, and the mixture that is fitted to them."""

    kind: ClassVar[str] = "data"
    default_start: ClassVar[str] = "random-points"

    file: str = Field(
        description="a csv file from the current folder, or one that comes with nem",
        title="where the data are",
        examples=["faithful.csv"],
    )
    columns: Annotated[tuple[str, ...], BeforeValidator(as_tuple)] = Field(
        min_length=1,
        description="a list of the file's columns; several are the coordinates of one point",
        title="the columns that are the data",
        examples=[["waiting"]],
    )
    counts: str | None = Field(
        default=None,
        description="a column that says how often each row stands in the data",
        title="how often each row stands in the data",
        examples=["days"],
    )
    unit: Annotated[Positive | tuple[Positive, ...], BeforeValidator(as_tuple)] = Field(
        default=1.0,
        description="a number above 0, or one a column: the data are divided by it",
        title="the data are divided by it",
        examples=[1000],
    )
    family: Annotated[str, known(families, "data.family")] = Field(
        default="gaussian",
        description="a registered family",
        title="the family of the components' densities",
        examples=["poisson"],
    )
    components: int = Field(
        ge=1,
        le=1000,
        description="K, a whole number from 1 to 1,000",
        title="K, the number of components",
        examples=[2],
    )
    covariance: Literal["spherical", "diagonal", "full"] | None = Field(
        default=None,
        description="spherical, diagonal or full, where columns are several",
        title="the components' covariances",
        examples=["full"],
    )
    tied: bool = Field(
        default=False,
        description="true for one variance for all components",
        title="whether all components have one variance",
        examples=[True],
    )
    digest: Annotated[str, Field(validate_default=True)] = Field(
        default="",
        description="what the data's numbers are known by; leave it out, and it is filled in",
        title="what the data's numbers are known by",
        examples=["0123456789abcdef"],
    )

    @field_validator("digest")
    @classmethod
    def _of_these_numbers(cls, given: str, info: ValidationInfo) -> str:
        names = ("file", "columns", "counts", "unit", "family")
        if any(name not in info.data for name in names):  # their own messages say what is wrong
            return given
        file, columns, counts, unit, family = (info.data[name] for name in names)
        y = _samples(file, columns, counts, unit)
        inside = families.get(family).inside(y)
        if not inside.all():
            raise ConfigError(
                f"family {family} can't have made these data: a value lies outside of its support",
                path="data.columns",
                value=float(y[~inside][0]),
            )
        found = digest(y)
        if given not in ("", found):
            raise ConfigError(
                f"the data of {file} aren't those that this config was made with: their digest is {found}; leave "
                "digest out to take them",
                path="data.digest",
                value=given,
            )
        return found

    @model_validator(mode="after")
    def _has_a_model(self) -> Data:
        if self.tied and (self.family, self.covariance) != ("gaussian", None):
            raise SettingError("tied", "only family gaussian in one dimension has a variance to tie; leave tied out")
        if self.covariance is not None and self.family != "gaussian":
            raise SettingError("covariance", "only family gaussian has covariances; leave covariance out")
        if (len(self.columns) > 1) != (self.covariance is not None):
            raise SettingError("covariance", "several columns need spherical, diagonal or full, and one has none")
        if len(set(self.columns)) < len(self.columns):
            raise SettingError("columns", f"names a column twice: {', '.join(self.columns)}")
        return self

    @property
    def y(self) -> FloatArray:
        """The data, shape (samples,) or (samples, d), read-only.

        Raises
        ------
        ConfigError
            If they aren't what they were when the config was read.
        """
        return _known_by(self.digest, self.file, self.columns, self.counts, self.unit)

    @property
    def samples(self) -> int:
        return len(self.y)

    @property
    def k(self) -> int:
        return self.components

    @property
    def width(self) -> int:
        return len(self.columns)

    def model(self) -> Model:
        if self.covariance is not None:
            return Model(Independent(), COVARIANCES[self.covariance])
        return Model(Independent(), TiedGaussian() if self.tied else families.get(self.family))

    def truth(self) -> Theta:
        """Nobody knows it: all NaN, in the shapes of the model's parameters."""
        return self.model().filled(np.nan, self.k, self.width)

    def draw(self, rng: np.random.Generator, trials: int, samples: int) -> FloatArray:
        return np.broadcast_to(self.y, (trials, *self.y.shape))

    def check_start(self, start: Components | Ranges | str, estimate: Sequence[str]) -> None:
        """Refuse as well a start that would need what nobody knows of these data."""
        super().check_start(start, estimate)
        if isinstance(start, Components):
            width = len(start.means[0]) if isinstance(start.means[0], tuple) else 1
            if width != self.width:
                raise ValueError(f"start has means of {width} coordinates, but data has {self.width} columns")
            return
        if start == "truth":
            raise ValueError("start truth needs data that are drawn; with data from a file use another rule, or values")
        unknown = [name for name in self.model().estimable if name not in estimate]
        if unknown:
            raise ValueError(
                f"estimate leaves out {unknown[0]}, which nobody knows of data from a file; give start its value"
            )


def _samples(file: str, columns: tuple[str, ...], counts: str | None, unit: float | tuple[float, ...]) -> FloatArray:
    y = read_columns(file, columns, counts)
    if np.size(unit) not in (1, len(columns)):
        raise ConfigError(f"has {np.size(unit)} numbers, but columns has {len(columns)}", path="data.unit")
    y = np.asarray(y / np.array(unit))
    y.flags.writeable = False
    return y


@functools.lru_cache(maxsize=8)
def _known_by(
    wanted: str, file: str, columns: tuple[str, ...], counts: str | None, unit: float | tuple[float, ...]
) -> FloatArray:
    y = _samples(file, columns, counts, unit)
    if digest(y) != wanted:
        raise ConfigError("these data have changed since the config was read", path="data.file", value=file)
    return y
