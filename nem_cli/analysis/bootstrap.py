"""The percentile bootstrap of means of small integers, exact and fast.

Resampling n values is a multinomial draw over the distinct ones, or a draw of n indices. Both are the ordinary
nonparametric bootstrap (Efron and Tibshirani 1993, chapter 6); which is faster depends on how often values repeat.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nem_cli.em.arrays import FloatArray

_AT_ONCE = 1 << 22
"""Numbers drawn at once, which bounds the memory."""


def resampled_means(values: NDArray[np.integer], resamples: int, rng: np.random.Generator) -> FloatArray:
    """Bootstrap means of integers, by a multinomial draw over the distinct values.

    Parameters
    ----------
    values : ndarray of int, shape (n,) or (n, columns)
        With columns, rows are resampled whole, so that the columns stay paired.
    resamples : int
    rng : Generator

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
    """The distinct values, or rows, in rising order and how often each occurs; single integers without sorting."""
    if values.ndim == 1 and int(values.max()) - int(values.min()) < _AT_ONCE:
        lowest = int(values.min())
        counts = np.bincount(values - lowest)
        present = np.flatnonzero(counts)
        return present + lowest, counts[present]
    distinct, counts = np.unique(values, axis=0, return_counts=True)
    return distinct.astype(np.int64), counts
