"""The every-component condition with its sign reversed, for study."""

from __future__ import annotations

import numpy as np

from nem_cli.em.arrays import BoolArray, FloatArray
from nem_cli.em.family import Family
from nem_cli.em.geometry import Linear, Modes
from nem_cli.em.posterior import Posterior
from nem_cli.em.screen import Screen
from nem_cli.em.sets import AdmissibleSet, HalfSpace, Outside
from nem_cli.em.theta import Theta


class Reversed(Screen):
    """Admits noise with f(phi(y, n) | j) <= f(y | j) for every component j, the reverse of the NEM condition."""

    name = "reversed"

    def admits(self, log_gain: FloatArray, r: FloatArray) -> BoolArray:
        return np.asarray(np.all(log_gain <= 0, axis=0))

    def admissible(self, family: Family, y: FloatArray, theta: Theta, posterior: Posterior) -> AdmissibleSet:
        geometry = family.geometry(y, theta, posterior)
        if isinstance(geometry, Linear):
            return HalfSpace(-geometry.direction)
        if isinstance(geometry, Modes) and not family.dimensions:
            return Outside(*geometry.gap(y, family.support))
        return super().admissible(family, y, theta, posterior)
