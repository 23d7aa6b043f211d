"""A mixture fitted to one data set."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from nem_cli.em.arrays import FloatArray
from nem_cli.em.families.gaussian import Gaussian
from nem_cli.em.noise import Noise
from nem_cli.em.parameters import Parameters
from nem_cli.em.posterior import responsibilities
from nem_cli.em.status import Status


@dataclass(frozen=True, eq=False)
class Fit:
    """A Gaussian mixture fitted to one data set; everything is in the data's unit.

    Parameters
    ----------
    weights, means, variances : ndarray of shape (K,)
        In the order of the means.
    log_likelihood : float
        Total natural log-likelihood of the data.
    samples : int
        How many values were fitted.
    noise : Noise
        What was injected, to the standardised data; sigma 0 is plain EM.
    m_steps : int
        M-steps until the stop rule held; the start isn't counted.
    polish_steps : int
        Further M-steps, without noise, until no parameter moved any more; 0 where there was no polish.
    status : Status
        How the last of them ended. A degenerate fit holds the last sound estimate.
    restarts, degenerate_restarts : int
        Starts tried, of which this fit is the best, and how many of them degenerated.
    mean_m_steps, mean_polish_steps : float
        Means over all starts. The best start's own counts say little where several starts end in the same place.
    """

    weights: FloatArray
    means: FloatArray
    variances: FloatArray
    log_likelihood: float
    samples: int
    noise: Noise
    m_steps: int
    polish_steps: int
    status: Status
    restarts: int
    degenerate_restarts: int
    mean_m_steps: float
    mean_polish_steps: float

    @property
    def components(self) -> int:
        """K."""
        return len(self.weights)

    @property
    def standard_deviations(self) -> FloatArray:
        """Of the components, shape (K,)."""
        return np.asarray(np.sqrt(self.variances))

    @property
    def bic(self) -> float:
        """The Bayesian information criterion (3K - 1) log n - 2 L (Schwarz 1978); smaller is better."""
        return (3 * self.components - 1) * math.log(self.samples) - 2 * self.log_likelihood

    def responsibilities(self, y: ArrayLike) -> FloatArray:
        """p(Z = j | y), shape (n, K), for values of shape (n,); each row sums to 1."""
        row = np.asarray(y, dtype=float).reshape(1, -1)
        return responsibilities(Gaussian(), row, self._theta())[:, 0].T

    def densities(self, y: ArrayLike) -> FloatArray:
        """weights[j] f(y | j), shape (n, K), for values of shape (n,)."""
        column = np.asarray(y, dtype=float).reshape(-1, 1)
        family = Gaussian()
        log_f = family.log_kernel(column, self.means, self.variances)
        return self.weights * np.exp(log_f + family.log_normaliser(self.means, self.variances))

    def density(self, y: ArrayLike) -> FloatArray:
        """The mixture's density, shape (n,), for values of shape (n,)."""
        return np.asarray(self.densities(y).sum(axis=1))

    def _theta(self) -> Parameters:
        return Parameters(self.weights[None], self.means[None], self.variances[None])
