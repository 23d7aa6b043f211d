"""The every-component condition, weakened to an average over the components."""

from __future__ import annotations

import numpy as np

from nem_cli.em.arrays import BoolArray, FloatArray
from nem_cli.em.family import Family
from nem_cli.em.geometry import Modes
from nem_cli.em.posterior import Posterior
from nem_cli.em.screens.every_component import EveryComponent
from nem_cli.em.sets import AdmissibleSet, Box
from nem_cli.em.theta import Theta


class PosteriorAverage(EveryComponent):
    """Admits noise with sum_j r_j [log f(phi(y, n) | j) - log f(y | j)] >= 0.

    It also moves points between the means. Its average is over Z given y at theta_k, where (10) averages at theta*, so
    it doesn't guarantee (10).
    """

    name = "posterior-average"

    def admits(self, log_gain: FloatArray, r: FloatArray) -> BoolArray:
        return np.asarray(np.einsum("kn,kn->n", r, log_gain) >= 0)

    def admissible(self, family: Family, y: FloatArray, theta: Theta, posterior: Posterior) -> AdmissibleSet:
        """In one dimension an interval; else the same sets, for where K = 1 the average is every component."""
        geometry = family.geometry(y, theta, posterior)
        if isinstance(geometry, Modes) and not family.dimensions:
            return Box(geometry.average_reach(y, posterior.responsibilities))
        return super().admissible(family, y, theta, posterior)
