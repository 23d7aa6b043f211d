"""Shrinkage injection: data drawn towards the noise."""

from __future__ import annotations

import numpy as np

from nem_cli.em.arrays import FloatArray
from nem_cli.em.injection import Injection


class Shrinkage(Injection):
    """phi(y, n) = (1 - w) y + w n with w = |n| / (1 + |n|) and normal noise n of mean 0.

    A convex combination of the value and the draw: small draws hardly count, large ones nearly replace the value. To
    first order y+ = (1 - |n|) y, so even unscreened noise pulls values towards 0 on average. For data about 0.
    """

    name = "shrinkage"
    neutral = 0.0

    def phi(self, y: FloatArray, n: FloatArray) -> FloatArray:
        size = np.abs(n)
        return np.asarray((y + size * n) / (1 + size))
