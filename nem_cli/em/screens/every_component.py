"""The paper's sufficient condition, equations (22) to (25)."""

from __future__ import annotations

import numpy as np

from nem_cli.em.arrays import BoolArray, FloatArray
from nem_cli.em.family import Family
from nem_cli.em.geometry import Around, Linear
from nem_cli.em.posterior import Posterior
from nem_cli.em.screen import Screen
from nem_cli.em.sets import AdmissibleSet, Ball, Box, HalfSpace
from nem_cli.em.theta import Theta


class EveryComponent(Screen):
    """Admits noise with f(phi(y, n) | j) >= f(y | j) for every component j: pointwise, hence (10)."""

    name = "every-component"

    def admits(self, log_gain: FloatArray, r: FloatArray) -> BoolArray:
        return np.asarray(np.all(log_gain >= 0, axis=0))

    def admissible(self, family: Family, y: FloatArray, theta: Theta, posterior: Posterior) -> AdmissibleSet:
        """In one dimension an interval; else the intersection of a set a component, which is one where K = 1."""
        geometry = family.geometry(y, theta, posterior)
        if isinstance(geometry, Linear):
            return HalfSpace(geometry.direction)
        if isinstance(geometry, Around):
            return Ball(geometry.centre - family.exposed(y))
        if geometry is None or family.dimensions:
            return super().admissible(family, y, theta, posterior)
        return Box(geometry.reach(y))
