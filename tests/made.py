"""Made-up trials: what a journal or a run would say of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nem_cli.experiment.block import trial_dtype
from nem_cli.experiment.config import TrialSettings
from nem_cli.experiment.journal import Totals
from nem_cli.experiment.plan import levels
from nem_cli.statistics.run import Run
from nem_cli.statistics.summary import Row, summarise


def dtype_of(components):
    """Of the trials of a mixture in one dimension."""
    values = {"weights": (1 / components,) * components, "means": (0.0,) * components, "variances": (1.0,) * components}
    return trial_dtype(TrialSettings.model_validate({"mixture": values, "sample_size": 10}))


def ended(iterations, status=0, log_likelihood=0.0, components=2):
    """A table of trials with these M-steps."""
    table = np.zeros(len(iterations), dtype=dtype_of(components))
    table["iterations"], table["status"], table["log_likelihood"] = iterations, status, log_likelihood
    return table


class MadeJournal:
    """A journal that holds made-up trials: `table(level)` is a level's."""

    def __init__(self, table, draws=0, accepted=0):
        self.table, self.draws, self.accepted = table, draws, accepted

    def read(self, level, trials):
        yield self.table(level)[:trials]

    def totals(self, level, trials):
        return Totals(trials, 1.0, self.draws, self.accepted)


def made_run(experiment, table, folder=Path("made"), traces=None):
    """A finished run of made-up trials: `table(level)` is its M-steps or whole table, `traces(level)` its traces."""

    class Made(Run):
        def trials(self, level):
            found = table(level.level if isinstance(level, Row) else level)
            return found if found.dtype.names else ended(found)

        def traces(self, level):
            return traces(level.level)

    rows = Made(folder, experiment, rows=())
    return Made(folder, experiment, rows=summarise(experiment, levels(experiment), MadeJournal(rows.trials)))
