"""Multiplicative injection, Corollary 2 (m-NEM)."""

from __future__ import annotations

from nem_cli.em.arrays import FloatArray
from nem_cli.em.injection import Injection


class Multiplicative(Injection):
    """phi(y, n) = y n with normal noise of mean 1."""

    name = "multiplicative"
    neutral = 1.0

    def phi(self, y: FloatArray, n: FloatArray) -> FloatArray:
        return y * n

    def slope(self, y: FloatArray) -> FloatArray:
        return y
