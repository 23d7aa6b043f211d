"""A level chosen on half of the trials and measured on the other half."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nem_cli.paper.studies.study import Finished, where
from nem_cli.statistics.effect import effects
from nem_cli.statistics.estimate import Estimate
from nem_cli.statistics.paired import best, halves
from nem_cli.statistics.summary import Row


@dataclass(frozen=True)
class BestLevel:
    """The best of some levels, without the winner's curse.

    Parameters
    ----------
    row : Row
        The level with the fewest M-steps on the first half of the trials.
    counts : ndarray of int
        Its M-steps on the second half.
    speedup : Estimate or None
        Over EM, in per cent, on the second half.
    """

    row: Row
    counts: NDArray[np.int64]
    speedup: Estimate | None


def best_level(run: Finished, rows: Sequence[Row]) -> BestLevel:
    """Choose among rows that differ in the noise alone, so that one plain EM is the baseline of all."""
    counts = [run.iterations(row) for row in rows]
    first, second = halves(len(counts[0]))
    at = best([each[first] for each in counts])
    (em,) = where(run.summary, dict(rows[at].settings) | {"sigma": 0.0})
    (effect,) = effects(
        run.iterations(em)[second],
        [(rows[at].sigma, counts[at][second])],
        seed=run.experiment.seed,
        resamples=run.experiment.bootstrap.resamples,
    )
    return BestLevel(rows[at], counts[at][second], effect.speedup)
