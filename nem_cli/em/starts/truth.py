"""Start from the mixture that made the data."""

from __future__ import annotations

import numpy as np

from nem_cli.em.arrays import FloatArray
from nem_cli.em.family import Family
from nem_cli.em.parameters import Parameters
from nem_cli.em.start import Start


class Truth(Start):
    """theta_0 is the true theta."""

    name = "truth"

    def parameters(
        self, rng: np.random.Generator, family: Family, y: FloatArray, truth: Parameters, estimate: frozenset[str]
    ) -> Parameters:
        return truth.take(np.zeros(len(y), dtype=np.int64))
