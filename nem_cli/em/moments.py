"""Weighted moments of y+, the expected statistics of most families."""

from __future__ import annotations

import numpy as np

from nem_cli.em.arrays import FloatArray
from nem_cli.em.posterior import Posterior
from nem_cli.em.theta import Theta


class Moments:
    """Responsibility-weighted sums of y+ over the samples, about each trial's pivot p = sum_j alpha_j mu_j.

    About 0 the variance would cancel where the data lie far from it. About the pivot its relative error stays near the
    machine's, times the sample variance over the component's, which the guard on collapsed components bounds.

    Parameters
    ----------
    means, shares : ndarray of shape (trials, K)
        mu_j and alpha_j, of which only the pivot is made.

    Attributes
    ----------
    pivot : ndarray of shape (trials, 1)
    mass : ndarray of shape (trials, K)
        sum_i r_ij.
    first : ndarray of shape (trials, K)
        sum_i r_ij (y+_i - p).
    second : ndarray of shape (trials, K)
        sum_i r_ij (y+_i - p)^2.
    """

    def __init__(self, means: FloatArray, shares: FloatArray) -> None:
        self.pivot = np.einsum("tk,tk->t", shares, means)[:, None]
        self.mass, self.first, self.second = np.zeros((3, *means.shape))

    def add(self, rows: slice, y_dagger: FloatArray, posterior: Posterior, theta: Theta) -> None:
        """Add the sums over some samples of some trials.

        Parameters
        ----------
        y_dagger : ndarray of shape (trials, samples)
            The noisy data.
        posterior : Posterior
        """
        x = y_dagger - self.pivot[rows]
        self.mass[rows] += posterior.mass
        self.first[rows] += posterior.sums(x)
        x *= x
        self.second[rows] += posterior.sums(x)

    def mean(self) -> FloatArray:
        """Weighted means of y+, shape (trials, K)."""
        return np.asarray(self.pivot + self.first / self.mass)

    def variance(self, mean: FloatArray) -> FloatArray:
        """Weighted mean squares of y+ about given means, shape (trials, K)."""
        shift = mean - self.pivot
        return np.asarray((self.second - 2 * shift * self.first) / self.mass + shift * shift)
