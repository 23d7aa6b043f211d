"""The paper's sufficient condition, equations (22) to (25)."""

from __future__ import annotations

import numpy as np

from nem_cli.em.arrays import BoolArray, FloatArray
from nem_cli.em.family import Family
from nem_cli.em.parameters import Parameters
from nem_cli.em.screen import Screen


class EveryComponent(Screen):
    """Admits noise with f(phi(y, n) | j) >= f(y | j) for every component j: pointwise, hence (10)."""

    name = "every-component"

    def admits(self, log_gain: FloatArray, r: FloatArray) -> BoolArray:
        return np.asarray(np.all(log_gain >= 0, axis=0))

    def reach(self, family: Family, y: FloatArray, theta: Parameters, r: FloatArray) -> FloatArray | None:
        return family.reach(y, theta)
