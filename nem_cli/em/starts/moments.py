"""Start from the sample's mean and standard deviation."""

from __future__ import annotations

import numpy as np

from nem_cli.em.arrays import FloatArray
from nem_cli.em.family import Family
from nem_cli.em.parameters import Parameters
from nem_cli.em.start import Start, with_known


class FromMoments(Start):
    """Weights 1/K; means m + s c_j with c_j equally spaced from -1 to 1 (0 for K = 1); variances s^2 (ddof 0)."""

    name = "moments"

    def parameters(
        self, rng: np.random.Generator, family: Family, y: FloatArray, truth: Parameters, estimate: frozenset[str]
    ) -> Parameters:
        c = np.linspace(-1, 1, truth.components) if truth.components > 1 else np.zeros(1)
        theta = family.spread(y.mean(axis=1, keepdims=True), y.std(axis=1, keepdims=True), c)
        return family.complete(with_known(theta, truth, estimate))
