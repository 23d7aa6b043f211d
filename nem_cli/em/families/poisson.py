"""Poisson masses."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

from nem_cli.em.arrays import BoolArray, FloatArray, IntArray
from nem_cli.em.families.positive import Positive
from nem_cli.em.theta import Theta


class Poisson(Positive):
    """Y | Z = j Poisson with mean and variance mu_j, y = 0, 1, 2, ..."""

    name = "poisson"
    discrete = True

    def sample(self, rng: np.random.Generator, theta: Theta, z: IntArray) -> FloatArray:
        return np.asarray(rng.poisson(theta.means[0].take(z)), dtype=float)

    def inside(self, y: FloatArray) -> BoolArray:
        return np.asarray((y >= 0) & (y == np.floor(y)))

    def log_kernel(self, y: FloatArray, theta: Theta, j: int) -> FloatArray:
        log_f = y * np.log(theta.means[:, j, None])
        log_f -= gammaln(y + 1)
        log_f[~self.inside(y)] = -np.inf
        return log_f

    def log_normaliser(self, theta: Theta) -> FloatArray:
        return -theta.means

    def log_odds(self, y: FloatArray, theta: Theta, log_weights: FloatArray) -> FloatArray:
        """Linear in y."""
        log_means = np.log(theta.means)
        odds: FloatArray = y * (log_means[:, 1] - log_means[:, 0])[:, None]
        odds += (log_weights[:, 1] - log_weights[:, 0] - theta.means[:, 1] + theta.means[:, 0])[:, None]
        return odds

    def complete(self, theta: Theta) -> Theta:
        """Variances mu_j; NaN where a mean isn't above 0, which ends a trial as degenerate."""
        return theta.replace(variances=np.where(theta.means > 0, theta.means, np.nan))

    def start_from_points(self, points: FloatArray, variance: FloatArray) -> dict[str, FloatArray]:
        """A half is added: a mean of 0 would never leave it."""
        return {"means": points + 0.5}
