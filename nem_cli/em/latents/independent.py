"""Z_1, ..., Z_n independent and alike: a mixture."""

from __future__ import annotations

import numpy as np

from nem_cli.em.arrays import BoolArray, FloatArray, IntArray, all_of
from nem_cli.em.family import Family
from nem_cli.em.latent import MIN_WEIGHT, Latent
from nem_cli.em.posterior import Posterior, Responsibilities
from nem_cli.em.theta import Parameter, Theta


class Independent(Latent):
    """P(Z_i = j) = alpha_j, equation (19)."""

    name = "independent"
    parameters = (Parameter("weights", "weight", "k", "law"),)

    def sample(self, rng: np.random.Generator, theta: Theta, shape: tuple[int, int]) -> IntArray:
        uniform = rng.random(shape)
        z = np.zeros(shape, dtype=np.int64)
        for bound in np.cumsum(theta.weights[0])[:-1]:
            z += uniform >= bound
        return z

    def posterior(self, family: Family, y: FloatArray, theta: Theta) -> Responsibilities:
        """p(Z = j | y, theta) of equation (21)."""
        log_weights = np.log(theta.weights)
        if log_weights.shape[1] == 2:  # one exponential does: p(1) = 1 / (1 + exp(log odds of 2 against 1))
            r = np.empty((2, *y.shape[:2]))
            odds = family.log_odds(y, theta, log_weights)
            with np.errstate(over="ignore"):  # exp -> inf -> p(1) = 0, which is the right limit
                np.exp(odds, out=odds)
            odds += 1
            np.reciprocal(odds, out=r[0])
            np.subtract(1, r[0], out=r[1])
            return Responsibilities(r)
        r = family.log_densities(y, theta, log_weights)
        r -= r.max(axis=0)
        np.exp(r, out=r)
        r /= r.sum(axis=0)
        return Responsibilities(r)

    def log_likelihood(self, family: Family, y: FloatArray, theta: Theta) -> FloatArray:
        log_f = family.log_densities(y, theta, np.log(theta.weights))
        highest = log_f.max(axis=0)
        log_f -= highest
        np.exp(log_f, out=log_f)
        highest += np.log(log_f.sum(axis=0))
        return np.asarray(highest.sum(axis=1))

    def shares(self, theta: Theta, components: int) -> FloatArray:
        return theta.weights

    def sums(self, theta: Theta) -> Counts:
        return Counts(theta)

    def maximise(self, sums: Counts, theta: Theta, estimate: frozenset[str]) -> dict[str, FloatArray]:
        return {"weights": sums.mass / sums.mass.sum(axis=1, keepdims=True)} if "weights" in estimate else {}

    def sound(self, theta: Theta) -> BoolArray:
        return all_of(theta.weights >= MIN_WEIGHT)

    def expected_log(self, posterior: Posterior, theta: Theta) -> FloatArray:
        return np.asarray(np.einsum("ktn,tk->tn", posterior.responsibilities, np.log(theta.weights)))


class Counts:
    """sum_i r_ij, shape (trials, K)."""

    def __init__(self, theta: Theta) -> None:
        self.mass = np.zeros_like(theta.weights)

    def add(self, rows: slice, posterior: Posterior) -> None:
        """Add the samples of a tile."""
        self.mass[rows] += posterior.mass
