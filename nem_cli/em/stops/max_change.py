"""The rule of the authors' published code."""

from __future__ import annotations

import math

import numpy as np

from nem_cli.em.arrays import FloatArray
from nem_cli.em.family import Family
from nem_cli.em.parameters import Parameters
from nem_cli.em.stop import StopRule


class MaxChange(StopRule):
    """Largest absolute change over the estimated weights, means and standard deviations."""

    name = "max-change"
    order = math.inf

    def coordinates(self, family: Family, y: FloatArray, theta: Parameters, estimate: frozenset[str]) -> FloatArray:
        compared = {"weights": theta.weights, "means": theta.means, "variances": np.sqrt(theta.variances)}
        return np.concatenate([values for name, values in compared.items() if name in estimate], axis=1)
