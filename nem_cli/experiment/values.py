"""Values of a model's parameters as a config writes them: nested lists of finite numbers, each checked on its own."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, TypeAlias

import numpy as np
from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag

from nem_cli.experiment.settings import Choices

WEIGHT_TOLERANCE = 1e-9
NESTED = ("numbers", "lists")
"""Tags of how deep a value is nested; no part of a setting's path."""


def as_tuple(value: object) -> object:
    """Lists as tuples, however deep."""
    return tuple(as_tuple(item) for item in value) if isinstance(value, list | tuple) else value


def _nested(value: object) -> str:
    return NESTED[isinstance(value, tuple) and bool(value) and isinstance(value[0], tuple)]


def _law(weights: tuple[float, ...]) -> tuple[float, ...]:
    if not weights:
        raise ValueError("is empty; a mixture has at least one component")
    if min(weights) <= 0:
        raise ValueError(f"every weight must be above 0, but one is {min(weights)!r}")
    _sums_to_one(weights, "")
    return weights


def _transitions(rows: tuple[tuple[float, ...], ...]) -> tuple[tuple[float, ...], ...]:
    for number, row in enumerate(rows, start=1):
        if len(row) != len(rows):
            raise ValueError(
                f"must have a row and a column a state, but row {number} of {len(rows)} has {len(row)} numbers"
            )
        if min(row) < 0:
            raise ValueError(f"no probability may be below 0, but row {number} holds {min(row)!r}")
        _sums_to_one(row, f"row {number} ")
    return rows


def _sums_to_one(law: tuple[float, ...], what: str) -> None:
    if abs(math.fsum(law) - 1) > WEIGHT_TOLERANCE:
        raise ValueError(f"{what}must sum to 1, but {list(law)} sums to {math.fsum(law):.12g}")


def _positive(values: tuple[Any, ...]) -> tuple[Any, ...]:
    lowest = float(np.min(values, initial=1.0))
    if lowest <= 0:
        raise ValueError(f"every variance must be above 0, but one is {lowest!r}")
    return values


def _of_one_length(rows: tuple[tuple[Any, ...], ...]) -> tuple[tuple[Any, ...], ...]:
    for number, row in enumerate(rows, start=1):
        if not row or len(row) != len(rows[0]):
            raise ValueError(
                f"must be lists of one length, but the first has {len(rows[0])} numbers and list {number} {len(row)}"
            )
    return rows


Numbers: TypeAlias = Annotated[tuple[Annotated[float, Field(allow_inf_nan=False)], ...], BeforeValidator(as_tuple)]
Lists: TypeAlias = Annotated[tuple[Numbers, ...], AfterValidator(_of_one_length), BeforeValidator(as_tuple)]
NumbersOrLists: TypeAlias = Annotated[
    Annotated[Numbers, Tag("numbers")] | Annotated[Lists, Tag("lists")],
    Discriminator(_nested),
    BeforeValidator(as_tuple),
]
Law: TypeAlias = Annotated[Numbers, AfterValidator(_law)]
Transitions: TypeAlias = Annotated[Lists, AfterValidator(_transitions)]
Variances: TypeAlias = Annotated[NumbersOrLists, AfterValidator(_positive)]
Matrices: TypeAlias = Annotated[tuple[Lists, ...], BeforeValidator(as_tuple)]

MEANS = "K finite numbers, or K lists of them, a number a coordinate"
VARIANCES = "numbers above 0; left out where the family's variance follows from its mean"


class Values(Choices):
    """Settings among which are values of a model's parameters."""

    def values(self) -> dict[str, Any]:
        """Those that are set, by the parameter's name."""
        given = {name: getattr(self, name, None) for name in Components.model_fields}
        return {name: value for name, value in given.items() if value is not None}


def _ordered(ends: tuple[float, ...]) -> tuple[float, ...]:
    if len(ends) != 2 or ends[0] > ends[1]:
        raise ValueError(f"must be two numbers, the lower one first; got {list(ends)}")
    return ends


Range: TypeAlias = Annotated[Numbers, AfterValidator(_ordered)]


class Ranges(Values):
    """Start `uniform`: each parameter of each component uniform in a range, laws uniform over all laws."""

    rule: Literal["uniform"] = Field(description="uniform", title="draws within the ranges")
    means: Range | None = Field(
        default=None, description="two numbers, the lower one first", title="the range of the means", examples=[[0, 4]]
    )
    variances: Annotated[Range, AfterValidator(_positive)] | None = Field(
        default=None,
        description="two numbers above 0, the lower one first",
        title="the range of the variances",
        examples=[[1, 9]],
    )


class Components(Values):
    """A start's values, each where the model has the parameter."""

    weights: Law | None = Field(
        default=None,
        description="K numbers above 0 that sum to 1",
        title="the components' shares of the data",
        examples=[[0.5, 0.5]],
    )
    initial: Law | None = Field(
        default=None,
        description="a chain's first law: K numbers above 0 that sum to 1",
        title="the law of a sequence's first state",
        examples=[[0.5, 0.5]],
    )
    transitions: Transitions | None = Field(
        default=None,
        description="a chain's: K rows that sum to 1",
        title="the law of the next state, a row for each state",
        examples=[[[0.9, 0.1], [0.1, 0.9]]],
    )
    means: NumbersOrLists = Field(description=MEANS, title="the components' means", examples=[[-3, 3]])
    variances: Variances | None = Field(
        default=None, description=VARIANCES, title="the components' variances", examples=[[9, 9]]
    )
    covariances: Matrices | None = Field(
        default=None, description="K symmetric, positive definite matrices", title="the components' covariance matrices"
    )
