"""Sets of admissible noise, and noise drawn from them.

A screen makes a set for a tile of data; the noise step draws from it. ``redraw`` draws from the noise's law conditioned
on the set, ``drop`` draws once and injects nothing where that fails, ``mean`` injects the conditioned law's mean.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Literal, TypeAlias

import numpy as np

from nem_cli.em import conditioned_normal
from nem_cli.em.arrays import BoolArray, FloatArray, IntArray
from nem_cli.em.injection import Injection

Way: TypeAlias = Literal["redraw", "drop", "mean"]
_FARTHEST = 1e100
"""In standard deviations; further out even the logarithm of the tail overflows."""


class AdmissibleSet(ABC):
    """Which noisy data y+ = phi(y, n) may take the place of y.

    A point is what is admitted or rejected as one: a coordinate of a sample, or a `whole` sample.
    """

    whole: bool = False

    @abstractmethod
    def contains(self, points: IntArray, y: FloatArray, y_dagger: FloatArray) -> BoolArray:
        """Whether noisy values are admitted.

        Parameters
        ----------
        points : ndarray of int, shape (n,)
            Which points of the tile they are, in its order.
        y, y_dagger : ndarray of shape (n,), or (n, d) for whole samples
        """

    def movable(self, points: int) -> IntArray:
        """Those of so many points where the set isn't the point y itself."""
        return np.arange(points)

    def draw(
        self, rng: np.random.Generator, injection: Injection, y: FloatArray, scale: float, way: Way
    ) -> FloatArray | None:
        """Noise of the shape of y and the given scale, drawn without trying; None where there is no such way."""
        slope = injection.slope(y)
        n = None if slope is None else self.standardised(rng, slope, scale, way)
        if n is not None:
            n *= scale
            n += injection.neutral
        return n

    def standardised(
        self, rng: np.random.Generator, slope: FloatArray | float, scale: float, way: Way
    ) -> FloatArray | None:
        """Such noise less the neutral one, over its scale, where phi is affine in it and the noise normal."""
        return None


class Everywhere(AdmissibleSet):
    """Any noise."""

    def contains(self, points: IntArray, y: FloatArray, y_dagger: FloatArray) -> BoolArray:
        return np.ones(len(points), dtype=bool)

    def draw(self, rng: np.random.Generator, injection: Injection, y: FloatArray, scale: float, way: Way) -> FloatArray:
        return injection.draw(rng, scale, y.size).reshape(y.shape)


class Box(AdmissibleSet):
    """Displacements of every coordinate between 0 and its reach.

    Parameters
    ----------
    reach : ndarray of the shape of y
        The furthest admissible displacement, signed; infinity is allowed.
    """

    def __init__(self, reach: FloatArray) -> None:
        self.reach = reach

    def contains(self, points: IntArray, y: FloatArray, y_dagger: FloatArray) -> BoolArray:
        d, reach = y_dagger - y, self.reach.ravel()[points]
        return np.asarray((np.minimum(reach, 0) <= d) & (d <= np.maximum(reach, 0)))

    def movable(self, points: int) -> IntArray:
        return np.flatnonzero(self.reach != 0)

    def standardised(self, rng: np.random.Generator, slope: FloatArray | float, scale: float, way: Way) -> FloatArray:
        movable = self.movable(self.reach.size)
        sd = scale * (slope if isinstance(slope, float) else slope.take(movable))
        with np.errstate(divide="ignore", over="ignore"):  # sd near 0 (y near 0, multiplicative): any noise will do
            bound = self.reach.take(movable)
            bound /= sd
        if way == "redraw":
            drawn = conditioned_normal.between(rng, bound)
        elif way == "mean":
            drawn = conditioned_normal.mean_between(bound)
        else:
            drawn = rng.standard_normal(bound.size)
            drawn[(drawn < np.minimum(bound, 0)) | (drawn > np.maximum(bound, 0))] = 0
        z = np.zeros(self.reach.size)
        z[movable] = drawn
        return z.reshape(self.reach.shape)


class Outside(AdmissibleSet):
    """Displacements d <= a or d >= b, in one dimension.

    Parameters
    ----------
    a, b : ndarray of the shape of y
        a <= 0 <= b.
    """

    def __init__(self, a: FloatArray, b: FloatArray) -> None:
        self.a, self.b = a, b

    def contains(self, points: IntArray, y: FloatArray, y_dagger: FloatArray) -> BoolArray:
        d = y_dagger - y
        return np.asarray((d <= self.a.ravel()[points]) | (d >= self.b.ravel()[points]))

    def standardised(self, rng: np.random.Generator, slope: FloatArray | float, scale: float, way: Way) -> FloatArray:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            ends = np.stack([end / (slope * scale) for end in (self.a, self.b)])
        a, b = ends.min(axis=0), ends.max(axis=0)
        moved = np.minimum(-a, b) < _FARTHEST  # else sd is 0 or next to it: no noise gets y out of the gap
        a, b = a[moved], b[moved]
        z = np.zeros(self.a.shape)
        if way == "redraw":
            z[moved] = conditioned_normal.outside(rng, a, b)
        else:
            drawn = rng.standard_normal(a.size)
            drawn[(drawn > a) & (drawn < b)] = 0
            z[moved] = drawn
        return z


class HalfSpace(AdmissibleSet):
    """Displacements d of a sample with normal . d >= 0.

    Parameters
    ----------
    normal : ndarray of shape (trials, samples, d)
    """

    whole = True

    def __init__(self, normal: FloatArray) -> None:
        self.normal = normal

    def contains(self, points: IntArray, y: FloatArray, y_dagger: FloatArray) -> BoolArray:
        normal = self.normal.reshape(-1, y.shape[-1])[points]
        return np.asarray(np.einsum("nd,nd->n", normal, y_dagger - y) >= 0)

    def standardised(self, rng: np.random.Generator, slope: FloatArray | float, scale: float, way: Way) -> FloatArray:
        across: FloatArray = self.normal * slope  # of the standard normals that the noise is made of
        if way == "mean":  # along the normal a half-normal remains, across it nothing
            length = np.linalg.norm(across, axis=-1, keepdims=True)
            z: FloatArray = np.divide(across, length, out=np.zeros_like(across), where=length > 0)
            z *= math.sqrt(2 / math.pi)
        else:
            z = rng.standard_normal(across.shape)
            fails = np.einsum("tnd,tnd->tn", across, z) < 0
            if way == "redraw":  # the law is symmetric: what fails has its mirror image inside
                np.negative(z, out=z, where=fails[..., None])
            else:
                z[fails] = 0
        return z


class Ball(AdmissibleSet):
    """Displacements d of a sample with |d - c| <= |c|.

    Parameters
    ----------
    centre : ndarray of shape (trials, samples, d)
        c, the middle of the ball, on whose surface the sample lies.
    """

    whole = True

    def __init__(self, centre: FloatArray) -> None:
        self.centre = centre

    def contains(self, points: IntArray, y: FloatArray, y_dagger: FloatArray) -> BoolArray:
        d, centre = y_dagger - y, self.centre.reshape(-1, y.shape[-1])[points]
        return np.asarray(np.einsum("nd,nd->n", d, d) <= 2 * np.einsum("nd,nd->n", d, centre))
