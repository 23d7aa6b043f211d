"""What an E-step knows of the hidden Z, as an M-step uses it: a weighting of the samples."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property

import numpy as np

from nem_cli.em.arrays import FloatArray


class Posterior(ABC):
    """p(Z | y, theta) over a tile of trials and samples."""

    @property
    @abstractmethod
    def responsibilities(self) -> FloatArray:
        """p(Z_i = j | y, theta), shape (K, trials, samples); sums to 1 over the first axis."""

    @cached_property
    def mass(self) -> FloatArray:
        """sum_i r_ij, shape (trials, K)."""
        return np.asarray(self.responsibilities.sum(axis=2).T)

    def sums(self, x: FloatArray) -> FloatArray:
        """sum_i r_ij x_i for x of shape (trials, samples) or (trials, samples, d): (trials, K) or (trials, K, d)."""
        if x.ndim == 2:
            return np.asarray(np.einsum("ktn,tn->tk", self.responsibilities, x))
        return np.asarray(self.responsibilities.transpose(1, 0, 2) @ x)

    def scatter(self, x: FloatArray) -> FloatArray:
        """sum_i r_ij x_i x_i' for x of shape (trials, samples, d), shape (trials, K, d, d)."""
        transposed = x.transpose(0, 2, 1)
        return np.stack([(transposed * r[:, None, :]) @ x for r in self.responsibilities], axis=1)


class Responsibilities(Posterior):
    """Shares of every value of Z.

    Parameters
    ----------
    r : ndarray of shape (K, trials, samples)
    """

    def __init__(self, r: FloatArray) -> None:
        self.r = r

    @property
    def responsibilities(self) -> FloatArray:
        return self.r
