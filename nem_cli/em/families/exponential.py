"""Mixtures of exponential densities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nem_cli.em.arrays import FloatArray, IntArray
from nem_cli.em.family import Family, Moments
from nem_cli.em.parameters import Parameters


class Exponential(Family):
    """Y | Z = j exponential with mean mu_j (rate 1 / mu_j), y >= 0.

    The variance is mu_j^2: it is kept in `Parameters`, but neither given nor estimated on its own. The NEM condition
    for additive noise is linear and the same for every component, n <= 0 with y + n >= 0, as the paper announces.
    """

    name = "exponential"
    estimable = ("weights", "means")
    support = (0.0, np.inf)

    def sample(self, rng: np.random.Generator, theta: Parameters, component: IntArray) -> FloatArray:
        y = rng.standard_exponential(component.shape)
        y *= theta.means[0].take(component)
        return y

    def log_kernel(self, y: FloatArray, mean: FloatArray, variance: FloatArray) -> FloatArray:
        log_f = y / -mean
        log_f[y < 0] = -np.inf
        return log_f

    def log_normaliser(self, mean: FloatArray, variance: FloatArray) -> FloatArray:
        return -np.log(mean)

    def maximise(self, moments: Moments, theta: Parameters, estimate: frozenset[str]) -> Parameters:
        weights, means = theta.weights, theta.means
        if "weights" in estimate:
            weights = moments.mass / moments.mass.sum(axis=1, keepdims=True)
        if "means" in estimate:
            means = moments.mean()
        return self.complete(Parameters(weights, means, theta.variances))

    def complete(self, theta: Parameters) -> Parameters:
        """Variances mu_j^2; NaN where a mean isn't above 0, which ends a trial as degenerate."""
        variances = np.where(theta.means > 0, theta.means * theta.means, np.nan)
        return Parameters(theta.weights, theta.means, variances)

    def spread(self, mean: FloatArray, sd: FloatArray, c: FloatArray) -> Parameters:
        """Means m exp(l c_j), above 0, where l^2 = log(1 + s^2 / m^2).

        l is the standard deviation of the logarithm of a lognormal variable of mean m and standard deviation s.
        """
        with np.errstate(divide="ignore", invalid="ignore"):  # data that are all 0: a degenerate start
            means = mean * np.exp(np.sqrt(np.log1p((sd / mean) ** 2)) * c)
        return self.complete(Parameters(np.full_like(means, 1 / c.size), means, means))

    def check(self, means: Sequence[float], variances: Sequence[float] | None, where: str) -> None:
        if variances is not None:
            raise ValueError(
                f"{where} has variances, but in family {self.name} a variance is its mean squared; leave variances out"
            )
        if min(means) <= 0:
            raise ValueError(
                f"{where}: every mean must be above 0 in family {self.name}, but means holds {min(means)!r}"
            )

    def parameters(
        self, weights: Sequence[float], means: Sequence[float], variances: Sequence[float] | None, trials: int = 1
    ) -> Parameters:
        return self.complete(Parameters.of(weights, means, means, trials))

    def reach(self, y: FloatArray, theta: Parameters) -> FloatArray:
        """Any density falls in y, so y+ lies between 0 and y."""
        return -y

    def average_reach(self, y: FloatArray, theta: Parameters, r: FloatArray) -> FloatArray:
        """As `reach`: the average of conditions that are all the same."""
        return -y

    def reversed_gap(self, y: FloatArray, theta: Parameters) -> tuple[FloatArray, FloatArray]:
        """Upwards only: below 0 no component has a density."""
        return np.full_like(y, -np.inf), np.zeros_like(y)
