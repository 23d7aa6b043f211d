"""SQUAREM, squared extrapolation of EM's steps.

R. Varadhan and C. Roland (2008), Simple and globally convergent methods for accelerating the convergence of any EM
algorithm, Scandinavian Journal of Statistics 35, 335-353: scheme S3.
"""

from __future__ import annotations

import numpy as np

from nem_cli.em.accelerate.accelerator import Accelerator, Proposals
from nem_cli.em.accelerate.fixed_point import FixedPoint
from nem_cli.em.arrays import FloatArray


class Squarem(Accelerator):
    """Two EM steps from x, a leap along both, and an EM step from there: three evaluations a cycle.

    x - 2 a r + a^2 v with r = M(x) - x, v = M(M(x)) - 2 M(x) + x and a = -|r| / |v|, at most -1. Where the leap lowers
    the log-likelihood or leaves the parameter space, the third step starts from M(M(x)).
    """

    name = "squarem"

    def proposals(self, em: FixedPoint, x: FloatArray) -> Proposals:
        while True:
            least = em.heights(x)
            x1 = yield x
            x2 = yield x1
            r, v = x1 - x, x2 - 2 * x1 + x
            norm_r, norm_v = (np.linalg.norm(each, axis=1, keepdims=True) for each in (r, v))
            a = np.minimum(-np.divide(norm_r, norm_v, out=np.ones_like(norm_r), where=norm_v > 0), -1)
            leap, _, _ = em.climb(x - 2 * a * r + a * a * v, x2, least)
            x = yield leap
