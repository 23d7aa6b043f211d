"""What a mixture family must provide."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from nem_cli.em.arrays import BoolArray, FloatArray, IntArray
from nem_cli.em.parameters import Parameters


class Moments:
    """Responsibility-weighted sums of y+ over the samples, about each trial's pivot p = sum_j alpha_j mu_j.

    About 0 the variance would cancel where the data lie far from it. About the pivot its relative error stays near the
    machine's, times the sample variance over the component's, which the guard on collapsed components bounds.

    Attributes
    ----------
    pivot : ndarray of shape (trials, 1)
    mass : ndarray of shape (trials, K)
        sum_i r_ij.
    first : ndarray of shape (trials, K)
        sum_i r_ij (y+_i - p).
    second : ndarray of shape (trials, K)
        sum_i r_ij (y+_i - p)^2.
    """

    def __init__(self, theta: Parameters) -> None:
        self.pivot = np.einsum("tk,tk->t", theta.weights, theta.means)[:, None]
        self.mass, self.first, self.second = np.zeros((3, *theta.means.shape))

    def add(self, trials: slice, y_dagger: FloatArray, r: FloatArray) -> None:
        """Add the sums over some samples of some trials.

        Parameters
        ----------
        y_dagger : ndarray of shape (trials, samples)
            The noisy data.
        r : ndarray of shape (K, trials, samples)
        """
        x = y_dagger - self.pivot[trials]
        self.mass[trials] += r.sum(axis=2).T
        self.first[trials] += np.einsum("ktn,tn->tk", r, x)
        x *= x
        self.second[trials] += np.einsum("ktn,tn->tk", r, x)

    def mean(self) -> FloatArray:
        """Weighted means of y+, shape (trials, K)."""
        return np.asarray(self.pivot + self.first / self.mass)

    def variance(self, mean: FloatArray) -> FloatArray:
        """Weighted mean squares of y+ about given means, shape (trials, K)."""
        shift = mean - self.pivot
        return np.asarray((self.second - 2 * shift * self.first) / self.mass + shift * shift)


class Family(ABC):
    """A family of component densities f(y | j, theta_j) that an M-step can fit from `Moments`.

    Subclass it, give it a `name`, and register it (see CONTRIBUTING.md). The closed forms `reach` and `average_reach`
    are optional: without them the screens go through their definition. The M-step must follow from the sums in
    `Moments`; a family whose M-step needs an inner optimisation, such as the Cauchy, isn't one of these.
    """

    name: ClassVar[str]
    estimable: ClassVar[tuple[str, ...]]
    """The parameters of this family that may be estimated; a subset of ``PARAMETERS``."""
    support: ClassVar[tuple[float, float]] = (-math.inf, math.inf)
    """The closed interval that the family's values come from."""

    @abstractmethod
    def sample(self, rng: np.random.Generator, theta: Parameters, component: IntArray) -> FloatArray:
        """Draw y given each sample's component.

        Parameters
        ----------
        theta : Parameters
            One trial: arrays of shape (1, K).
        component : ndarray of int, shape (trials, samples)
        """

    def sample_mixture(self, rng: np.random.Generator, theta: Parameters, shape: tuple[int, int]) -> FloatArray:
        """Draw y from the mixture: components first, then `sample`.

        Parameters
        ----------
        theta : Parameters
            One trial: arrays of shape (1, K).
        shape : tuple of int
            (trials, samples).
        """
        uniform = rng.random(shape)
        component = np.zeros(shape, dtype=np.int64)
        for bound in np.cumsum(theta.weights[0])[:-1]:
            component += uniform >= bound
        return self.sample(rng, theta, component)

    def inside(self, y: FloatArray) -> BoolArray:
        """Whether values lie in the support."""
        low, high = self.support
        return np.asarray((y >= low) & (y <= high))

    @abstractmethod
    def log_kernel(self, y: FloatArray, mean: FloatArray, variance: FloatArray) -> FloatArray:
        """log f(y | j) of one component without its normaliser, natural logarithm; -inf outside of the support.

        Parameters
        ----------
        y : ndarray of shape (trials, samples)
        mean, variance : ndarray that broadcasts against y
        """

    @abstractmethod
    def log_normaliser(self, mean: FloatArray, variance: FloatArray) -> FloatArray:
        """What `log_kernel` leaves out: the part of log f(y | j) that doesn't depend on y."""

    def log_joint(self, y: FloatArray, theta: Parameters, j: int) -> FloatArray:
        """log [alpha_j f(y | j)] of equation (19), shape (trials, samples)."""
        mean, variance = theta.means[:, j, None], theta.variances[:, j, None]
        log_f = self.log_kernel(y, mean, variance)
        log_f += np.log(theta.weights[:, j, None]) + self.log_normaliser(mean, variance)
        return log_f

    def log_odds(self, y: FloatArray, theta: Parameters) -> FloatArray:
        """`log_joint` of the second component less that of the first: all that an E-step with K = 2 needs."""
        odds = self.log_joint(y, theta, 1)
        odds -= self.log_joint(y, theta, 0)
        return odds

    @abstractmethod
    def maximise(self, moments: Moments, theta: Parameters, estimate: frozenset[str]) -> Parameters:
        """The M-step: the weighted maximum-likelihood estimate; parameters outside `estimate` keep their value."""

    @abstractmethod
    def spread(self, mean: FloatArray, sd: FloatArray, c: FloatArray) -> Parameters:
        """Start `moments`: equal weights and K components spread about the sample's mean.

        Parameters
        ----------
        mean, sd : ndarray of shape (trials, 1)
            The sample's mean and standard deviation (ddof 0).
        c : ndarray of shape (K,)
            K numbers, equally spaced from -1 to 1.
        """

    def check(self, means: Sequence[float], variances: Sequence[float] | None, where: str) -> None:
        """Refuse parameters that this family doesn't have.

        Raises
        ------
        ValueError
            With a text that begins with `where`.
        """
        if variances is None:
            raise ValueError(f"{where} has no variances, which family {self.name} needs")

    def parameters(
        self, weights: Sequence[float], means: Sequence[float], variances: Sequence[float] | None, trials: int = 1
    ) -> Parameters:
        """Theta from given values, the same for every trial."""
        assert variances is not None
        return Parameters.of(weights, means, variances, trials)

    def complete(self, theta: Parameters) -> Parameters:
        """Theta with what the family derives filled in, such as a variance that follows from the mean."""
        return theta

    def reach(self, y: FloatArray, theta: Parameters) -> FloatArray | None:
        """Closed form of the NEM condition for every component.

        Returns
        -------
        ndarray of shape (trials, samples), or None
            The furthest displacement w, signed: f(y + d | j) >= f(y | j) for every j just where d lies between 0 and w.
        """
        return None

    def average_reach(self, y: FloatArray, theta: Parameters, r: FloatArray) -> FloatArray | None:
        """Like `reach`, for the condition averaged over the posterior: sum_j r_j log [f(y+d | j) / f(y | j)] >= 0."""
        return None

    def reversed_gap(self, y: FloatArray, theta: Parameters) -> tuple[FloatArray, FloatArray] | None:
        """Ends (a, b), a <= 0 <= b, of the displacements d that make y more probable for at least one component.

        So f(y + d | j) <= f(y | j) for every j just where d <= a or d >= b. An end that would leave the
        support is infinite.
        """
        return None
