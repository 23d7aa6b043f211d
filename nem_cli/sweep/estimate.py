"""`--dry-run`: what a sweep would run, and about how long it would take."""

from __future__ import annotations

from nem_cli.experiment.config import Experiment
from nem_cli.experiment.plan import levels
from nem_cli.experiment.runner import Workers

NANOSECONDS = 30
"""Rough processor time a sample and M-step; `make bench` measures it."""
M_STEPS = 12
"""A rough number of M-steps a trial."""


def estimate(experiment: Experiment, workers: Workers) -> str:
    """A sentence with levels, trials and a rough time."""
    plan = levels(experiment)
    samples = 0
    for level in plan:
        steps = min(M_STEPS, level.trial.stop.max_iterations)
        samples += level.blocks(experiment.trials) * level.block_trials * level.trial.sample_size * steps
    seconds = samples * NANOSECONDS * 1e-9 / workers.count
    return (
        f"{experiment.name}: {len(plan)} levels of {experiment.trials:,} trials, "
        f"{len(plan) * experiment.trials:,} in all; "
        f"about {max(1, round(seconds)):,} s with {workers.count} jobs if a trial takes about {M_STEPS} M-steps"
    )
