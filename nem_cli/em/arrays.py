"""The array types of the em floor."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float64]
BoolArray: TypeAlias = NDArray[np.bool_]
IntArray: TypeAlias = NDArray[np.int64]


def by_sample(values: FloatArray, samples: int) -> FloatArray:
    """What each trial has, beside its samples: shape (trials, samples, d), or (trials, 1) of a number a trial.

    Vectors are repeated, since numpy takes several times as long to broadcast them: its inner loop is then as short.
    """
    return values[:, None] if values.ndim == 1 else np.repeat(values[:, None], samples, axis=1)


def reduced(ufunc: np.ufunc, values: NDArray[Any]) -> NDArray[Any]:
    """``ufunc.reduce(values, axis=1)`` in any order: numpy takes ten times as long for a short axis."""
    return np.asarray(ufunc.reduce(values.swapaxes(0, 1).copy(), axis=0))


def first_highest(values: FloatArray) -> IntArray:
    """``values.argmax(axis=1)``, the first of equals: numpy takes twice as long for a short axis."""
    highest = np.maximum.reduce(values, axis=1)
    below = np.ones(highest.shape, dtype=bool)
    found = np.zeros(highest.shape, dtype=np.int64)
    for j in range(values.shape[1] - 1):  # how many come before it
        below &= values[:, j] < highest
        found += below
    return found


def all_of(truths: BoolArray) -> BoolArray:
    """Whether all entries of a trial are true, shape (trials,)."""
    return reduced(np.logical_and, truths.reshape(len(truths), -1))
