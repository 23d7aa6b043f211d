"""Equal accuracy: does NEM come within a given distance of the best fit sooner than EM?

"Fewer M-steps to the stop rule" mixes progress with where the rule stops. Here T_eps is the first M-step from which the
log-likelihood of the clean data stays within eps nats of the best limit, restricted at a horizon, on common data.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from nem_cli.em.arrays import FloatArray, IntArray
from nem_cli.experiment.plan import BOOTSTRAP, stream
from nem_cli.statistics.bootstrap import RESAMPLES, jointly_resampled_means
from nem_cli.statistics.estimate import UNKNOWN, Estimate
from nem_cli.statistics.first_passage import within_for_good
from nem_cli.statistics.run import Run
from nem_cli.statistics.summary import Row

EPSILONS = (3.0, 1.0, 0.5, 0.1, 0.03, 0.01, 0.001)
"""In nats of the total log-likelihood."""
NEGLIGIBLE = 0.05
"""Smaller gaps are nothing beside a fit's own uncertainty, about one nat for two parameters."""


@dataclass(frozen=True)
class Arm:
    """One way to fit, traced to the horizon on the same trials as the others.

    Parameters
    ----------
    name : str
        em, additive, multiplicative, mean or squarem.
    log_likelihood : ndarray of shape (trials, horizon + 1)
        Of the clean data, at the start and after each M-step or evaluation of EM's map.
    limit : ndarray of shape (trials,)
        Where EM, run on from the arm's last estimate, ends; NaN where that is degenerate.
    """

    name: str
    sigma: float
    log_likelihood: FloatArray
    limit: FloatArray


@dataclass(frozen=True)
class Accuracy:
    """An arm's T_eps at one eps: a row of ``accuracy.csv``.

    Parameters
    ----------
    mean, standard_error : float
        Of T_eps, restricted at the horizon.
    restricted : float
        The share of trials that aren't within eps at the horizon.
    difference : Estimate
        Mean T_eps less EM's, with a simultaneous 95 % interval over the epsilons; NaN for EM.
    """

    protocol: str
    arm: str
    sigma: float
    epsilon: float
    mean: float
    standard_error: float
    restricted: float
    difference: Estimate


def accuracies(protocol: str, arms: Sequence[Arm], rng: np.random.Generator) -> list[Accuracy]:
    """Each arm at each epsilon.

    Parameters
    ----------
    arms : sequence of Arm
        EM first.
    rng : Generator
        Of the bootstrap behind the bands.
    """
    limit = best_limit([arm.limit for arm in arms])
    rows = []
    baseline: IntArray | None = None
    for arm in arms:
        passages = [within_for_good(limit[:, None] - arm.log_likelihood, epsilon) for epsilon in EPSILONS]
        steps = np.stack([passage.steps for passage in passages], axis=1)
        baseline = steps if baseline is None else baseline
        bands = zip(*paired_band(steps - baseline, rng), strict=True)
        for column, epsilon, passage, band in zip(steps.T, EPSILONS, passages, bands, strict=True):
            error = column.std(ddof=1) / len(column) ** 0.5
            difference = UNKNOWN if arm is arms[0] else Estimate(*map(float, band))
            rows.append(Accuracy(protocol, arm.name, arm.sigma, epsilon, float(column.mean()), float(error),
                                 passage.restricted, difference))  # fmt: skip
    return rows


def of_run(protocol: str, run: Run, rows: Iterable[tuple[str, Row]]) -> list[Accuracy]:
    """The same of rows of a traced run by the arms' names, EM first."""
    arms = [
        Arm(name, row.sigma, traces["log_likelihoods"], traces["limit"])
        for name, row in rows
        for traces in [run.traces(row)]
    ]
    return accuracies(protocol, arms, stream(run.experiment.seed, BOOTSTRAP))


def best_limit(limits: Sequence[FloatArray]) -> FloatArray:
    """The largest limit of any arm, shape (trials,); NaN where all are degenerate."""
    return np.asarray(np.fmax.reduce(limits))


def paired_band(differences: IntArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean differences with simultaneous 95 % intervals: a paired max-t bootstrap.

    Columns without any spread are left out of the maximum, and their interval is the value itself.

    Parameters
    ----------
    differences : ndarray of int, shape (trials, columns)

    Returns
    -------
    mean, low, high : ndarray of shape (columns,)
    """
    n = len(differences)
    mean, error = differences.mean(axis=0), differences.std(axis=0) / n**0.5
    varying = error > 0
    half = np.zeros(len(mean))
    if varying.any():
        kept = differences[:, varying]
        resampled = jointly_resampled_means(np.concatenate([kept, kept * kept], axis=1), RESAMPLES, rng)
        means, squares = np.split(resampled, 2, axis=1)
        errors = np.sqrt(np.maximum(squares - means * means, 0) / n)
        with np.errstate(divide="ignore", invalid="ignore"):  # a resample without spread says nothing
            t = np.abs(means - mean[varying]) / errors
        largest = np.where(np.isfinite(t), t, 0).max(axis=1)
        half[varying] = np.quantile(largest, 0.95) * error[varying]
    return mean, mean - half, mean + half
