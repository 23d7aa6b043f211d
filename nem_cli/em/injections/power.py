"""Power injection: the noise is an exponent."""

from __future__ import annotations

import numpy as np

from nem_cli.em.arrays import FloatArray
from nem_cli.em.injection import Injection

MAX_EXPONENT = 300.0
"""|log(|y+| / |y|)| at most, so that y+ and its square stay finite however large the noise."""


class Power(Injection):
    """phi(y, n) = y |y|^(n - 1) with normal noise of mean 1: the sign stays, the magnitude becomes |y|^n.

    On the logarithmic scale it is noise in proportion to log |y|, so it depends on the unit of the data: -1, 0 and 1
    don't move, and values between them move the other way than values outside.
    """

    name = "power"
    neutral = 1.0

    def phi(self, y: FloatArray, n: FloatArray) -> FloatArray:
        exponent = np.log(np.abs(y), out=np.zeros_like(y), where=y != 0)
        exponent *= n - 1
        return np.asarray(y * np.exp(np.clip(exponent, -MAX_EXPONENT, MAX_EXPONENT)))
