"""What a family of y given Z must provide."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from nem_cli.em.arrays import BoolArray, FloatArray, IntArray, all_of
from nem_cli.em.geometry import Geometry
from nem_cli.em.moments import Moments
from nem_cli.em.posterior import Posterior
from nem_cli.em.theta import Parameter, Theta

MIN_VARIANCE_RATIO = 1e-9
"""A variance below this share of the sample's ends a trial as degenerate."""


class Family(ABC):
    """Densities f(y | j, theta_j) whose M-step follows from sums over the samples.

    Subclass it, give it a `name` and its `parameters`, and register it (see CONTRIBUTING.md). What stands here is for a
    family in one dimension that is fitted from `Moments`; a family of another kind overrides it. Where `geometry` says
    nothing, the screens go through the density. A family whose M-step needs an inner optimisation, such as the Cauchy,
    isn't one of these.
    """

    name: ClassVar[str]
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("means", "mean", "k"),
        Parameter("variances", "variance", "k", "variance"),
    )
    """Each of shape (trials, K, ...)."""
    estimable: ClassVar[tuple[str, ...]] = ("means", "variances")
    """The names of those that may be estimated."""
    support: ClassVar[tuple[float, float]] = (-math.inf, math.inf)
    """The closed interval that the family's values come from."""
    discrete: ClassVar[bool] = False
    """Whether its values are whole numbers, so that noise takes them out of the support."""
    maximises: ClassVar[bool] = True
    """Whether the M-step gives the maximum, and not a step towards it."""
    dimensions: ClassVar[bool] = False
    """Whether y has a third axis."""
    boxed: ClassVar[bool] = False
    """Whether `geometry` is there, and no density falls where every coordinate of y comes nearer to every mode."""
    enters_e_step: ClassVar[bool] = True
    """Whether what is known of Z depends on the data that noise may touch."""

    @abstractmethod
    def sample(self, rng: np.random.Generator, theta: Theta, z: IntArray) -> FloatArray:
        """Draw y given Z.

        Parameters
        ----------
        theta : Theta
            One trial.
        z : ndarray of int, shape (trials, samples)
        """

    @abstractmethod
    def log_kernel(self, y: FloatArray, theta: Theta, j: int) -> FloatArray:
        """log f(y | j) without what doesn't depend on y, natural logarithm; -inf outside of the support.

        Parameters
        ----------
        y : ndarray of shape (trials, samples) or (trials, samples, d)

        Returns
        -------
        ndarray of shape (trials, samples)
        """

    @abstractmethod
    def log_normaliser(self, theta: Theta) -> FloatArray:
        """What `log_kernel` leaves out, shape (trials, K)."""

    def maximise(self, sums: Any, theta: Theta, estimate: frozenset[str]) -> dict[str, FloatArray]:
        """The M-step: the weighted maximum-likelihood estimate of the parameters in `estimate`."""
        means = sums.mean() if "means" in estimate else theta.means
        variances = sums.variance(means) if "variances" in estimate else theta.variances
        return {"means": means, "variances": variances}

    def start_from_moments(self, mean: FloatArray, sd: FloatArray, c: FloatArray) -> dict[str, FloatArray]:
        """Start `moments`: K components spread about the sample's mean.

        Parameters
        ----------
        mean, sd : ndarray of shape (trials, 1) or (trials, 1, d)
            The sample's mean and standard deviation (ddof 0).
        c : ndarray of shape (K,) or (K, 1)
            K numbers, equally spaced from -1 to 1.
        """
        return self.start_from_points(mean + sd * c, sd * sd)

    def start_from_points(self, points: FloatArray, variance: FloatArray) -> dict[str, FloatArray]:
        """Start `random-points`: means at K samples.

        Parameters
        ----------
        points : ndarray of shape (trials, K) or (trials, K, d)
        variance : ndarray of shape (trials, 1) or (trials, 1, d)
            The sample's (ddof 0).
        """
        return {"means": points, "variances": np.broadcast_to(variance, points.shape).copy()}

    def components(self, theta: Theta) -> int:
        """K."""
        return int(theta.arrays[self.parameters[0].name].shape[1])

    def inside(self, y: FloatArray) -> BoolArray:
        """Whether values lie in the support."""
        low, high = self.support
        return np.asarray((y >= low) & (y <= high))

    def exposed(self, y: FloatArray) -> FloatArray:
        """The part of the data that noise may touch: all of it."""
        return y

    def with_exposed(self, y: FloatArray, exposed: FloatArray) -> FloatArray:
        """The data with another `exposed` part."""
        return exposed

    def log_densities(self, y: FloatArray, theta: Theta, log_weights: FloatArray | float = 0.0) -> FloatArray:
        """log f(y | j), or log [alpha_j f(y | j)] of equation (19), of every j: shape (K, trials, samples).

        Parameters
        ----------
        log_weights : ndarray of shape (trials, K)
            log alpha, where it is wanted.
        """
        constants = log_weights + self.log_normaliser(theta)
        log_f = np.empty((constants.shape[1], *y.shape[:2]))
        for j in range(len(log_f)):
            np.add(self.log_kernel(y, theta, j), constants[:, j, None], out=log_f[j])
        return log_f

    def log_ratios(self, y: FloatArray, theta: Theta) -> FloatArray:
        """log f(y | j) of all j, less what they have in common: shape (trials, K, samples)."""
        return self.log_densities(y, theta).swapaxes(0, 1)

    def log_odds(self, y: FloatArray, theta: Theta, log_weights: FloatArray) -> FloatArray:
        """Of the second component against the first: all that an E-step with K = 2 needs, shape (trials, samples)."""
        constants = log_weights + self.log_normaliser(theta)
        odds, first = self.log_kernel(y, theta, 1), self.log_kernel(y, theta, 0)
        odds += constants[:, 1, None]
        first += constants[:, 0, None]
        odds -= first
        return odds

    def expected_log(self, y: FloatArray, theta: Theta, posterior: Posterior) -> FloatArray:
        """E[log f(y | Z, theta)] under a posterior, a term a sample, shape (trials, samples)."""
        return np.asarray(sum(posterior.responsibilities * self.log_densities(y, theta)))

    def sums(self, theta: Theta, shares: FloatArray) -> Any:
        """The expected statistics with nothing added yet: something with ``add(rows, y_dagger, posterior, theta)``."""
        return Moments(theta.means, shares)

    def spread(self, y: FloatArray) -> FloatArray:
        """The scale of each trial's data, shape (trials, ...), which `sound` measures by: the sample variance."""
        return np.asarray(y.var(axis=1, keepdims=True))

    def sound(self, theta: Theta, spread: FloatArray) -> BoolArray:
        """Whether no component of a trial has collapsed, shape (trials,); NaN counts as collapsed."""
        variances = theta.variances
        sound = (variances > 0) & (variances >= MIN_VARIANCE_RATIO * spread) & np.isfinite(variances)
        return all_of(sound) & all_of(np.isfinite(theta.means))

    def complete(self, theta: Theta) -> Theta:
        """Theta with what the family derives filled in, such as a variance that follows from the mean."""
        return theta

    def geometry(self, y: FloatArray, theta: Theta, posterior: Posterior) -> Geometry | None:
        """How the densities change when y moves; None where only the density itself can say."""
        return None

    def check(self, values: Mapping[str, Any], where: str) -> None:
        """Refuse given values of parameters that this family doesn't have.

        Raises
        ------
        ValueError
            With a text that begins with `where`.
        """
        for each in self.parameters:
            if values.get(each.name) is None:
                raise ValueError(f"{where} has no {each.name}, which family {self.name} needs")
