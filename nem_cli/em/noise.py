"""The NS-step: noise that a screen admits, at a scale that cools with the iterations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from nem_cli.em.arrays import FloatArray
from nem_cli.em.contract import check_injection, noisy_data
from nem_cli.em.family import Family
from nem_cli.em.injection import Injection
from nem_cli.em.injections.additive import Additive
from nem_cli.em.model import Model
from nem_cli.em.posterior import Posterior
from nem_cli.em.screen import Screen
from nem_cli.em.screens.every_component import EveryComponent
from nem_cli.em.sets import AdmissibleSet
from nem_cli.em.theta import Theta
from nem_cli.errors import ConfigError, SupportError

MAX_TRIES = 100
"""Draws by rejection before a point keeps its value; `redraw` only, `drop` has one."""

_ADDITIVE, _EVERY_COMPONENT = Additive(), EveryComponent()


@dataclass(frozen=True)
class Sampled:
    """The outcome of one NS-step.

    Parameters
    ----------
    n : ndarray of the shape of the data that noise may touch
        The noise; the injection's neutral noise where a point keeps its value.
    draws, accepted : int
        Points drawn by rejection, and those that were admitted; 0 where noise is drawn exactly.
    """

    n: FloatArray
    draws: int = 0
    accepted: int = 0


@dataclass(frozen=True, repr=False)
class Noise:
    """A mode of noise injection, its screen, and its cooling schedule. Without arguments: none, which is plain EM.

    Parameters
    ----------
    injection : Injection
        phi(y, n).
    sigma : float
        Initial noise standard deviation sigma_N; 0 is plain EM. Additive noise has the data's unit, others none.
    screen : Screen
        Which noise may be injected.
    decay : float
        tau; the scale at iteration k = 1, 2, ... is sigma k^-tau.
    on_reject : {"redraw", "drop"}
        Draw from the law conditioned on the screen, or draw once and inject nothing where that fails.
    enters : {"m-step", "e-step"}
        Where the noisy data are used: in the M-step alone (Algorithm 1), or in what the E-step knows too.

    Raises
    ------
    ConfigError
        If sigma or decay is negative or not finite, or a choice isn't there. `check` looks deeper.
    """

    injection: Injection = _ADDITIVE
    sigma: float = 0.0
    screen: Screen = _EVERY_COMPONENT
    decay: float = 2.0
    on_reject: Literal["redraw", "drop"] = "redraw"
    enters: Literal["m-step", "e-step"] = "m-step"

    def __post_init__(self) -> None:
        for name in ("sigma", "decay"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value >= 0):
                raise ConfigError("must be a finite number, 0 or more", path=f"noise.{name}", value=value)
        for name, allowed in (("on_reject", ("redraw", "drop")), ("enters", ("m-step", "e-step"))):
            if getattr(self, name) not in allowed:
                raise ConfigError(f"must be {' or '.join(allowed)}", path=f"noise.{name}", value=getattr(self, name))

    def __repr__(self) -> str:
        """By the names of its parts."""
        return (
            f"Noise({self.injection.name!r}, {self.sigma!r}, {self.screen.name!r}, decay={self.decay!r}, "
            f"on_reject={self.on_reject!r}, enters={self.enters!r})"
        )

    def scale(self, k: int) -> float:
        """The noise's standard deviation at iteration k = 1, 2, ...: sigma k^-tau."""
        return float(self.sigma * float(k) ** -self.decay)

    def sample(
        self, rng: np.random.Generator, model: Model, y: FloatArray, theta: Theta, posterior: Posterior, k: int
    ) -> Sampled:
        """NEMNoiseSample(y, k^-tau sigma_N) of Algorithm 1, for a tile of data.

        Parameters
        ----------
        y : ndarray of shape (trials, samples) or (trials, samples, d)
            The clean data.
        theta : Theta
            The current estimate, for the condition.
        posterior : Posterior
            What is known of Z at theta.

        Raises
        ------
        PluginError
            If phi returns what it must not.
        SupportError
            If noise that no screen rejects takes data out of the family's support.
        """
        family = model.family
        clean = family.exposed(y)
        scale = self.scale(k)
        if scale == 0:
            return Sampled(np.broadcast_to(self.injection.neutral, clean.shape))
        admissible = self.screen.admissible(family, y, theta, posterior)
        n = admissible.draw(rng, self.injection, clean, scale, "mean" if self.screen.mean else self.on_reject)
        if n is None:
            return self._by_rejection(rng, family, admissible, clean, scale)
        if not self.screen.rejects:
            self._refuse_outside(family, noisy_data(self.injection, clean, n))
        return Sampled(n)

    def check(self, model: Model) -> None:
        """Refuse an injection that breaks its contract, or what means nothing with this model, before any trial runs.

        Raises
        ------
        ConfigError
            Of which `PluginError` is one.
        """
        if self.sigma > 0 and model.family.discrete and not self.injection.discrete:
            raise ConfigError(
                f"{self.injection.name} noise takes whole numbers out of the support of family {model.family.name}; "
                "use sigma 0, or an injection of your own that keeps numbers whole and says so by `discrete`",
                path="noise.injection",
            )
        check_injection(self.injection, model.family)
        self.screen.check(model, self.injection, self.enters)
        if self.enters == "e-step" and not model.family.enters_e_step:
            raise ConfigError(
                f"what the E-step knows doesn't depend on the data that noise touches in family {model.family.name}; "
                "use m-step",
                path="noise.enters",
                value=self.enters,
            )

    def _by_rejection(
        self, rng: np.random.Generator, family: Family, admissible: AdmissibleSet, y: FloatArray, scale: float
    ) -> Sampled:
        """Noise that the set contains, at most `MAX_TRIES` draws a point."""
        clean = y.reshape(-1, y.shape[-1]) if admissible.whole else y.ravel()
        n = np.full(clean.shape, float(self.injection.neutral))
        pending = admissible.movable(len(clean))
        draws = accepted = 0
        for _ in range(MAX_TRIES if self.on_reject == "redraw" else 1):
            if not pending.size:
                break
            here = clean[pending]
            proposal = self.injection.draw(rng, scale, here.size).reshape(here.shape)
            y_dagger = noisy_data(self.injection, here, proposal)
            inside = family.inside(y_dagger)  # a value that can't occur is admitted by no screen
            possible = np.flatnonzero(inside.all(axis=1) if admissible.whole else inside)
            contained = admissible.contains(pending[possible], here[possible], y_dagger[possible])
            fits = possible[contained]
            n[pending[fits]] = proposal[fits]
            draws += pending.size
            accepted += fits.size
            pending = np.delete(pending, fits)
        return Sampled(n.reshape(y.shape), draws, accepted)

    def _refuse_outside(self, family: Family, y_dagger: FloatArray) -> None:
        if not family.inside(y_dagger).all():
            low, high = family.support
            raise SupportError(
                f"{self.injection.name} noise that nothing rejects takes data out of the support of family "
                f"{family.name}, {low:g} to {high:g}; use a screen, such as every-component, or an injection that "
                "stays inside, such as saturating",
                path="noise.screen",
                value=self.screen.name,
            )
