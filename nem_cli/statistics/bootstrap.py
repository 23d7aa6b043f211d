"""The percentile bootstrap of means of small integers, exact and fast.

Resampling n values is a multinomial draw over the distinct ones, or a draw of n indices. Both are the ordinary
nonparametric bootstrap (Efron and Tibshirani 1993, chapter 6); which is faster depends on how often values repeat.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from nem_cli.em.arrays import FloatArray
from nem_cli.experiment.plan import BOOTSTRAP, stream

JOINT_LIMIT = 20_000
"""Up to so many trials all levels with common data are resampled together; above, each in a pair with plain EM."""
RESAMPLES = 2000
"""Behind an interval whose resamples no config sets."""
_AT_ONCE = 1 << 22
"""Numbers drawn at once, which bounds the memory."""


def means_beside_em(
    em: NDArray[np.integer], levels: Iterable[NDArray[np.integer]], resamples: int, seed: int
) -> Iterator[FloatArray]:
    """Bootstrap means of plain EM's M-steps and of each level's, paired.

    Parameters
    ----------
    em : ndarray of int, shape (trials,)
    levels : iterable of ndarray of int, shape (trials,)
        On the same data. Above `JOINT_LIMIT` trials they are taken one at a time, which bounds the memory.
    seed : int
        The experiment's. Every level starts the same stream, so its interval doesn't depend on the other levels.

    Yields
    ------
    ndarray of shape (resamples, 2)
        Plain EM first.
    """
    if len(em) <= JOINT_LIMIT:
        means = jointly_resampled_means(np.column_stack([em, *levels]), resamples, stream(seed, BOOTSTRAP))
        for column in range(1, means.shape[1]):
            yield means[:, [0, column]]
    else:
        for iterations in levels:
            yield resampled_means(np.column_stack([em, iterations]), resamples, stream(seed, BOOTSTRAP))


def resampled_means(values: NDArray[np.integer], resamples: int, rng: np.random.Generator) -> FloatArray:
    """Bootstrap means of integers, by a multinomial draw over the distinct values.

    Parameters
    ----------
    values : ndarray of int, shape (n,) or (n, columns)
        With columns, rows are resampled whole, so that the columns stay paired.

    Returns
    -------
    ndarray of shape (resamples,) or (resamples, columns)
    """
    return resampled_sums(values, resamples, rng) / len(values)


def resampled_sums(values: NDArray[np.integer], resamples: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """As `resampled_means`, but the sums: whole numbers, which compare exactly with the sums of other resamples."""
    distinct, counts = _distinct(values)
    n = len(values)
    order = np.argsort(-counts, kind="stable")  # common values first: numpy draws the rare ones faster that way
    distinct, counts = distinct[order], counts[order]
    sums = np.empty((resamples, *values.shape[1:]), dtype=np.int64)
    at_once = max(1, _AT_ONCE // len(distinct))
    for first in range(0, resamples, at_once):
        drawn = rng.multinomial(n, counts / n, size=min(at_once, resamples - first))
        sums[first : first + at_once] = drawn @ distinct
    return sums


def jointly_resampled_means(columns: NDArray[np.integer], resamples: int, rng: np.random.Generator) -> FloatArray:
    """Bootstrap means of many paired columns of integers, by drawing n row numbers.

    Parameters
    ----------
    columns : ndarray of int, shape (n, columns)

    Returns
    -------
    ndarray of shape (resamples, columns)
        Exact sums of integers divided by n, so they don't depend on how a linear-algebra library orders its sums.
    """
    n, width = columns.shape
    values = columns.astype(float)
    means = np.empty((resamples, width))
    at_once = max(1, _AT_ONCE // n)
    for first in range(0, resamples, at_once):
        rows = min(at_once, resamples - first)
        drawn = rng.integers(0, n, size=(rows, n))
        drawn += n * np.arange(rows)[:, None]
        weights = np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n)
        means[first : first + rows] = weights.astype(float) @ values / n
    return means


def percentile_interval(replicates: FloatArray, confidence: float) -> tuple[FloatArray, FloatArray]:
    """The two-sided percentile interval over the first axis."""
    tail = (1 - confidence) / 2
    low, high = np.quantile(replicates, [tail, 1 - tail], axis=0)
    return low, high


def _distinct(values: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The distinct values, or rows, in rising order and how often each occurs; where they are few without sorting."""
    lowest = values.min(axis=0)
    shape = np.atleast_1d(values.max(axis=0) - lowest + 1).tolist()
    if math.prod(shape) > _AT_ONCE:
        distinct, counts = np.unique(values, axis=0, return_counts=True)
        return distinct.astype(np.int64), counts
    counts = np.bincount(np.ravel_multi_index(np.atleast_2d((values - lowest).T), shape))
    present = np.flatnonzero(counts)
    rows = np.stack(np.unravel_index(present, shape), axis=-1)
    return rows.reshape(-1, *values.shape[1:]) + lowest, counts[present]
