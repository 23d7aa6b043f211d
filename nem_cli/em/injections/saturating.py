"""Saturating injection: multiplicative noise with bounded factors."""

from __future__ import annotations

import numpy as np

from nem_cli.em.arrays import FloatArray
from nem_cli.em.injection import Injection


class Saturating(Injection):
    """phi(y, n) = y (1 + tanh n) with normal noise of mean 0.

    For small noise it is multiplicative noise; however large the noise is, y+ stays between 0 and 2 y and keeps its
    sign, so that positive data stay positive.
    """

    name = "saturating"
    neutral = 0.0

    def phi(self, y: FloatArray, n: FloatArray) -> FloatArray:
        return np.asarray(y * (1 + np.tanh(n)))
