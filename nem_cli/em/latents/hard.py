"""Z_i the likeliest component: k-means."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from nem_cli.em.arrays import FloatArray, IntArray, first_highest
from nem_cli.em.family import Family
from nem_cli.em.latent import Latent
from nem_cli.em.posterior import Posterior
from nem_cli.em.theta import Theta


class Hard(Latent):
    """Every sample belongs wholly to the component of the highest density; all components are as likely.

    With `gaussian_nd.Unit` this is Lloyd's algorithm for k-means. The likelihood is the classification likelihood: that
    of the samples, each at its own component.
    """

    name = "hard"

    def sample(self, rng: np.random.Generator, theta: Theta, shape: tuple[int, int]) -> IntArray:
        return rng.integers(0, theta.means.shape[1], shape)

    def posterior(self, family: Family, y: FloatArray, theta: Theta) -> Labels:
        return Labels(first_highest(family.log_ratios(y, theta)), family.components(theta))

    def log_likelihood(self, family: Family, y: FloatArray, theta: Theta) -> FloatArray:
        return np.asarray(family.log_densities(y, theta).max(axis=0).sum(axis=1))


class Labels(Posterior):
    """The component of every sample.

    Parameters
    ----------
    labels : ndarray of int, shape (trials, samples)
    components : int
        K.
    """

    def __init__(self, labels: IntArray, components: int) -> None:
        self.labels = labels
        self.components = components
        trials = len(labels)
        self._shape = (trials, components)
        self._bins = (labels + components * np.arange(trials)[:, None]).ravel()

    @cached_property
    def responsibilities(self) -> FloatArray:
        return np.asarray(self.labels == np.arange(self.components)[:, None, None], dtype=float)

    @cached_property
    def mass(self) -> FloatArray:
        return self._summed(None)

    def sums(self, x: FloatArray) -> FloatArray:
        if x.ndim == 2:
            return self._summed(x)
        return np.stack([self._summed(x[..., c]) for c in range(x.shape[2])], axis=2)

    def _summed(self, x: FloatArray | None) -> FloatArray:
        weights = None if x is None else x.ravel()
        size = self._shape[0] * self._shape[1]
        return np.bincount(self._bins, weights, size).reshape(self._shape).astype(float, copy=False)
