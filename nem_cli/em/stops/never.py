"""No rule: a fixed number of M-steps."""

from __future__ import annotations

import numpy as np

from nem_cli.em.arrays import FloatArray
from nem_cli.em.family import Family
from nem_cli.em.parameters import Parameters
from nem_cli.em.stop import StopRule


class Never(StopRule):
    """Never holds, so every trial makes `max_iterations` M-steps: for looking past a stop rule."""

    name = "never"

    def coordinates(self, family: Family, y: FloatArray, theta: Parameters, estimate: frozenset[str]) -> FloatArray:
        return np.full((len(y), 1), np.nan)
