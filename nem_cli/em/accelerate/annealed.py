"""Deterministic annealing EM.

N. Ueda and R. Nakano (1998), Deterministic annealing EM algorithm, Neural Networks 11, 271-282. They iterate to
convergence at every temperature; here a temperature lasts one step, so that all trials share it, and components that
have merged while it was high aren't taken for converged.
"""

from __future__ import annotations

from nem_cli.em.accelerate.accelerator import Accelerator, Proposals
from nem_cli.em.accelerate.fixed_point import FixedPoint
from nem_cli.em.arrays import FloatArray
from nem_cli.em.latents.independent import Independent
from nem_cli.em.model import Model
from nem_cli.errors import ConfigError

LEAST = 0.8
GROWTH = 1.02
"""The inverse temperature at first, and its growth a step until it is 1. Lower, and components merge for good."""


class Annealed(Accelerator):
    """EM's steps, with an E-step that takes the joint density of y and Z to a power that rises to 1."""

    name = "annealed"

    def check(self, model: Model) -> None:
        super().check(model)
        if type(model.latent) is not Independent:
            raise ConfigError(
                f"only mixtures are annealed, and here the law of Z is {model.latent.name}; use another method",
                path="method",
                value=self.name,
            )

    def proposals(self, em: FixedPoint, x: FloatArray) -> Proposals:
        em.inverse_temperature = LEAST
        while em.inverse_temperature < 1:
            x = yield x
            em.inverse_temperature = min(GROWTH * em.inverse_temperature, 1.0)
        while True:
            x = yield x
