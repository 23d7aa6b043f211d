"""One block of trials: data, starts, Algorithm 1, and the table that goes into the journal."""

from __future__ import annotations

import functools
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nem_cli.em import algorithm
from nem_cli.em.arrays import FloatArray
from nem_cli.em.family import Family
from nem_cli.em.noise import Noise
from nem_cli.em.parameters import Parameters
from nem_cli.em.registry import families, starts, stop_rules
from nem_cli.em.start import Given, Start
from nem_cli.experiment.config import Components, Mixture
from nem_cli.experiment.machine import cpu
from nem_cli.experiment.plan import DATA, NOISE, Level, stream


@dataclass(frozen=True)
class Block:
    """A finished block.

    Parameters
    ----------
    trials : structured ndarray of shape (block_trials,), dtype `trial_dtype`
    seconds : float
        Processor time of Algorithm 1 alone.
    draws, accepted : int
        See `nem_cli.em.noise.Sampled`.
    cpu : str
        The processor that made it.
    """

    trials: NDArray[np.void]
    seconds: float
    draws: int
    accepted: int
    cpu: str


def trial_dtype(components: int) -> np.dtype[np.void]:
    """A row of a block's table; status holds a `nem_cli.em.status.Status`."""
    return np.dtype(
        [
            ("status", "<u1"),
            ("iterations", "<i4"),
            ("log_likelihood", "<f8"),
            ("weights", "<f8", (components,)),
            ("means", "<f8", (components,)),
            ("variances", "<f8", (components,)),
        ]
    )


def run_block(level: Level, seed: int, block: int) -> Block:
    """Run one block whole. Its numbers depend on the level, the seed and the block's number, and on nothing else."""
    y, start = data_and_starts(level, seed, block)
    began = time.thread_time()
    fits = algorithm.fit(problem(level), y, start, stream(seed, NOISE, block))
    seconds = time.thread_time() - began
    table = np.zeros(len(y), dtype=trial_dtype(level.components))
    table["status"] = fits.status
    table["iterations"] = fits.iterations
    table["log_likelihood"] = fits.log_likelihood
    table["weights"] = fits.theta.weights
    table["means"] = fits.theta.means
    table["variances"] = fits.theta.variances
    return Block(table, seconds, fits.draws, fits.accepted, cpu())


def data_and_starts(level: Level, seed: int, block: int) -> tuple[FloatArray, Parameters]:
    """A block's data (trials, samples) and theta_0: the same for every level with these data, and for both modes.

    The last block's are kept, read-only, for the next level that wants them.
    """
    trial = level.trial
    return _drawn(trial.mixture, trial.sample_size, trial.start, trial.estimate, level.block_trials, seed, block)


@functools.lru_cache(maxsize=1)
def _drawn(
    mixture: Mixture,
    samples: int,
    start: Components | str,
    estimate: tuple[str, ...],
    trials: int,
    seed: int,
    block: int,
) -> tuple[FloatArray, Parameters]:
    family = families.get(mixture.family)
    truth = family.parameters(mixture.weights, mixture.means, mixture.variances)
    rng = stream(seed, DATA, block)
    y = family.sample_mixture(rng, truth, (trials, samples))
    theta = start_rule(start, family).parameters(rng, family, y, truth, frozenset(estimate))
    for shared in (y, theta.weights, theta.means, theta.variances):
        shared.flags.writeable = False
    return y, theta


def start_rule(start: Components | str, family: Family) -> Start:
    """The start rule that a config means."""
    if isinstance(start, Components):
        return Given(family.parameters(start.weights, start.means, start.variances))
    return starts.get(start)


def problem(level: Level) -> algorithm.Problem:
    """Algorithm 1's settings of a level."""
    trial = level.trial
    return algorithm.Problem(
        family=families.get(trial.mixture.family),
        noise=Noise(trial.noise.injection, level.sigma, trial.noise.screen, trial.noise.decay, trial.noise.on_reject),
        estimate=frozenset(trial.estimate),
        stop=stop_rules.get(trial.stop.rule),
        tol=trial.stop.tol,
        max_iterations=trial.stop.max_iterations,
    )
