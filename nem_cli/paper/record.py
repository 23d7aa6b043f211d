"""A finished run, as the report needs it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nem_cli.experiment.config import Experiment
from nem_cli.statistics.summary import Row


@dataclass(frozen=True)
class Record:
    """A finished run.

    Parameters
    ----------
    experiment : Experiment
    summary : sequence of Row
    time_ratios : sequence of float or None
        Processor time a trial over EM's, a number a level.
    manifest : dict
        As in ``manifest.json``.
    address : str
        The run's folder, relative to the page.
    """

    experiment: Experiment
    summary: Sequence[Row]
    time_ratios: Sequence[float | None]
    manifest: dict[str, Any]
    address: str

    @property
    def name(self) -> str:
        """The experiment's."""
        return self.experiment.name

    @property
    def em(self) -> Row:
        """Plain EM."""
        return next(row for row in self.summary if row.sigma == 0)

    @property
    def best(self) -> Row:
        """The level with the fewest M-steps."""
        return min(self.summary, key=lambda row: (row.mean_iterations, row.sigma))

    def at(self, sigma: float) -> Row | None:
        """The level of a sigma, where the grid has it."""
        return next((row for row in self.summary if math.isclose(row.sigma, sigma)), None)

    def time_ratio(self, row: Row) -> float | None:
        """Processor time a trial at a level of this run, over EM's."""
        return self.time_ratios[list(self.summary).index(row)]
