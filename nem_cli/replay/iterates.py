"""One trial's iterates, and whether they end as a run recorded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nem_cli.em import algorithm
from nem_cli.em.posterior import log_likelihood
from nem_cli.em.status import Status
from nem_cli.experiment.block import data_and_starts, problem
from nem_cli.experiment.plan import NOISE, Level, stream


@dataclass(frozen=True)
class Iterate:
    """theta_k of one trial.

    Parameters
    ----------
    k : int
        M-steps done; 0 is the start.
    noise_scale : float or None
        Standard deviation of the noise that this M-step used; None at the start.
    injected : float or None
        Share of the samples with noise other than the neutral one.
    log_likelihood : float
        Of the clean data.
    weights, means, variances : tuple of float
    """

    k: int
    noise_scale: float | None
    injected: float | None
    log_likelihood: float
    weights: tuple[float, ...]
    means: tuple[float, ...]
    variances: tuple[float, ...]


@dataclass(frozen=True)
class Ending:
    """How a trial ended: a row of ``trials.csv``."""

    status: Status
    iterations: int
    log_likelihood: float
    weights: tuple[float, ...]
    means: tuple[float, ...]
    variances: tuple[float, ...]

    def differences(self, other: Ending) -> list[str]:
        """What differs from another ending, one text each.

        Numbers are compared to the last bit; those that aren't finite are all alike, for csv files leave them empty.
        """
        found = []
        for name in ("status", "iterations", "log_likelihood", "weights", "means", "variances"):
            here, there = getattr(self, name), getattr(other, name)
            one, other_one = (np.where(np.isfinite(each), each, np.nan) for each in (here, there))
            if not np.array_equal(one, other_one, equal_nan=True):
                shown = [each.label if isinstance(each, Status) else each for each in (here, there)]
                found.append(f"{name.replace('_', '-')} {shown[0]}, recorded {shown[1]}")
        return found


def iterates(level: Level, seed: int, trial: int) -> tuple[list[Iterate], Ending]:
    """Run a trial's block again, whole, and follow the trial.

    Parameters
    ----------
    level : Level
    seed : int
        The experiment's.
    trial : int
        From 0 on, as in ``trials.csv``.
    """
    block, row = divmod(trial, level.block_trials)
    y, start = data_and_starts(level, seed, block)
    task = problem(level)
    path: list[Iterate] = []
    status = Status.DEGENERATE
    for step in algorithm.steps(task, y, start, stream(seed, NOISE, block)):
        at = int(np.searchsorted(step.trials, row))
        theta = step.theta.take(slice(at, at + 1))
        with np.errstate(all="ignore"):  # a degenerate start has no density
            likelihood = log_likelihood(task.family, y[row : row + 1], theta)[0]
        path.append(
            Iterate(
                k=step.k,
                noise_scale=task.noise.scale(step.k) if step.k else None,
                injected=int(step.injected[at]) / y.shape[1] if step.k else None,
                log_likelihood=float(likelihood),
                weights=tuple(theta.weights[0].tolist()),
                means=tuple(theta.means[0].tolist()),
                variances=tuple(theta.variances[0].tolist()),
            )
        )
        if step.status[at] >= 0:
            status = Status(int(step.status[at]))
            break
    last = path[-1]
    return path, Ending(status, last.k, last.log_likelihood, last.weights, last.means, last.variances)
