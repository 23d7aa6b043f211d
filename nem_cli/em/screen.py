"""What a screen must provide: which noise may be injected."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from nem_cli.em.arrays import BoolArray, FloatArray, IntArray
from nem_cli.em.family import Family
from nem_cli.em.injection import Injection
from nem_cli.em.model import Model
from nem_cli.em.posterior import Posterior
from nem_cli.em.sets import AdmissibleSet
from nem_cli.em.theta import Theta
from nem_cli.errors import ConfigError, PluginError


class Screen(ABC):
    """Says which noise may be injected, as a set.

    Its definition is `admits`. Where the family's geometry allows, `admissible` gives the same set in closed form, and
    noise is then drawn exactly; else by rejection through the definition (see `noise.Noise`).
    """

    name: ClassVar[str]
    mean: ClassVar[bool] = False
    """Whether the mean of the admissible noise is injected in the place of noise."""
    rejects: ClassVar[bool] = True
    """Whether it rejects noise that leaves the family's support; without that such noise is an error."""

    @abstractmethod
    def admits(self, log_gain: FloatArray, r: FloatArray) -> BoolArray:
        """The definition.

        Parameters
        ----------
        log_gain : ndarray of shape (K, n)
            log f(phi(y, n) | j) - log f(y | j) for every component j.
        r : ndarray of shape (K, n)
            The responsibilities at the clean y.

        Returns
        -------
        ndarray of bool, shape (n,)
        """

    def admissible(self, family: Family, y: FloatArray, theta: Theta, posterior: Posterior) -> AdmissibleSet:
        """The admissible set of every sample of a tile.

        Parameters
        ----------
        y : ndarray of shape (trials, samples) or (trials, samples, d)
        posterior : Posterior
            At the clean y.
        """
        return Defined(self, family, y, theta, posterior)

    def check(self, model: Model, injection: Injection, enters: str) -> None:  # noqa: B027  (nothing to refuse)
        """Refuse a model, an injection, or noise that enters where the screen means nothing.

        Raises
        ------
        ConfigError
        """

    def refusal(self, problem: str) -> ConfigError:
        """What `check` raises."""
        return ConfigError(problem, path="noise.screen", value=self.name)


class Defined(AdmissibleSet):
    """What a screen's definition admits, asked of the densities.

    Parameters
    ----------
    screen : Screen
    family, y, theta, posterior
        As for `Screen.admissible`.
    """

    def __init__(self, screen: Screen, family: Family, y: FloatArray, theta: Theta, posterior: Posterior) -> None:
        self.screen, self.family, self.theta = screen, family, theta
        self.whole = y.ndim == 3
        self.trial = np.repeat(np.arange(y.shape[0]), y.shape[1])
        self.samples = y.reshape(y.shape[0] * y.shape[1], 1, *y.shape[2:])  # each as the one sample of a trial
        self.before = _log_kernels(family, self.samples, theta.take(self.trial))
        self.r = posterior.responsibilities.reshape(len(self.before), -1)

    def contains(self, points: IntArray, y: FloatArray, y_dagger: FloatArray) -> BoolArray:
        noisy = self.family.with_exposed(self.samples[points], y_dagger[:, None])
        after = _log_kernels(self.family, noisy, self.theta.take(self.trial[points]))
        found = np.asarray(self.screen.admits(after - self.before[:, points], self.r[:, points]))
        if found.shape != points.shape or found.dtype != np.bool_:
            raise PluginError(
                f"screen {self.screen.name!r}: admits must return {len(points)} truth values, but returned "
                f"{found.dtype} of shape {found.shape}",
                path="noise.screen",
            )
        return found


def _log_kernels(family: Family, y: FloatArray, theta: Theta) -> FloatArray:
    """log f(y | j) but for its normaliser, of trials with one sample each, shape (K, trials)."""
    return np.stack([family.log_kernel(y, theta, j)[:, 0] for j in range(family.components(theta))])
