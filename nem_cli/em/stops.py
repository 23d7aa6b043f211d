"""Stop rules: what is compared between iterations."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from nem_cli.em.arrays import FloatArray
from nem_cli.em.model import Model
from nem_cli.em.theta import Theta


class StopRule(ABC):
    """Line 1 of Algorithm 1: go on while norm(c(theta_k) - c(theta_{k-1})) >= 10^-tol.

    A rule is the coordinates c that it compares, their distance, and what that must fall below.
    """

    name: ClassVar[str]
    order: ClassVar[float] = 2
    """Of the norm: 2 for the Euclidean one, ``math.inf`` for the largest absolute change."""

    @abstractmethod
    def coordinates(self, model: Model, y: FloatArray, theta: Theta, estimate: frozenset[str]) -> FloatArray:
        """c(theta), shape (trials, any).

        Parameters
        ----------
        y : ndarray of shape (trials, samples) or (trials, samples, d)
            The clean data.
        """

    def distance(self, before: FloatArray, after: FloatArray) -> FloatArray:
        """From the coordinates of theta_{k-1} to those of theta_k, shape (trials,)."""
        return np.asarray(np.linalg.norm(after - before, ord=self.order, axis=1))

    def threshold(self, tol: float) -> float:
        """A trial ends where the distance is strictly below it."""
        return float(10.0**-tol)


class Euclidean(StopRule):
    """The paper's rule: the Euclidean norm of the change of the estimated parameters, none that follows from others."""

    name = "euclidean"

    def coordinates(self, model: Model, y: FloatArray, theta: Theta, estimate: frozenset[str]) -> FloatArray:
        return model.free(theta, estimate)


class MaxChange(StopRule):
    """The authors' code: the largest absolute change over the estimated parameters, variances as sds."""

    name = "max-change"
    order = math.inf

    def coordinates(self, model: Model, y: FloatArray, theta: Theta, estimate: frozenset[str]) -> FloatArray:
        return model.in_units(theta, estimate)


class LogLikelihood(StopRule):
    """The paper's alternative: |L(theta_k) - L(theta_{k-1})|, total natural log-likelihood of the clean data."""

    name = "log-likelihood"

    def coordinates(self, model: Model, y: FloatArray, theta: Theta, estimate: frozenset[str]) -> FloatArray:
        return model.log_likelihood(y, theta)[:, None]


class Never(StopRule):
    """Never holds, so every trial makes `max_iterations` M-steps: for looking past a stop rule."""

    name = "never"

    def coordinates(self, model: Model, y: FloatArray, theta: Theta, estimate: frozenset[str]) -> FloatArray:
        return np.full((len(y), 1), np.nan)
