"""Theta: the weights, means and variances of a batch of mixtures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nem_cli.em.arrays import BoolArray, FloatArray, IntArray

PARAMETERS = ("weights", "means", "variances")
"""The parameters that an experiment may estimate, in the order in which theta lists them."""


@dataclass(frozen=True)
class Parameters:
    """Theta = (alpha, mu, sigma^2) of a batch of K-component mixtures.

    Parameters
    ----------
    weights, means, variances : ndarray of shape (trials, K)
        A family whose variance follows from its mean keeps it here all the same.
    """

    weights: FloatArray
    means: FloatArray
    variances: FloatArray

    @classmethod
    def of(
        cls, weights: Sequence[float], means: Sequence[float], variances: Sequence[float], trials: int = 1
    ) -> Parameters:
        """The same parameters for each of `trials` trials."""
        return cls(*(np.tile(np.asarray(values, dtype=float), (trials, 1)) for values in (weights, means, variances)))

    @property
    def components(self) -> int:
        """K, the number of components."""
        return int(self.weights.shape[1])

    def take(self, trials: BoolArray | IntArray | slice) -> Parameters:
        """The parameters of some of the trials."""
        return Parameters(self.weights[trials], self.means[trials], self.variances[trials])

    def put(self, trials: BoolArray | IntArray, other: Parameters) -> None:
        """Overwrite the parameters of some of the trials, in place."""
        self.weights[trials] = other.weights
        self.means[trials] = other.means
        self.variances[trials] = other.variances

    def copy(self) -> Parameters:
        """A copy that shares no memory."""
        return Parameters(self.weights.copy(), self.means.copy(), self.variances.copy())
