"""Poisson masses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.special import gammaln

from nem_cli.em.arrays import BoolArray, FloatArray, IntArray
from nem_cli.em.family import Family
from nem_cli.em.moments import Moments
from nem_cli.em.theta import Theta


class Poisson(Family):
    """Y | Z = j Poisson with mean mu_j, y = 0, 1, 2, ...

    The variance is mu_j: it is kept in theta, but neither given nor estimated on its own.
    """

    name = "poisson"
    estimable = ("means",)
    support = (0.0, np.inf)
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

    def maximise(self, sums: Moments, theta: Theta, estimate: frozenset[str]) -> dict[str, FloatArray]:
        return {"means": sums.mean()} if "means" in estimate else {}

    def complete(self, theta: Theta) -> Theta:
        """Variances mu_j; NaN where a mean isn't above 0, which ends a trial as degenerate."""
        return theta.replace(variances=np.where(theta.means > 0, theta.means, np.nan))

    def start_from_moments(self, mean: FloatArray, sd: FloatArray, c: FloatArray) -> dict[str, FloatArray]:
        """Means m exp(l c_j), above 0, where l^2 = log(1 + s^2 / m^2), as of the exponential family."""
        with np.errstate(divide="ignore", invalid="ignore"):  # data that are all 0: a degenerate start
            return {"means": mean * np.exp(np.sqrt(np.log1p((sd / mean) ** 2)) * c)}

    def start_from_points(self, points: FloatArray, variance: FloatArray) -> dict[str, FloatArray]:
        """A half is added: a mean of 0 would never leave it."""
        return {"means": points + 0.5}

    def check(self, values: Mapping[str, Any], where: str) -> None:
        if values.get("variances") is not None:
            raise ValueError(
                f"{where} has variances, but in family {self.name} a variance is its mean; leave variances out"
            )
        if min(values["means"]) <= 0:
            raise ValueError(
                f"{where}: every mean must be above 0 in family {self.name}, but means holds {min(values['means'])!r}"
            )
