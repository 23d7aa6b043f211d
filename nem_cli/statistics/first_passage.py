"""First passages, read from traces: when a stop rule first held, when an accuracy was reached for good.

Both are restricted: a trial that didn't get there by the trace's horizon counts as the horizon.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nem_cli.em.arrays import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class Passage:
    """When each trial got there.

    Parameters
    ----------
    steps : ndarray of int, shape (trials,)
        M-steps, at most the horizon.
    reached : ndarray of bool, shape (trials,)
        Where it is False, the trial ended as degenerate or was at the horizon.
    """

    steps: IntArray
    reached: BoolArray

    @property
    def restricted(self) -> float:
        """The share of trials that didn't get there."""
        return 1 - float(self.reached.mean())


def first_below(distances: FloatArray, threshold: float) -> Passage:
    """The first M-step whose distance is strictly below a threshold: how a stop rule counts.

    Parameters
    ----------
    distances : ndarray of shape (trials, horizon)
        See `nem_cli.em.trace.Trace`; a trial that has ended as degenerate counts the M-steps it made.
    """
    below = distances < threshold
    reached = np.asarray(below.any(axis=1))
    made = np.minimum(np.count_nonzero(~np.isnan(distances), axis=1) + 1, distances.shape[1])
    return Passage(np.where(reached, below.argmax(axis=1) + 1, made), reached)


def within_for_good(gaps: FloatArray, epsilon: float) -> Passage:
    """The first M-step from which on a gap stays at most epsilon, up to the horizon.

    Parameters
    ----------
    gaps : ndarray of shape (trials, horizon + 1)
        At theta_0, theta_1, ...; NaN counts as outside.
    """
    outside = ~(gaps <= epsilon)
    horizon = gaps.shape[1] - 1
    last = horizon - outside[:, ::-1].argmax(axis=1)  # the last step outside, where there is one
    steps = np.where(outside.any(axis=1), last + 1, 0)
    return Passage(np.minimum(steps, horizon), np.asarray(steps <= horizon))
