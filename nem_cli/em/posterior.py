"""The E-step: responsibilities, and the log-likelihood of the clean data."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nem_cli.em.arrays import FloatArray
from nem_cli.em.family import Family
from nem_cli.em.parameters import Parameters

TILE = 1 << 15
"""How many responsibilities are worked on at once, so that a step's arrays stay in the second-level cache."""


def tiles(shape: tuple[int, int], components: int) -> Iterator[tuple[slice, slice]]:
    """Split a batch of data into (trials, samples) ranges of at most `TILE` responsibilities."""
    trials, samples = shape
    size = max(1, TILE // components)
    rows = max(1, size // samples)
    columns = samples if samples <= size else size
    for row in range(0, trials, rows):
        for column in range(0, samples, columns):
            yield slice(row, row + rows), slice(column, column + columns)


def responsibilities(family: Family, y: FloatArray, theta: Parameters) -> FloatArray:
    """The E-step: p(Z = j | y, theta) of equation (21), stable for any separation.

    Returns
    -------
    ndarray of shape (K, trials, samples)
        Sums to 1 over the first axis.
    """
    r = np.empty((theta.components, *y.shape))
    if theta.components == 2:  # one exponential does: p(1) = 1 / (1 + exp(log odds of 2 against 1))
        odds = family.log_odds(y, theta)
        with np.errstate(over="ignore"):  # exp -> inf -> p(1) = 0, which is the right limit
            np.exp(odds, out=odds)
        odds += 1
        np.reciprocal(odds, out=r[0])
        np.subtract(1, r[0], out=r[1])
        return r
    for j in range(theta.components):
        r[j] = family.log_joint(y, theta, j)
    r -= r.max(axis=0)
    np.exp(r, out=r)
    r /= r.sum(axis=0)
    return r


def log_likelihood(family: Family, y: FloatArray, theta: Parameters) -> FloatArray:
    """Total natural log-likelihood of the clean data (trials, samples), shape (trials,)."""
    total = np.zeros(len(y))
    for trials, samples in tiles(y.shape, theta.components):
        part, here = y[trials, samples], theta.take(trials)
        log_f = np.empty((theta.components, *part.shape))
        for j in range(theta.components):
            log_f[j] = family.log_joint(part, here, j)
        highest = log_f.max(axis=0)
        log_f -= highest
        np.exp(log_f, out=log_f)
        highest += np.log(log_f.sum(axis=0))
        total[trials] += highest.sum(axis=1)
    return total
