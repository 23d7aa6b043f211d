"""The every-component condition, weakened to an average over the components."""

from __future__ import annotations

import numpy as np

from nem_cli.em.arrays import BoolArray, FloatArray
from nem_cli.em.family import Family
from nem_cli.em.parameters import Parameters
from nem_cli.em.screen import Screen


class PosteriorAverage(Screen):
    """Admits noise with sum_j r_j [log f(phi(y, n) | j) - log f(y | j)] >= 0.

    It also moves points between the means. Its average is over Z given y at theta_k, where (10) averages at theta*, so
    it doesn't guarantee (10).
    """

    name = "posterior-average"

    def admits(self, log_gain: FloatArray, r: FloatArray) -> BoolArray:
        return np.asarray(np.einsum("kn,kn->n", r, log_gain) >= 0)

    def reach(self, family: Family, y: FloatArray, theta: Parameters, r: FloatArray) -> FloatArray | None:
        return family.average_reach(y, theta, r)
