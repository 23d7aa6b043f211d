"""What a law of the hidden Z must provide."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np

from nem_cli.em.arrays import BoolArray, FloatArray, IntArray
from nem_cli.em.family import Family
from nem_cli.em.posterior import Posterior
from nem_cli.em.theta import Parameter, Theta

MIN_WEIGHT = 1e-8
"""A probability of a component below it ends a trial as degenerate."""


class Latent(ABC):
    """The law of Z_1, ..., Z_n: its parameters, its E-step given the family's densities, and its M-step."""

    name: ClassVar[str]
    parameters: ClassVar[tuple[Parameter, ...]] = ()
    whole: ClassVar[bool] = False
    """Whether the samples of a trial depend on each other, so that the E-step needs all of them at once."""

    @abstractmethod
    def sample(self, rng: np.random.Generator, theta: Theta, shape: tuple[int, int]) -> IntArray:
        """Draw Z, shape (trials, samples), all of them from one trial's theta."""

    @abstractmethod
    def posterior(self, family: Family, y: FloatArray, theta: Theta) -> Posterior:
        """The E-step, stable for any separation.

        Parameters
        ----------
        y : ndarray of shape (trials, samples) or (trials, samples, d)
        """

    @abstractmethod
    def log_likelihood(self, family: Family, y: FloatArray, theta: Theta) -> FloatArray:
        """Of the samples of a tile, natural logarithm, shape (trials,)."""

    def shares(self, theta: Theta, components: int) -> FloatArray:
        """How likely each value of Z is, before any data, about: shape (trials, K)."""
        return np.full((theta.trials, components), 1 / components)

    def even(self, components: int, trials: int) -> dict[str, FloatArray]:
        """The law's parameters where nothing is known: every value of Z as likely as any other."""
        shapes = {each.name: each.shape(components, 0) for each in self.parameters}
        return {name: np.full((trials, *shape), 1 / components) for name, shape in shapes.items()}

    def sums(self, theta: Theta) -> Any:
        """Something with ``add(rows, posterior)`` that collects what `maximise` needs; None where that is nothing."""
        return None

    def maximise(self, sums: Any, theta: Theta, estimate: frozenset[str]) -> dict[str, FloatArray]:
        """The M-step of the law's own parameters, those in `estimate` alone."""
        return {}

    def sound(self, theta: Theta) -> BoolArray:
        """Whether no value of Z has died out, shape (trials,); NaN counts as died out."""
        return np.ones(theta.trials, dtype=bool)

    def expected_log(self, posterior: Posterior, theta: Theta) -> FloatArray:
        """E[log p(Z | theta)] under a posterior, a term a sample, shape (trials, samples): its part of Q."""
        return np.zeros(posterior.responsibilities.shape[1:])
