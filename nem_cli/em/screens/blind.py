"""No screen at all: the paper's blind noise."""

from __future__ import annotations

import numpy as np

from nem_cli.em.arrays import BoolArray, FloatArray
from nem_cli.em.family import Family
from nem_cli.em.injection import Injection
from nem_cli.em.parameters import Parameters
from nem_cli.em.screen import Screen


class Blind(Screen):
    """Admits any noise. Where that takes data out of the family's support it is an error, for nothing rejects it."""

    name = "none"
    rejects = False

    def admits(self, log_gain: FloatArray, r: FloatArray) -> BoolArray:
        return np.ones(log_gain.shape[1], dtype=bool)

    def closed_form(
        self,
        rng: np.random.Generator,
        family: Family,
        injection: Injection,
        y: FloatArray,
        theta: Parameters,
        r: FloatArray,
        scale: float,
        redraw: bool,
    ) -> FloatArray | None:
        return None if injection.slope(y) is None else injection.draw(rng, scale, y.size).reshape(y.shape)
