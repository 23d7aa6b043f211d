"""One trial of a level, run again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nem_cli.em import algorithm
from nem_cli.experiment.block import data_and_starts, problem, trial_dtype
from nem_cli.experiment.plan import NOISE, Level, stream
from nem_cli.experiment.values import as_tuple


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
    parameters : dict of str to nested tuple of float
        By name, such as means.
    """

    k: int
    noise_scale: float | None
    injected: float | None
    log_likelihood: float
    parameters: dict[str, Any]


def iterates(level: Level, seed: int, trial: int) -> tuple[list[Iterate], NDArray[np.void]]:
    """Run a trial's block again, whole, and follow the trial.

    Parameters
    ----------
    level : Level
    seed : int
        The experiment's.
    trial : int
        From 0 on, as in ``trials.csv``.

    Returns
    -------
    list of Iterate
    structured ndarray of shape (1,), dtype `nem_cli.experiment.block.trial_dtype`
        How it ended, as a journal has it.
    """
    block, row = divmod(trial, level.block_trials)
    y, start = data_and_starts(level, seed, block)
    task, system = problem(level), level.trial.system
    path: list[Iterate] = []
    ending = np.zeros(1, dtype=trial_dtype(level.trial))
    for step in algorithm.steps(task, y, start, stream(seed, NOISE, block)):
        at = int(np.searchsorted(step.trials, row))
        theta = step.theta.take(slice(at, at + 1))
        with np.errstate(all="ignore"):  # a degenerate start has no density
            likelihood = float(task.model.log_likelihood(y[row : row + 1], theta)[0])
        arrays = {each.name: theta.arrays[each.name][0] for each in system.recorded}
        scale = task.noise.scale(step.k) if step.k else None
        injected = int(step.injected[at]) / y.shape[1] if step.k else None
        parameters = {name: as_tuple(values.tolist()) for name, values in arrays.items()}
        path.append(Iterate(step.k, scale, injected, likelihood, parameters))
        if step.status[at] >= 0:
            ending["status"], ending["iterations"], ending["log_likelihood"] = step.status[at], step.k, likelihood
            for name, values in arrays.items():
                ending[name] = values
            for name, measured in system.measured(y[row : row + 1], theta).items():
                ending[name] = measured
            break
    return path, ending
