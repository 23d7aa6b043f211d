"""Values of a model's parameters as a config writes them: nested lists of finite numbers, each checked on its own."""

from __future__ import annotations

import math
from typing import Annotated, Any, TypeAlias

import numpy as np
from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag

WEIGHT_TOLERANCE = 1e-9
DEPTHS = ("numbers", "lists", "matrices")
"""Tags of how deep a value is nested; no part of a setting's path."""


def as_tuple(value: object) -> object:
    """Lists as tuples, however deep."""
    return tuple(as_tuple(item) for item in value) if isinstance(value, list | tuple) else value


def _depth(value: object) -> str:
    depth = 0
    while isinstance(value, list | tuple) and value and isinstance(value[0], list | tuple) and depth < 2:
        depth, value = depth + 1, value[0]
    return DEPTHS[depth]


def _a_law(weights: tuple[float, ...]) -> tuple[float, ...]:
    if not weights:
        raise ValueError("is empty; a mixture has at least one component")
    if min(weights) <= 0:
        raise ValueError(f"every weight must be above 0, but one is {min(weights)!r}")
    if abs(math.fsum(weights) - 1) > WEIGHT_TOLERANCE:
        raise ValueError(f"must sum to 1, but {list(weights)} sums to {math.fsum(weights):.12g}")
    return weights


def _positive(values: tuple[Any, ...]) -> tuple[Any, ...]:
    lowest = min((float(value) for value in np.ravel(np.array(_leaves(values), dtype=float))), default=1.0)
    if lowest <= 0:
        raise ValueError(f"every variance must be above 0, but one is {lowest!r}")
    return values


def _leaves(values: object) -> list[float]:
    return [leaf for item in values for leaf in _leaves(item)] if isinstance(values, tuple) else [values]  # type: ignore[list-item]


def _of_equal_lengths(rows: tuple[Any, ...]) -> tuple[Any, ...]:
    lengths = [len(row) for row in rows if isinstance(row, tuple)]
    for number, length in enumerate(lengths, start=1):
        if length != lengths[0] or not length:
            raise ValueError(
                f"the lists must be of one length, but the first has {lengths[0]} and number {number} has {length}"
            )
    return rows


Scalars: TypeAlias = Annotated[tuple[Annotated[float, Field(allow_inf_nan=False)], ...], BeforeValidator(as_tuple)]
Vectors: TypeAlias = Annotated[tuple[Scalars, ...], AfterValidator(_of_equal_lengths)]
Weights: TypeAlias = Annotated[Scalars, AfterValidator(_a_law)]
Means: TypeAlias = Annotated[
    Annotated[Scalars, Tag("numbers")] | Annotated[Vectors, Tag("lists")],
    Discriminator(_depth),
    BeforeValidator(as_tuple),
]
Variances: TypeAlias = Annotated[Means, AfterValidator(_positive)]
