"""Exact draws from, and the mean of, a standard normal that is conditioned on an admissible set."""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from nem_cli.em.arrays import FloatArray


def between(rng: np.random.Generator, bound: FloatArray) -> FloatArray:
    """Standard normals conditioned on lying between 0 and a bound of either sign.

    One half-normal proposal each; those beyond their bound are drawn again, by the inverse distribution function.
    Either way what is accepted has the conditioned law, whatever was rejected before, so the draw is exact.

    Parameters
    ----------
    bound : ndarray of shape (n,)
        Not zero; infinity is allowed.
    """
    limit = np.abs(bound)
    z = rng.standard_normal(limit.size)
    np.abs(z, out=z)
    beyond = np.flatnonzero(z > limit)
    limit = limit.take(beyond)
    mass = special.erf(limit / math.sqrt(2))
    again = math.sqrt(2) * special.erfinv(rng.random(beyond.size) * mass)
    z[beyond] = np.minimum(again, limit)  # rounding must not carry it over the bound
    return np.copysign(z, bound, out=z)


def mean_between(bound: FloatArray) -> FloatArray:
    """The mean of a standard normal conditioned on lying between 0 and a bound of either sign (0 gives 0)."""
    limit = np.minimum(np.abs(bound), 40)  # beyond it there is no mass in double precision
    mass = special.erf(limit / math.sqrt(2))
    mean = np.divide(-math.sqrt(2 / math.pi) * np.expm1(-0.5 * limit * limit), mass, out=limit / 2, where=mass > 1e-9)
    return np.asarray(np.copysign(mean, bound))


def outside(rng: np.random.Generator, a: FloatArray, b: FloatArray) -> FloatArray:
    """Standard normals conditioned on z <= a or z >= b, where a <= 0 <= b.

    By the inverse distribution function on the logarithmic scale, so that it is exact far in the tails.
    """
    left, right = special.log_ndtr(a), special.log_ndtr(-b)
    total = np.logaddexp(left, right)
    log_u = -rng.standard_exponential(a.shape)
    goes_left = rng.random(a.shape) < np.exp(left - total)
    z = special.ndtri_exp(np.where(goes_left, left, right) + log_u)
    return np.asarray(np.where(goes_left, np.minimum(z, a), np.maximum(-z, b)))
