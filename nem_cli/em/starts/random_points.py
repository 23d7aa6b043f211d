"""Start from samples chosen at random."""

from __future__ import annotations

import numpy as np

from nem_cli.em.arrays import FloatArray
from nem_cli.em.family import Family
from nem_cli.em.parameters import Parameters
from nem_cli.em.start import Start, with_known


class RandomPoints(Start):
    """Means at K distinct samples, sorted; weights 1/K; variances s^2 (ddof 0)."""

    name = "random-points"

    def parameters(
        self, rng: np.random.Generator, family: Family, y: FloatArray, truth: Parameters, estimate: frozenset[str]
    ) -> Parameters:
        k = truth.components
        chosen = np.array([rng.choice(row, size=k, replace=False, shuffle=False) for row in y])
        chosen.sort(axis=1)
        variance = np.broadcast_to(y.var(axis=1, keepdims=True), chosen.shape).copy()
        return family.complete(with_known(Parameters(np.full_like(chosen, 1 / k), chosen, variance), truth, estimate))
