"""How the densities f(y | j) change when y moves: what screens make their sets of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from nem_cli.em.arrays import FloatArray, by_sample, reduced


@dataclass(frozen=True, eq=False)
class Modes:
    """Every density falls with the distance from its mode.

    Parameters
    ----------
    modes : ndarray of shape (trials, K) or (trials, K, d)
    beyond : float
        From y to the furthest point where the density is as high, over the distance to the mode: 2 where it is
        symmetric, 1 where there is nothing beyond the mode.
    precisions : ndarray of shape (trials, K)
        Weights of the squared distances in log f, for averages over j in one dimension.
    """

    modes: FloatArray
    beyond: float
    precisions: FloatArray

    def reach(self, y: FloatArray) -> FloatArray:
        """The furthest displacement by which no density falls, a coordinate at a time, signed, of the shape of y.

        A displacement d of a coordinate lowers none of them just where it lies between 0 and this. For symmetric
        densities in one dimension, equations (23) and (25): |y+ - mu_j| <= |y - mu_j| for every j, so only the
        outermost modes matter.
        """
        low, high = self._outermost(y.shape[1])
        w: FloatArray = np.maximum(y, low)
        np.minimum(w, high, out=w)
        w -= y  # from outside of the modes to the nearest one, 0 between them
        w *= self.beyond
        return w

    def average_reach(self, y: FloatArray, r: FloatArray) -> FloatArray:
        """Like `reach`, for the average sum_j r_j log f(y | j), in one dimension.

        |y+ - m| <= |y - m| with m = sum_j (r_j mu_j / sigma_j^2) / sum_j (r_j / sigma_j^2).
        """
        total = np.einsum("ktn,tk->tn", r, self.precisions)
        w: FloatArray = np.einsum("ktn,tk->tn", r, self.precisions * self.modes)
        w /= total
        w -= y
        w *= self.beyond
        return w

    def gap(self, y: FloatArray, support: tuple[float, float]) -> tuple[FloatArray, FloatArray]:
        """Ends (a, b), a <= 0 <= b, of the displacements that make y more probable for at least one j, one dimension.

        So f(y + d | j) <= f(y | j) for every j just where d <= a or d >= b: outside of the mirror images of y in the
        outermost modes. An end that would leave the support is infinite.
        """
        low, high = self._outermost(y.shape[1])
        a, b = np.minimum(self.beyond * (low - y), 0), np.maximum(self.beyond * (high - y), 0)
        return np.where(y + a <= support[0], -np.inf, a), np.where(y + b >= support[1], np.inf, b)

    def _outermost(self, samples: int) -> tuple[FloatArray, FloatArray]:
        low, high = (by_sample(reduced(ufunc, self.modes), samples) for ufunc in (np.minimum, np.maximum))
        return low, high


@dataclass(frozen=True, eq=False)
class Linear:
    """K = 1 and log f(y + d) - log f(y) = direction . d.

    Parameters
    ----------
    direction : ndarray of the shape of y
    """

    direction: FloatArray

    def reach(self, y: FloatArray) -> FloatArray:
        """See `Modes.reach`."""
        return np.asarray(np.where(self.direction == 0, 0, np.copysign(np.inf, self.direction)))


@dataclass(frozen=True, eq=False)
class Around:
    """K = 1 and log f falls with the distance of y from a centre, alike in all directions; each sample has its own.

    Parameters
    ----------
    centre : ndarray of the shape of y
    """

    centre: FloatArray

    def reach(self, y: FloatArray) -> FloatArray:
        """See `Modes.reach`."""
        return np.asarray(2 * (self.centre - y))


Geometry: TypeAlias = Modes | Linear | Around
