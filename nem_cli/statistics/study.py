"""The paper's study, repeated: what studies of n trials a level would have printed, drawn from many trials of ours.

A study of n trials at a level draws n of our T counts with replacement, so it needs no new runs. With T at least
`TRIALS_PER_TRIAL` times n the drawn studies vary as studies of new trials would, and the smallest of their means is
biased as a new study's would be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from nem_cli.em.arrays import BoolArray, FloatArray, IntArray
from nem_cli.errors import ConfigError
from nem_cli.statistics.optimum import best_level

MODES = ("multiplicative", "additive")
"""In the order of the paper's figures."""
STATISTICS = (
    "em",
    "multiplicative-speedup",
    "additive-speedup",
    "multiplicative-sigma",
    "additive-sigma",
    "difference",
    "difference-se",
)
"""What a study prints, the columns of `Studies.printed`: EM's mean count; the fewest mean M-steps' speed-up in per cent
and level, of both modes; the difference of the two fewest, additive less multiplicative; its standard error."""
DESIGNS = ("fresh", "common")
TRIALS_PER_TRIAL = 10
_AT_ONCE = 1 << 21
"""Trials drawn at once in the common design, which bounds the memory."""
_DRAWS_PER_VALUE = 10
"""A study of fewer trials a distinct count is drawn trial by trial, which is faster then; else by multinomial."""


@dataclass(frozen=True)
class Curve:
    """One mode's trials under a protocol; row i of all modes is one trial, on the same data.

    Parameters
    ----------
    sigmas : ndarray of shape (levels,)
        Above 0.
    counts : ndarray of int, shape (trials, levels)
        M-steps.
    blind : ndarray of int, shape (trials,), optional
        M-steps with noise that nothing screens, at the level to compare with EM.
    """

    sigmas: FloatArray
    counts: NDArray[np.integer[Any]]
    blind: NDArray[np.integer[Any]] | None = None

    def thinned(self, kept: float) -> Curve:
        """Every second level, among them `kept`."""
        first = int(np.argmin(np.abs(self.sigmas - kept))) % 2
        return Curve(self.sigmas[first::2], self.counts[:, first::2], self.blind)


@dataclass(frozen=True)
class Protocol:
    """The trials of one set of settings: plain EM's counts (trials,) and a curve for each of `MODES`."""

    em: NDArray[np.integer[Any]]
    curves: Mapping[str, Curve]


@dataclass(frozen=True)
class Studies:
    """Many studies of one size.

    Parameters
    ----------
    printed : ndarray of shape (studies, 7)
        Columns as in `STATISTICS`, not rounded.
    shape : ndarray of bool, shape (studies,)
        Whether both curves fall below EM, rise above it further on, and blind noise (where there is any) is slower.
    """

    printed: FloatArray
    shape: BoolArray

    def column(self, name: str) -> FloatArray:
        """One statistic of all studies."""
        return self.printed[:, STATISTICS.index(name)]


def draw(protocol: Protocol, n: int, design: str, studies: int, rng: np.random.Generator) -> Studies:
    """Studies of n trials a level under a protocol.

    Parameters
    ----------
    design : {"fresh", "common"}
        Other data at every level and an EM run for each figure, or the same data for all levels of both modes. Plain
        EM's mean is that of the first figure.
    studies : int
        How many.

    Raises
    ------
    ConfigError
        If the protocol has fewer than `TRIALS_PER_TRIAL` trials for each of the n.
    """
    if len(protocol.em) < TRIALS_PER_TRIAL * n:
        raise ConfigError(
            f"studies of {n:,} trials need {TRIALS_PER_TRIAL * n:,} trials or more to be drawn from",
            path="trials",
            value=len(protocol.em),
        )
    return (_fresh if design == "fresh" else _common)(protocol, n, studies, rng)


@dataclass(frozen=True)
class _Figure:
    """What the studies' figure of one mode shows: means and variances (studies, levels), EM's and blind means."""

    em: FloatArray
    means: FloatArray
    variances: FloatArray
    blind: FloatArray | None


def _fresh(protocol: Protocol, n: int, studies: int, rng: np.random.Generator) -> Studies:
    figures = []
    for mode in MODES:
        curve = protocol.curves[mode]
        em, _ = _resampled(protocol.em, n, studies, rng)
        levels = [_resampled(counts, n, studies, rng) for counts in curve.counts.T]
        means, variances = (np.stack(columns, axis=1) for columns in zip(*levels, strict=True))
        blind = None if curve.blind is None else _resampled(curve.blind, n, studies, rng)[0]
        figures.append(_Figure(em, means, variances, blind))
    return _printed(protocol, figures, n)


def _common(protocol: Protocol, n: int, studies: int, rng: np.random.Generator) -> Studies:
    columns = [protocol.em[:, None]]
    for mode in MODES:
        curve = protocol.curves[mode]
        columns += [curve.counts, *([] if curve.blind is None else [curve.blind[:, None]])]
    counts = np.concatenate(columns, axis=1).astype(float)
    width = counts.shape[1]
    values = np.concatenate([counts, counts * counts], axis=1)
    sums = np.empty((studies, values.shape[1]))
    at_once = max(1, _AT_ONCE // n)
    for first in range(0, studies, at_once):
        rows = min(at_once, studies - first)
        drawn = rng.integers(0, len(values), size=rows * n)
        chosen = sparse.csr_array((np.ones(rows * n), drawn, n * np.arange(rows + 1)), shape=(rows, len(values)))
        sums[first : first + rows] = chosen @ values  # whole numbers: exact in any order
    means = sums[:, :width] / n
    variances = np.maximum(sums[:, width:] / n - means * means, 0)
    figures = []
    at = 1
    for mode in MODES:
        curve = protocol.curves[mode]
        last = at + len(curve.sigmas)
        blind = None if curve.blind is None else means[:, last]
        figures.append(_Figure(means[:, 0], means[:, at:last], variances[:, at:last], blind))
        at = last + (curve.blind is not None)
    return _printed(protocol, figures, n)


def _resampled(
    counts: NDArray[np.integer[Any]], n: int, studies: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Means and variances (ddof 0, as a bootstrap has them) of n counts drawn with replacement, both (studies,)."""
    frequencies: IntArray = np.bincount(counts)
    distinct = np.argsort(-frequencies, kind="stable")[: np.count_nonzero(frequencies)]  # common ones first: faster
    if n < _DRAWS_PER_VALUE * len(distinct):
        drawn = counts[rng.integers(0, len(counts), size=(studies, n), dtype=np.uint32)].astype(float)
        sums, squares = drawn.sum(axis=1), np.einsum("ij,ij->i", drawn, drawn)  # whole numbers: exact in any order
    else:
        times = rng.multinomial(n, frequencies[distinct] / len(counts), size=studies)
        sums, squares = times @ distinct, times @ (distinct * distinct)
    means = sums / n
    return means, np.maximum(squares / n - means * means, 0)


def _printed(protocol: Protocol, figures: list[_Figure], n: int) -> Studies:
    printed: dict[str, FloatArray] = {"em": figures[0].em}
    best: dict[str, FloatArray] = {}
    shape = np.ones(len(figures[0].em), dtype=bool)
    variance = np.zeros(len(shape))
    for mode, figure in zip(MODES, figures, strict=True):
        sigmas = protocol.curves[mode].sigmas
        optimum = best_level(figure.means, sigmas)[:, None]
        best[mode] = np.take_along_axis(figure.means, optimum, axis=1)[:, 0]
        variance += np.take_along_axis(figure.variances, optimum, axis=1)[:, 0]
        printed[f"{mode}-speedup"] = 100 * (1 - best[mode] / figure.em)
        printed[f"{mode}-sigma"] = sigmas[optimum[:, 0]]
        beyond = np.where(sigmas > sigmas[optimum], figure.means, -np.inf)
        shape &= (best[mode] < figure.em) & (beyond.max(axis=1) > figure.em)
        if figure.blind is not None:
            shape &= figure.blind > figure.em
    printed["difference"] = best["additive"] - best["multiplicative"]
    printed["difference-se"] = np.sqrt(variance / n)
    return Studies(np.stack([printed[name] for name in STATISTICS], axis=1), shape)
