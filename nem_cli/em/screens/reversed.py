"""The every-component condition with its sign reversed, for study."""

from __future__ import annotations

import numpy as np

from nem_cli.em import conditioned_normal
from nem_cli.em.arrays import BoolArray, FloatArray
from nem_cli.em.family import Family
from nem_cli.em.injection import Injection
from nem_cli.em.parameters import Parameters
from nem_cli.em.screen import Screen

_FARTHEST = 1e100
"""In standard deviations; further out even the logarithm of the tail overflows."""


class Reversed(Screen):
    """Admits noise with f(phi(y, n) | j) <= f(y | j) for every component j, the reverse of the NEM condition."""

    name = "reversed"

    def admits(self, log_gain: FloatArray, r: FloatArray) -> BoolArray:
        return np.asarray(np.all(log_gain <= 0, axis=0))

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
        slope = injection.slope(y)
        gap = family.reversed_gap(y, theta)
        if slope is None or gap is None:
            return None
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            ends = np.stack([end / (slope * scale) for end in gap])
        a, b = ends.min(axis=0), ends.max(axis=0)
        moved = np.minimum(-a, b) < _FARTHEST  # else sd is 0 or next to it: no noise gets y out of the gap
        a, b = a[moved], b[moved]
        z = np.zeros(y.shape)
        if redraw:
            z[moved] = conditioned_normal.outside(rng, a, b)
        else:
            drawn = rng.standard_normal(a.size)
            drawn[(drawn > a) & (drawn < b)] = 0
            z[moved] = drawn
        return injection.neutral + scale * z
