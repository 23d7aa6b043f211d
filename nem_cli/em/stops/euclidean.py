"""The paper's rule, with the Euclidean norm."""

from __future__ import annotations

import numpy as np

from nem_cli.em.arrays import FloatArray
from nem_cli.em.family import Family
from nem_cli.em.parameters import Parameters
from nem_cli.em.stop import StopRule


class Euclidean(StopRule):
    """Norm of the change of (first K - 1 weights, means, variances), the estimated ones only."""

    name = "euclidean"

    def coordinates(self, family: Family, y: FloatArray, theta: Parameters, estimate: frozenset[str]) -> FloatArray:
        compared = {"weights": theta.weights[:, :-1], "means": theta.means, "variances": theta.variances}
        return np.concatenate([values for name, values in compared.items() if name in estimate], axis=1)
