"""Additive injection, Corollary 1."""

from __future__ import annotations

from nem_cli.em.arrays import FloatArray
from nem_cli.em.injection import Injection


class Additive(Injection):
    """phi(y, n) = y + n with normal noise of mean 0."""

    name = "additive"
    neutral = 0.0

    def phi(self, y: FloatArray, n: FloatArray) -> FloatArray:
        return y + n

    def slope(self, y: FloatArray) -> float:
        return 1.0
