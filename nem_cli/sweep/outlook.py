"""`--dry-run`: what would run, and about how long it would take."""

from __future__ import annotations

from collections.abc import Iterable

from nem_cli.experiment.config import Experiment
from nem_cli.experiment.plan import levels
from nem_cli.experiment.runner import Workers
from nem_cli.statistics.table import Column, Table

NANOSECONDS = 30
"""Rough processor time a sample and M-step; `make bench` measures it."""
M_STEPS = 12
"""A rough number of M-steps a trial."""


def outlook(runs: Iterable[tuple[str, Experiment, bool]], workers: Workers) -> Table:
    """A row a run.

    Parameters
    ----------
    runs : iterable of (str, Experiment, bool)
        A name, what would run, and whether it has: a finished run takes no time.
    """
    rows = []
    for name, experiment, finished in runs:
        plan, samples = levels(experiment), 0
        for level in plan:
            steps = min(M_STEPS, level.trial.stop.max_iterations)
            samples += level.blocks(experiment.trials) * level.block_trials * level.trial.sample_size * steps
        seconds = None if finished else max(1, round(samples * NANOSECONDS * 1e-9 / workers.count))
        rows.append((name, len(plan), experiment.trials, seconds))
    columns = [Column("run"), Column("levels", ","), Column("trials a level", ",", "trials"), Column("seconds", ",")]
    return Table(columns, rows, f"Seconds: about, with {workers.count} jobs and {M_STEPS} M-steps a trial.")
