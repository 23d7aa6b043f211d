"""Stop rules: what is compared between iterations."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from nem_cli.em.arrays import FloatArray
from nem_cli.em.families.network import Network
from nem_cli.em.latents.hard import Hard, Labels
from nem_cli.em.model import Model
from nem_cli.em.theta import Parameter, Theta
from nem_cli.errors import ConfigError


class StopRule(ABC):
    """Line 1 of Algorithm 1: go on while norm(c(theta_k) - c(theta_{k-1})) >= 10^-tol.

    A rule is the coordinates c that it compares, their distance, and what that must fall below.
    """

    name: ClassVar[str]
    order: ClassVar[float] = 2
    """Of the norm: 2 for the Euclidean one, ``math.inf`` for the largest absolute change."""
    takes_tol: ClassVar[bool] = True
    """Whether a tolerance means anything."""
    of_e_steps: ClassVar[bool] = False
    """Whether it compares what two successive E-steps found, at theta_{k-2} and theta_{k-1}, not two estimates."""

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

    def remembered(self, before: FloatArray | None, after: FloatArray) -> FloatArray:
        """What the next step is compared with, shape (trials, any): the coordinates of this one.

        A rule with a history returns more than these, and gets it back as `before`, here and in `distance`.

        Parameters
        ----------
        before : ndarray of shape (trials, any), or None
            What it returned for the step before; None at first.
        """
        return after

    def threshold(self, tol: float) -> float:
        """A trial ends where the distance is strictly below it."""
        return float(10.0**-tol)

    def check(self, model: Model) -> None:  # noqa: B027  (nothing to refuse)
        """Refuse a model in which the rule means nothing.

        Raises
        ------
        ConfigError
        """

    def refusal(self, problem: str) -> ConfigError:
        """What `check` raises."""
        return ConfigError(problem, path="stop.rule", value=self.name)


class Euclidean(StopRule):
    """The paper's rule: the Euclidean norm of the change of the estimated parameters, none that follows from others."""

    name = "euclidean"

    def coordinates(self, model: Model, y: FloatArray, theta: Theta, estimate: frozenset[str]) -> FloatArray:
        return model.compared(theta, estimate, Parameter.free)


class MaxChange(StopRule):
    """The authors' code: the largest absolute change over the estimated parameters, variances as sds."""

    name = "max-change"
    order = math.inf

    def coordinates(self, model: Model, y: FloatArray, theta: Theta, estimate: frozenset[str]) -> FloatArray:
        return model.compared(theta, estimate, Parameter.in_units)


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


class SameLabels(StopRule):
    """Two successive E-steps assign every sample alike: the end of k-means, which takes no tolerance.

    The M-steps done by then are the n_iter_ of scikit-learn's ``KMeans(tol=0)``.
    """

    name = "labels"
    takes_tol = False
    of_e_steps = True

    def coordinates(self, model: Model, y: FloatArray, theta: Theta, estimate: frozenset[str]) -> FloatArray:
        labels = np.empty(y.shape[:2])
        for rows, columns in model.tiles(y, theta):
            posterior = model.posterior(y[rows, columns], theta.take(rows))
            assert isinstance(posterior, Labels)  # see `check`
            labels[rows, columns] = posterior.labels
        return labels

    def distance(self, before: FloatArray, after: FloatArray) -> FloatArray:
        """How many samples are assigned anew."""
        return np.asarray(np.count_nonzero(before != after, axis=1), dtype=float)

    def threshold(self, tol: float) -> float:
        return 1.0

    def check(self, model: Model) -> None:
        if not isinstance(model.latent, Hard):
            raise self.refusal("samples have labels in k-means alone; use euclidean, max-change or log-likelihood")


class LossBelow(StopRule):
    """A network's mean loss over the clean training data is below a value; takes that in the place of a tolerance.

    Parameters
    ----------
    below : float
    """

    name = "loss"
    takes_tol = False

    def __init__(self, below: float = 0.0) -> None:
        self.below = below

    def coordinates(self, model: Model, y: FloatArray, theta: Theta, estimate: frozenset[str]) -> FloatArray:
        assert isinstance(model.family, Network)  # see `check`
        return model.family.mean_loss(y, theta)[:, None]

    def distance(self, before: FloatArray, after: FloatArray) -> FloatArray:
        """The loss at theta_k."""
        return after[:, 0]

    def threshold(self, tol: float) -> float:
        return self.below

    def check(self, model: Model) -> None:
        if not isinstance(model.family, Network):
            raise self.refusal("only a network has a loss; use euclidean, max-change or log-likelihood")
