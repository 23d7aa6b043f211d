"""How far estimates are from the maximum-likelihood fit of the same data."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nem_cli.em.status import Status
from nem_cli.statistics.estimate import Estimate, mean_estimate


@dataclass(frozen=True)
class Gap:
    """What is missing to the maximum-likelihood fit, on average over trials that degenerated in neither.

    Parameters
    ----------
    m_steps : Estimate
        M-steps done.
    log_likelihood : Estimate
        The fit's log-likelihood minus the estimate's, natural logarithm.
    distance : Estimate
        Euclidean norm of the difference of the estimated parameters (weights, means, variances).
    """

    m_steps: Estimate
    log_likelihood: Estimate
    distance: Estimate


def gap(table: NDArray[np.void], fit: NDArray[np.void], estimate: Collection[str]) -> Gap:
    """Compare trials with the maximum-likelihood fits of the same trials.

    Parameters
    ----------
    table, fit : structured ndarray of shape (trials,), dtype `nem_cli.experiment.block.trial_dtype`
        Row t of both is a fit of the same data.
    estimate : collection of str
        The estimated parameters.
    """
    sound = (table["status"] != Status.DEGENERATE) & (fit["status"] != Status.DEGENERATE)
    table, fit = table[sound], fit[sound]
    squares = sum(np.sum((table[name] - fit[name]) ** 2, axis=1) for name in sorted(estimate))
    return Gap(
        m_steps=mean_estimate(table["iterations"]),
        log_likelihood=mean_estimate(fit["log_likelihood"] - table["log_likelihood"]),
        distance=mean_estimate(np.sqrt(squares)),
    )
