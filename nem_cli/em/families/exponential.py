"""Exponential densities."""

from __future__ import annotations

import numpy as np

from nem_cli.em.arrays import FloatArray, IntArray
from nem_cli.em.families.positive import Positive
from nem_cli.em.geometry import Modes
from nem_cli.em.posterior import Posterior
from nem_cli.em.theta import Theta


class Exponential(Positive):
    """Y | Z = j exponential with mean mu_j (rate 1 / mu_j), y >= 0.

    The variance is mu_j^2. The NEM condition for additive noise is linear and the same for every component, n <= 0 with
    y + n >= 0, as the paper announces.
    """

    name = "exponential"
    boxed = True

    def sample(self, rng: np.random.Generator, theta: Theta, z: IntArray) -> FloatArray:
        y = rng.standard_exponential(z.shape)
        y *= theta.means[0].take(z)
        return y

    def log_kernel(self, y: FloatArray, theta: Theta, j: int) -> FloatArray:
        log_f = y / -theta.means[:, j, None]
        log_f[y < 0] = -np.inf
        return log_f

    def log_normaliser(self, theta: Theta) -> FloatArray:
        return -np.log(theta.means)

    def complete(self, theta: Theta) -> Theta:
        """Variances mu_j^2; NaN where a mean isn't above 0, which ends a trial as degenerate."""
        return theta.replace(variances=np.where(theta.means > 0, theta.means * theta.means, np.nan))

    def start_from_points(self, points: FloatArray, variance: FloatArray) -> dict[str, FloatArray]:
        return {"means": points}

    def geometry(self, y: FloatArray, theta: Theta, posterior: Posterior) -> Modes:
        """Any density falls in y, from its mode at 0 on."""
        nothing = np.zeros_like(theta.means)
        return Modes(nothing, 1.0, np.ones_like(nothing))
