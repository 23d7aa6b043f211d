"""A mode of noise injection as a person says it: by name or by object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nem_cli.em import noise as em
from nem_cli.em.injection import Injection
from nem_cli.em.screen import Screen
from nem_cli.experiment.registry import injections, screens


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
    enters : {"m-step", "e-step"}
        Where the noisy data are used: in the M-step alone (Algorithm 1), or in what the E-step knows too.

    Raises
    ------
    ConfigError
        If sigma or decay is negative or not finite, or a name isn't known.
    """

    injection: str | Injection
    sigma: float
    screen: str | Screen = "every-component"
    decay: float = 2.0
    on_reject: Literal["redraw", "drop"] = "redraw"
    enters: Literal["m-step", "e-step"] = "m-step"

    def __post_init__(self) -> None:
        self.resolved()

    def resolved(self) -> em.Noise:
        """With objects in the place of names, as Algorithm 1 takes it."""
        return em.Noise(
            injections.get(self.injection, path="noise.injection"),
            self.sigma,
            screens.get(self.screen, path="noise.screen"),
            self.decay,
            self.on_reject,
            self.enters,
        )
