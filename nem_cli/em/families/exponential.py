"""Exponential densities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nem_cli.em.arrays import FloatArray, IntArray
from nem_cli.em.family import Family
from nem_cli.em.geometry import Modes
from nem_cli.em.moments import Moments
from nem_cli.em.posterior import Posterior
from nem_cli.em.theta import Theta


class Exponential(Family):
    """Y | Z = j exponential with mean mu_j (rate 1 / mu_j), y >= 0.

    The variance is mu_j^2: it is kept in theta, but neither given nor estimated on its own. The NEM condition for
    additive noise is linear and the same for every component, n <= 0 with y + n >= 0, as the paper announces.
    """

    name = "exponential"
    estimable = ("means",)
    support = (0.0, np.inf)
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

    def maximise(self, sums: Moments, theta: Theta, estimate: frozenset[str]) -> dict[str, FloatArray]:
        return {"means": sums.mean()} if "means" in estimate else {}

    def complete(self, theta: Theta) -> Theta:
        """Variances mu_j^2; NaN where a mean isn't above 0, which ends a trial as degenerate."""
        return theta.replace(variances=np.where(theta.means > 0, theta.means * theta.means, np.nan))

    def start_from_moments(self, mean: FloatArray, sd: FloatArray, c: FloatArray) -> dict[str, FloatArray]:
        """Means m exp(l c_j), above 0, where l^2 = log(1 + s^2 / m^2).

        l is the standard deviation of the logarithm of a lognormal variable of mean m and standard deviation s.
        """
        with np.errstate(divide="ignore", invalid="ignore"):  # data that are all 0: a degenerate start
            return {"means": mean * np.exp(np.sqrt(np.log1p((sd / mean) ** 2)) * c)}

    def start_from_points(self, points: FloatArray, variance: FloatArray) -> dict[str, FloatArray]:
        return {"means": points}

    def geometry(self, y: FloatArray, theta: Theta, posterior: Posterior) -> Modes:
        """Any density falls in y, from its mode at 0 on."""
        nothing = np.zeros_like(theta.means)
        return Modes(nothing, 1.0, np.ones_like(nothing))

    def check(self, values: Mapping[str, Any], where: str) -> None:
        if values.get("variances") is not None:
            raise ValueError(
                f"{where} has variances, but in family {self.name} a variance is its mean squared; leave variances out"
            )
        if min(values["means"]) <= 0:
            raise ValueError(
                f"{where}: every mean must be above 0 in family {self.name}, but means holds {min(values['means'])!r}"
            )
