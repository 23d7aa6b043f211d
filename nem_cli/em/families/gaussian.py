"""Normal densities in one dimension."""

from __future__ import annotations

import math

import numpy as np

from nem_cli.em.arrays import FloatArray, IntArray
from nem_cli.em.family import Family
from nem_cli.em.geometry import Modes
from nem_cli.em.posterior import Posterior
from nem_cli.em.theta import Theta


class Gaussian(Family):
    """Y | Z = j ~ N(mu_j, sigma_j^2), the model of section III of the paper."""

    name = "gaussian"
    boxed = True

    def sample(self, rng: np.random.Generator, theta: Theta, z: IntArray) -> FloatArray:
        y = rng.standard_normal(z.shape)
        y *= np.sqrt(theta.variances[0]).take(z)
        y += theta.means[0].take(z)
        return y

    def log_kernel(self, y: FloatArray, theta: Theta, j: int) -> FloatArray:
        log_f = y - theta.means[:, j, None]
        log_f *= log_f
        log_f *= -0.5 / theta.variances[:, j, None]
        return log_f

    def log_normaliser(self, theta: Theta) -> FloatArray:
        return -0.5 * np.log(2 * math.pi * theta.variances)

    def log_odds(self, y: FloatArray, theta: Theta, log_weights: FloatArray) -> FloatArray:
        """A quadratic in d = y - mu_1, (a d + b) d + c; about a mean, so that nothing cancels."""
        precision = 1 / theta.variances
        apart = theta.means[:, 1] - theta.means[:, 0]
        a = 0.5 * (precision[:, 0] - precision[:, 1])
        b = precision[:, 1] * apart
        constants = log_weights + 0.5 * np.log(precision)
        c = constants[:, 1] - constants[:, 0] - 0.5 * b * apart
        d = y - theta.means[:, 0, None]
        odds = d * a[:, None]
        odds += b[:, None]
        odds *= d
        odds += c[:, None]
        return odds

    def geometry(self, y: FloatArray, theta: Theta, posterior: Posterior) -> Modes:
        return Modes(theta.means, 2.0, 1 / theta.variances)
