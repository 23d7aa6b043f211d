"""Weighted moments of y+, the expected statistics of most families."""

from __future__ import annotations

import numpy as np

from nem_cli.em.arrays import FloatArray, by_sample
from nem_cli.em.posterior import Posterior
from nem_cli.em.theta import Theta


class Means:
    """Responsibility-weighted sums of y+ over the samples, about each trial's pivot p = sum_j alpha_j mu_j.

    Parameters
    ----------
    means : ndarray of shape (trials, K) or (trials, K, d)
        mu_j, of which only the pivot is made.
    shares : ndarray of shape (trials, K)
        alpha_j, likewise.

    Attributes
    ----------
    pivot : ndarray of shape (trials,) or (trials, d)
    mass : ndarray of shape (trials, K)
        sum_i r_ij.
    first : ndarray of the shape of means
        sum_i r_ij (y+_i - p).
    """

    def __init__(self, means: FloatArray, shares: FloatArray) -> None:
        self.pivot = np.einsum("tk,tk...->t...", shares, means)
        self.mass: FloatArray = np.zeros(means.shape[:2])
        self.first: FloatArray = np.zeros(means.shape)

    def add(self, rows: slice, y_dagger: FloatArray, posterior: Posterior, theta: Theta) -> None:
        """Add the sums over some samples of some trials.

        Parameters
        ----------
        y_dagger : ndarray of shape (trials, samples) or (trials, samples, d)
            The noisy data.
        posterior : Posterior
        """
        self._add(rows, y_dagger - by_sample(self.pivot[rows], y_dagger.shape[1]), posterior)

    def _add(self, rows: slice, x: FloatArray, posterior: Posterior) -> None:
        self.mass[rows] += posterior.mass
        self.first[rows] += posterior.sums(x)

    def mean(self) -> FloatArray:
        """Weighted means of y+, of the shape of `first`."""
        return np.asarray(self.pivot[:, None] + self._averages(self.first))

    def _averages(self, sums: FloatArray) -> FloatArray:
        """Sums of shape (trials, K, ...) over each component's mass."""
        return np.asarray((sums.T / self.mass.T).T)


class Moments(Means):
    """The same, and weighted sums of squares.

    About 0 the variance would cancel where the data lie far from it. About the pivot its relative error stays near the
    machine's, times the sample variance over the component's, which the guard on collapsed components bounds.

    Parameters
    ----------
    joint : bool
        Whether products of different coordinates are wanted too.

    Attributes
    ----------
    second : ndarray of the shape of means, or (trials, K, d, d) where it is joint
        sum_i r_ij (y+_i - p)^2.
    """

    def __init__(self, means: FloatArray, shares: FloatArray, joint: bool = False) -> None:
        super().__init__(means, shares)
        self.joint = joint
        self.second = np.zeros((*means.shape, means.shape[2]) if joint else means.shape)

    def _add(self, rows: slice, x: FloatArray, posterior: Posterior) -> None:
        super()._add(rows, x, posterior)
        self.second[rows] += posterior.scatter(x) if self.joint else posterior.sums(np.square(x, out=x))

    def variance(self, mean: FloatArray) -> FloatArray:
        """Weighted mean squares (or products) of y+ about given means, of the shape of `second`."""
        shift = mean - self.pivot[:, None]
        if not self.joint:
            return np.asarray(self._averages(self.second - 2 * shift * self.first) + shift * shift)
        cross = shift[..., :, None] * self.first[..., None, :]
        about = self._averages(self.second - cross - np.swapaxes(cross, -1, -2))
        return np.asarray(about + shift[..., :, None] * shift[..., None, :])
