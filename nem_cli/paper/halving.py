"""A search for the best level by successive halving, on common random numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

T = TypeVar("T")


@dataclass(frozen=True)
class Rung(Generic[T]):
    """One round of a search.

    Parameters
    ----------
    trials : int
        Trials of each level, common to all of them.
    levels : tuple
        The levels still in the race, the best first.
    means : tuple of float
        Their mean M-steps.
    """

    trials: int
    levels: tuple[T, ...]
    means: tuple[float, ...]


def successive_halving(
    levels: Sequence[T],
    means: Callable[[Sequence[T], int], Sequence[float]],
    *,
    trials: int,
    keep: float = 1 / 3,
    finalists: int = 4,
) -> list[Rung[T]]:
    """Measure all levels on few trials, keep the best share of them, double the trials, and so on.

    All levels of a round share data, starts and trials, so they differ by the noise alone. The means of the winner are
    the smallest of many, so report it from fresh trials.

    Parameters
    ----------
    levels : sequence
        One or more.
    means : callable
        Mean M-steps of each of some levels over that many trials.
    trials : int
        Of the first round.
    keep : float
        The share of levels that goes on.
    finalists : int
        The search ends with the round that has no more levels than this.

    Returns
    -------
    list of Rung
        Its last one's first level is the winner.

    References
    ----------
    Jamieson, K. and Talwalkar, A. (2016). Non-stochastic best arm identification and hyperparameter optimization.
    AISTATS.
    """
    running = list(levels)
    rungs: list[Rung[T]] = []
    while True:
        found = means(running, trials)
        order = np.argsort(found, kind="stable")
        running = [running[i] for i in order]
        rungs.append(Rung(trials, tuple(running), tuple(float(found[i]) for i in order)))
        if len(running) <= finalists:
            return rungs
        running = running[: max(1, int(np.ceil(keep * len(running))))]
        trials *= 2
