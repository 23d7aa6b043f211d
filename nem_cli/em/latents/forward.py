"""Z a function of the inputs: the units of a network, which the E-step computes."""

from __future__ import annotations

import numpy as np

from nem_cli.em.arrays import FloatArray, IntArray
from nem_cli.em.families.network import Activations, Network
from nem_cli.em.family import Family
from nem_cli.em.latent import Latent
from nem_cli.em.theta import Theta


class Forward(Latent):
    """K = 1: the forward pass is the E-step, and the backward pass belongs to the family's M-step."""

    name = "forward"

    def sample(self, rng: np.random.Generator, theta: Theta, shape: tuple[int, int]) -> IntArray:
        return np.zeros(shape, dtype=np.int64)

    def posterior(self, family: Family, y: FloatArray, theta: Theta) -> Activations:
        assert isinstance(family, Network)
        return family.forward(y, theta)

    def log_likelihood(self, family: Family, y: FloatArray, theta: Theta) -> FloatArray:
        return np.asarray(family.expected_log(y, theta, self.posterior(family, y, theta)).sum(axis=1))
