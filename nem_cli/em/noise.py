"""The NS-step: noise that a screen admits, at a scale that cools with the iterations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from nem_cli.em.arrays import FloatArray, IntArray
from nem_cli.em.contract import admitted, check_injection, noisy_data
from nem_cli.em.family import Family
from nem_cli.em.injection import Injection
from nem_cli.em.parameters import Parameters
from nem_cli.em.registry import injections, screens
from nem_cli.em.screen import Screen
from nem_cli.errors import ConfigError, SupportError

MAX_TRIES = 100
"""Draws through a screen's definition before a point keeps its value; `redraw` only, `drop` has one."""


@dataclass(frozen=True)
class Sampled:
    """The outcome of one NS-step.

    Parameters
    ----------
    n : ndarray of shape (trials, samples)
        The noise; the injection's neutral noise where a point keeps its value.
    draws, accepted : int
        Noise values drawn through the screen's definition, and those it admitted; 0 where there is a closed form.
    """

    n: FloatArray
    draws: int = 0
    accepted: int = 0


@dataclass(frozen=True)
class Noise:
    """A mode of noise injection, its screen, and its cooling schedule.

    Parameters
    ----------
    injection : str or Injection
        phi(y, n); a registered name, ``package.module:Name``, or an object.
    sigma : float
        Initial noise standard deviation sigma_N; 0 is plain EM. Additive noise has the data's unit, others none.
    screen : str or Screen
        Which noise may be injected.
    decay : float
        tau; the scale at iteration k = 1, 2, ... is sigma k^-tau.
    on_reject : {"redraw", "drop"}
        Draw from the law conditioned on the screen, or draw once and inject nothing where that fails.

    Raises
    ------
    ConfigError
        If sigma or decay is negative or not finite, or a name isn't known. `check` looks deeper.
    """

    injection: str | Injection = "additive"
    sigma: float = 0.0
    screen: str | Screen = "every-component"
    decay: float = 2.0
    on_reject: Literal["redraw", "drop"] = "redraw"
    phi: Injection = field(init=False, repr=False, compare=False)
    condition: Screen = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name in ("sigma", "decay"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value >= 0):
                raise ConfigError("must be a finite number, 0 or more", path=f"noise.{name}", value=value)
        if self.on_reject not in ("redraw", "drop"):
            raise ConfigError("must be redraw or drop", path="noise.on_reject", value=self.on_reject)
        object.__setattr__(self, "phi", injections.get(self.injection, path="noise.injection"))
        object.__setattr__(self, "condition", screens.get(self.screen, path="noise.screen"))

    def scale(self, k: int) -> float:
        """The noise's standard deviation at iteration k = 1, 2, ...: sigma k^-tau."""
        return float(self.sigma * float(k) ** -self.decay)

    def sample(
        self, rng: np.random.Generator, family: Family, y: FloatArray, theta: Parameters, r: FloatArray, k: int
    ) -> Sampled:
        """NEMNoiseSample(y, k^-tau sigma_N) of Algorithm 1.

        Parameters
        ----------
        y : ndarray of shape (trials, samples)
            The clean data.
        theta : Parameters
            The current estimate, for the condition.
        r : ndarray of shape (K, trials, samples)
            The responsibilities at theta.

        Raises
        ------
        PluginError
            If phi returns what it must not.
        SupportError
            If noise that no screen rejects takes data out of the family's support.
        """
        scale = self.scale(k)
        if scale == 0:
            return Sampled(np.broadcast_to(self.phi.neutral, y.shape))
        n = self.condition.closed_form(rng, family, self.phi, y, theta, r, scale, self.on_reject == "redraw")
        if n is not None:
            if not self.condition.rejects:
                self._refuse_outside(family, self.phi.phi(y, n))
            return Sampled(n)
        if self.condition.exact_only:
            raise self._without_closed_form(family)
        return self._by_definition(rng, family, y, theta, r, scale)

    def check(self, family: Family) -> None:
        """Refuse an injection that breaks its contract, or a screen that means nothing with it, before any trial runs.

        Raises
        ------
        ConfigError
            Of which `PluginError` is one.
        """
        check_injection(self.phi, family)
        if self.condition.exact_only:
            y = np.ones((1, 1))
            theta = Parameters(y, y, y)
            if self.phi.slope(y) is None or self.condition.reach(family, y, theta, np.ones((1, 1, 1))) is None:
                raise self._without_closed_form(family)

    def _by_definition(
        self,
        rng: np.random.Generator,
        family: Family,
        y: FloatArray,
        theta: Parameters,
        r: FloatArray,
        scale: float,
    ) -> Sampled:
        """Rejection through log f(phi(y, n) | j) - log f(y | j), at most `MAX_TRIES` draws a point."""
        n = np.full(y.size, float(self.phi.neutral))
        reach = self.condition.reach(family, y, theta, r)
        # Where the admissible set is the point y itself, no noise but the neutral one can be admitted.
        pending = np.arange(y.size) if reach is None else np.flatnonzero(reach)
        clean = y.ravel()
        trial = np.arange(y.size) // y.shape[1]
        before = self._log_kernels(family, clean, theta, trial)
        r_flat = r.reshape(len(r), -1)
        draws = accepted = 0
        for _ in range(MAX_TRIES if self.on_reject == "redraw" else 1):
            if not pending.size:
                break
            proposal = self.phi.draw(rng, scale, pending.size)
            y_dagger = noisy_data(self.phi, clean[pending], proposal)
            if not self.condition.rejects:
                self._refuse_outside(family, y_dagger)
            possible = np.flatnonzero(family.inside(y_dagger))  # a value that can't occur is admitted by no screen
            points = pending[possible]
            log_gain = self._log_kernels(family, y_dagger[possible], theta, trial[points]) - before[:, points]
            fits = possible[admitted(self.condition, log_gain, r_flat[:, points])]
            n[pending[fits]] = proposal[fits]
            draws += pending.size
            accepted += fits.size
            pending = np.delete(pending, fits)
        return Sampled(n.reshape(y.shape), draws, accepted)

    @staticmethod
    def _log_kernels(family: Family, y: FloatArray, theta: Parameters, trial: IntArray) -> FloatArray:
        """log f(y | j) without its normaliser for points (n,) of the given trials, shape (K, n)."""
        return np.stack(
            [family.log_kernel(y, theta.means[trial, j], theta.variances[trial, j]) for j in range(theta.components)]
        )

    def _refuse_outside(self, family: Family, y_dagger: FloatArray) -> None:
        inside = family.inside(y_dagger)
        if not inside.all():
            low, high = family.support
            raise SupportError(
                f"{self.phi.name} noise that nothing rejects takes data out of the support of family {family.name}, "
                f"{low:g} to {high:g}; use a screen, such as every-component, or an injection that stays inside, such "
                "as saturating",
                path="noise.screen",
                value=self.condition.name,
            )

    def _without_closed_form(self, family: Family) -> ConfigError:
        return ConfigError(
            f"this screen needs a closed form, which injection {self.phi.name!r} doesn't have with family "
            f"{family.name!r}; use additive or multiplicative injection",
            path="noise.screen",
            value=self.condition.name,
        )
