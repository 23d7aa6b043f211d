"""A mixture whose E-step is tempered, for deterministic annealing."""

from __future__ import annotations

from nem_cli.em.arrays import FloatArray
from nem_cli.em.family import Family
from nem_cli.em.latents.independent import Independent
from nem_cli.em.posterior import Responsibilities
from nem_cli.em.theta import Theta


class Tempered(Independent):
    """p(Z = j | y, theta) in proportion to [alpha_j f(y | j)]^beta.

    Parameters
    ----------
    beta : float
        The inverse temperature, above 0; 1 is a mixture's own E-step.
    """

    def __init__(self, beta: float) -> None:
        self.beta = beta

    def posterior(self, family: Family, y: FloatArray, theta: Theta) -> Responsibilities:
        r = super().posterior(family, y, theta).responsibilities ** self.beta
        return Responsibilities(r / r.sum(axis=0))
