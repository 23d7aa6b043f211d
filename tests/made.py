"""Made-up trials: what a journal would say of them."""

from __future__ import annotations

import numpy as np

from nem_cli.experiment.block import trial_dtype
from nem_cli.experiment.journal import Totals


def ended(iterations, status=0, log_likelihood=0.0, components=2):
    """A table of trials with these M-steps."""
    table = np.zeros(len(iterations), dtype=trial_dtype(components))
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
