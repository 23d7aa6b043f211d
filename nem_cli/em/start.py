"""What a start rule must provide: theta_0."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import ClassVar

import numpy as np

from nem_cli.em.arrays import FloatArray
from nem_cli.em.family import Family
from nem_cli.em.parameters import PARAMETERS, Parameters


class Start(ABC):
    """Where EM starts."""

    name: ClassVar[str]

    @abstractmethod
    def parameters(
        self, rng: np.random.Generator, family: Family, y: FloatArray, truth: Parameters, estimate: frozenset[str]
    ) -> Parameters:
        """theta_0 of every trial.

        Parameters
        ----------
        y : ndarray of shape (trials, samples)
        truth : Parameters
            The mixture that made the data, arrays of shape (1, K); what isn't estimated is known and taken from it.
        """


class Given(Start):
    """The same given values for every trial."""

    name = "given"

    def __init__(self, theta: Parameters) -> None:
        self.theta = theta

    def parameters(
        self, rng: np.random.Generator, family: Family, y: FloatArray, truth: Parameters, estimate: frozenset[str]
    ) -> Parameters:
        return self.theta.take(np.zeros(len(y), dtype=np.int64))


def with_known(theta: Parameters, truth: Parameters, estimate: frozenset[str]) -> Parameters:
    """Replace the parameters that aren't estimated by the true ones, which are then known."""
    shape = theta.means.shape
    known = {name: np.broadcast_to(getattr(truth, name), shape).copy() for name in PARAMETERS if name not in estimate}
    return replace(theta, **known)
