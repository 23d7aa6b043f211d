"""Quasi-Newton acceleration with few secants.

H. Zhou, D. Alexander and K. Lange (2011), A quasi-Newton acceleration for high-dimensional optimization algorithms,
Statistics and Computing 21, 261-273.
"""

from __future__ import annotations

import itertools

import numpy as np

from nem_cli.em.accelerate.accelerator import Accelerator, Proposals
from nem_cli.em.accelerate.fixed_point import FixedPoint
from nem_cli.em.arrays import FloatArray

SECANTS = 3
"""At most; never more than there are coordinates."""


class QuasiNewton(Accelerator):
    """Newton's step for M(x) - x = 0 with the derivative of M from the last secants: two evaluations a step.

    M(x) + V (U'U - U'V)^-1 U' (M(x) - x), where the columns of U are M(x) - x and those of V are
    M(M(x)) - M(x) at the last points. Where it lowers the log-likelihood or leaves the parameter space: M(M(x)).
    """

    name = "quasi-newton"

    def proposals(self, em: FixedPoint, x: FloatArray) -> Proposals:
        secants = min(SECANTS, x.shape[1])
        steps: list[FloatArray] = []
        for _ in range(secants):
            image = yield x
            steps.append(image - x)
            x = image
        pairs = list(itertools.pairwise(steps))
        likelihood = em.heights(x)
        while True:
            x1 = yield x
            x2 = yield x1
            pairs = [*pairs, (x1 - x, x2 - x1)][-secants:]
            u, v = (np.stack([pair[side][em.running] for pair in pairs], axis=2) for side in (0, 1))
            step = (x1 - x)[em.running]
            ut = u.transpose(0, 2, 1)
            leap = x1.copy()
            leap[em.running] += (v @ np.linalg.pinv(ut @ (u - v)) @ ut @ step[:, :, None])[:, :, 0]
            x, likelihood, _ = em.climb(leap, x2, likelihood)
