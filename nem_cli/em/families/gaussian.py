"""Mixtures of normal densities in one dimension."""

from __future__ import annotations

import math

import numpy as np

from nem_cli.em.arrays import FloatArray, IntArray
from nem_cli.em.family import Family, Moments
from nem_cli.em.parameters import PARAMETERS, Parameters


class Gaussian(Family):
    """Y | Z = j ~ N(mu_j, sigma_j^2), the model of section III of the paper."""

    name = "gaussian"
    estimable = PARAMETERS

    def sample(self, rng: np.random.Generator, theta: Parameters, component: IntArray) -> FloatArray:
        y = rng.standard_normal(component.shape)
        y *= np.sqrt(theta.variances[0]).take(component)
        y += theta.means[0].take(component)
        return y

    def log_kernel(self, y: FloatArray, mean: FloatArray, variance: FloatArray) -> FloatArray:
        log_f = y - mean
        log_f *= log_f
        log_f *= -0.5 / variance
        return log_f

    def log_normaliser(self, mean: FloatArray, variance: FloatArray) -> FloatArray:
        return -0.5 * np.log(2 * math.pi * variance)

    def log_odds(self, y: FloatArray, theta: Parameters) -> FloatArray:
        """A quadratic in d = y - mu_1, (a d + b) d + c; about a mean, so that nothing cancels."""
        precision = 1 / theta.variances
        apart = theta.means[:, 1] - theta.means[:, 0]
        a = 0.5 * (precision[:, 0] - precision[:, 1])
        b = precision[:, 1] * apart
        constants = np.log(theta.weights) + 0.5 * np.log(precision)
        c = constants[:, 1] - constants[:, 0] - 0.5 * b * apart
        d = y - theta.means[:, 0, None]
        odds = d * a[:, None]
        odds += b[:, None]
        odds *= d
        odds += c[:, None]
        return odds

    def maximise(self, moments: Moments, theta: Parameters, estimate: frozenset[str]) -> Parameters:
        weights, means, variances = theta.weights, theta.means, theta.variances
        if "weights" in estimate:
            weights = moments.mass / moments.mass.sum(axis=1, keepdims=True)
        if "means" in estimate:
            means = moments.mean()
        if "variances" in estimate:
            variances = moments.variance(means)
        return Parameters(weights, means, variances)

    def spread(self, mean: FloatArray, sd: FloatArray, c: FloatArray) -> Parameters:
        means = mean + sd * c
        return Parameters(np.full_like(means, 1 / c.size), means, np.broadcast_to(sd * sd, means.shape).copy())

    def reach(self, y: FloatArray, theta: Parameters) -> FloatArray:
        """Equations (23) and (25): |y+ - mu_j| <= |y - mu_j| for every j, so only the outermost means matter."""
        w: FloatArray = np.maximum(y, theta.means.min(axis=1, keepdims=True))
        np.minimum(w, theta.means.max(axis=1, keepdims=True), out=w)
        w -= y  # from outside of the means to the nearest one, 0 between them
        w *= 2
        return w

    def average_reach(self, y: FloatArray, theta: Parameters, r: FloatArray) -> FloatArray:
        """|y+ - m| <= |y - m| with m = sum_j (r_j mu_j / sigma_j^2) / sum_j (r_j / sigma_j^2)."""
        precision = 1 / theta.variances
        total = np.einsum("ktn,tk->tn", r, precision)
        w: FloatArray = np.einsum("ktn,tk->tn", r, precision * theta.means)
        w /= total
        w -= y
        w *= 2
        return w

    def reversed_gap(self, y: FloatArray, theta: Parameters) -> tuple[FloatArray, FloatArray]:
        """Outside of the mirror images of y in the outermost means."""
        lo = theta.means.min(axis=1, keepdims=True)
        hi = theta.means.max(axis=1, keepdims=True)
        return np.minimum(2 * (lo - y), 0), np.maximum(2 * (hi - y), 0)
