"""Theta: the parameters of a batch of trials, and what each of them is."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike

from nem_cli.em.arrays import BoolArray, FloatArray, IntArray


class Theta:
    """Named arrays of shape (trials, ...), which formulas read as attributes: ``theta.means``.

    Parameters
    ----------
    arrays : dict of str to ndarray
        The model's parameters in its order, then what a family derives from them.
    """

    def __init__(self, arrays: Mapping[str, FloatArray]) -> None:
        self.arrays = arrays
        self.__dict__.update(arrays)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> FloatArray: ...

    @classmethod
    def of(cls, trials: int = 1, **values: ArrayLike) -> Theta:
        """The same values for each of `trials` trials."""
        arrays = {name: np.asarray(value, dtype=float) for name, value in values.items()}
        return cls({name: np.tile(value, (trials,) + (1,) * value.ndim) for name, value in arrays.items()})

    @classmethod
    def joined(cls, parts: Sequence[Theta]) -> Theta:
        """The parameters of all trials of several thetas with the same names."""
        return cls({name: np.concatenate([part.arrays[name] for part in parts]) for name in parts[0].names})

    @property
    def names(self) -> tuple[str, ...]:
        """The names in order."""
        return tuple(self.arrays)

    @property
    def trials(self) -> int:
        """The number of trials."""
        return len(next(iter(self.arrays.values())))

    def take(self, trials: BoolArray | IntArray | slice) -> Theta:
        """The parameters of some of the trials."""
        return Theta({name: values[trials] for name, values in self.arrays.items()})

    def repeated(self, trials: int) -> Theta:
        """One trial's parameters, for each of so many trials."""
        return self.take(np.zeros(trials, dtype=np.int64))

    def put(self, trials: BoolArray | IntArray, other: Theta) -> None:
        """Overwrite the parameters of some of the trials, in place."""
        for name, values in self.arrays.items():
            values[trials] = other.arrays[name]

    def where(self, chosen: BoolArray, other: Theta) -> Theta:
        """These parameters in the chosen trials, the other ones elsewhere."""
        if chosen.all():
            return self
        return Theta(
            {
                name: np.where(chosen.reshape(-1, *(1,) * (values.ndim - 1)), values, other.arrays[name])
                for name, values in self.arrays.items()
            }
        )

    def copy(self) -> Theta:
        """A copy that shares no memory."""
        return Theta({name: values.copy() for name, values in self.arrays.items()})

    def replace(self, **arrays: FloatArray) -> Theta:
        """With some arrays replaced, or added at the end."""
        return Theta({**self.arrays, **arrays})

    def flat(self, estimate: Iterable[str]) -> FloatArray:
        """All entries of the parameters of these names, in theta's order, shape (trials, p)."""
        chosen = [values.reshape(self.trials, -1) for name, values in self.arrays.items() if name in estimate]
        return np.concatenate(chosen, axis=1)


ROUNDING = 1e-15
"""The last probability of a law, 1 less the others, is 0 where it is no larger than this."""


@dataclass(frozen=True)
class Parameter:
    """What one of a model's parameters is.

    Parameters
    ----------
    name, singular : str
        In configs, and in the columns of csv files.
    axes : str
        A letter an axis of one trial's values: k for the components, d for the coordinates.
    kind : {"plain", "law", "variance", "covariance"}
        A law sums to 1 over its last axis; variances and covariances have the data's unit squared.
    compared : bool
        Whether the stop rules look at it.
    tied : bool
        Whether all components have the same value.
    """

    name: str
    singular: str
    axes: str
    kind: Literal["plain", "law", "variance", "covariance"] = "plain"
    compared: bool = True
    tied: bool = False

    def shape(self, components: int, dimensions: int) -> tuple[int, ...]:
        """Of one trial's values."""
        return tuple(components if axis == "k" else dimensions for axis in self.axes)

    def free(self, values: FloatArray) -> FloatArray:
        """The entries that the others don't follow from, shape (trials, any): but for the last probability of a law."""
        if self.tied:
            values = values[:, :1]
        if self.kind == "law":
            values = values[..., :-1]
        elif self.kind == "covariance":
            values = values[..., *np.triu_indices(values.shape[-1])]
        return values.reshape(len(values), -1)

    def whole(self, free: FloatArray, shape: Sequence[int]) -> FloatArray:
        """From what `free` gives, values of (trials, *shape)."""
        if self.tied:
            one = dataclasses.replace(self, tied=False).whole(free, (1, *shape[1:]))
            return np.repeat(one, shape[0], axis=1)
        if self.kind == "law":
            free = free.reshape(len(free), *shape[:-1], shape[-1] - 1)
            last = 1 - free.sum(axis=-1, keepdims=True)
            return np.concatenate([free, np.where(np.abs(last) < ROUNDING, 0, last)], axis=-1)
        if self.kind == "covariance":
            values = np.empty((len(free), *shape))
            i, j = np.triu_indices(shape[-1])
            values[..., i, j] = values[..., j, i] = free.reshape(len(free), *shape[:-2], -1)
            return values
        return free.reshape(len(free), *shape)

    def in_units(self, values: FloatArray) -> FloatArray:
        """All entries on the data's scale, shape (trials, any): variances as standard deviations, with correlations."""
        if self.tied:
            values = values[:, :1]
        if self.kind == "variance":
            values = np.sqrt(values)
        elif self.kind == "covariance":
            sd = np.sqrt(np.einsum("...cc->...c", values))
            above = np.triu_indices(values.shape[-1], 1)
            correlations = (values / (sd[..., :, None] * sd[..., None, :]))[..., *above]
            values = np.concatenate([sd, correlations], axis=-1)
        return values.reshape(len(values), -1)

    def columns(self, shape: Sequence[int]) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Names in csv files with the index of each entry: ``mean_1_2``, ``covariance_1_12``, ``transition_12``.

        Parameters
        ----------
        shape : sequence of int
            Of one trial's values.
        """
        square = 2 if self.axes[-2:] in ("kk", "dd") else 0
        for index in np.ndindex(*shape):
            if self.kind == "covariance" and index[-2] > index[-1]:
                continue  # symmetric
            numbers = [str(i + 1) for i in index]
            alone, pair = numbers[: len(numbers) - square], numbers[len(numbers) - square :]
            together = [("" if max(shape) < 10 else "_").join(pair)] if pair else []
            yield "_".join([self.singular, *alone, *together]), index
