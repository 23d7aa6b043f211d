"""What a stop rule must provide: what is compared between iterations."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from nem_cli.em.arrays import FloatArray
from nem_cli.em.family import Family
from nem_cli.em.parameters import Parameters


class StopRule(ABC):
    """Line 1 of Algorithm 1: go on while norm(c(theta_k) - c(theta_{k-1})) >= 10^-tol.

    A rule is the coordinates c that it compares, and the order of its norm.
    """

    name: ClassVar[str]
    order: ClassVar[float] = 2
    """2 for the Euclidean norm, ``math.inf`` for the largest absolute change."""

    @abstractmethod
    def coordinates(self, family: Family, y: FloatArray, theta: Parameters, estimate: frozenset[str]) -> FloatArray:
        """c(theta), shape (trials, any)."""

    def distance(self, here: FloatArray, there: FloatArray) -> FloatArray:
        """The norm of the change of coordinates, shape (trials,)."""
        return np.asarray(np.linalg.norm(there - here, ord=self.order, axis=1))
