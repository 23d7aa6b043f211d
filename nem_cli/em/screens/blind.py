"""No screen at all: the paper's blind noise."""

from __future__ import annotations

import numpy as np

from nem_cli.em.arrays import BoolArray, FloatArray
from nem_cli.em.family import Family
from nem_cli.em.posterior import Posterior
from nem_cli.em.screen import Screen
from nem_cli.em.sets import AdmissibleSet, Everywhere
from nem_cli.em.theta import Theta


class Blind(Screen):
    """Admits any noise. Where that takes data out of the family's support it is an error, for nothing rejects it."""

    name = "none"
    rejects = False

    def admits(self, log_gain: FloatArray, r: FloatArray) -> BoolArray:
        return np.ones(log_gain.shape[1], dtype=bool)

    def admissible(self, family: Family, y: FloatArray, theta: Theta, posterior: Posterior) -> AdmissibleSet:
        return Everywhere()
