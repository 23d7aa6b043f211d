"""Adaptive over-relaxed EM.

R. Salakhutdinov and S. Roweis (2003), Adaptive overrelaxed bound optimization methods, ICML 20, 664-671. Theirs moves
weights and scales in coordinates without bounds; here they move as they are, and a step that leaves the parameter space
counts as one that lowers the likelihood.
"""

from __future__ import annotations

import numpy as np

from nem_cli.em.accelerate.accelerator import Accelerator, Proposals
from nem_cli.em.accelerate.fixed_point import FixedPoint
from nem_cli.em.arrays import FloatArray

GROWTH = 1.1
"""Of the step length after a step that didn't lower the likelihood: their alpha."""


class OverRelaxed(Accelerator):
    """x + eta (M(x) - x), where eta grows with every success and falls back to 1, an EM step, with a failure."""

    name = "over-relaxed"

    def proposals(self, em: FixedPoint, x: FloatArray) -> Proposals:
        eta = np.ones(len(x))
        likelihood = em.heights(x)
        while True:
            image = yield x
            x, likelihood, longer = em.climb(x + eta[:, None] * (image - x), image, likelihood)
            eta = np.where(longer, GROWTH * eta, 1.0)
