"""The control: nothing random left."""

from __future__ import annotations

import numpy as np

from nem_cli.em.arrays import FloatArray
from nem_cli.em.family import Family
from nem_cli.em.geometry import Linear
from nem_cli.em.injection import Injection
from nem_cli.em.model import Model
from nem_cli.em.posterior import Posterior
from nem_cli.em.screens.every_coordinate import EveryCoordinate
from nem_cli.em.sets import AdmissibleSet, HalfSpace
from nem_cli.em.theta import Theta


class MeanShift(EveryCoordinate):
    """Replaces the noise by its conditional mean, under the every-component screen where that has a closed form.

    That is in one dimension and for half-spaces; elsewhere under the every-coordinate screen. If most of the speed-up
    remains, shrinkage does the work and not randomness (protocol: the control). Nothing is drawn, so `on_reject` plays
    no part.
    """

    name = "mean-shift"
    mean = True

    def admissible(self, family: Family, y: FloatArray, theta: Theta, posterior: Posterior) -> AdmissibleSet:
        geometry = family.geometry(y, theta, posterior)
        if isinstance(geometry, Linear):
            return HalfSpace(geometry.direction)
        return super().admissible(family, y, theta, posterior)

    def check(self, model: Model, injection: Injection, enters: str) -> None:
        if not model.family.boxed or injection.slope(np.ones(1)) is None:
            raise self.refusal(
                f"this screen needs a closed form, which injection {injection.name!r} doesn't have with family "
                f"{model.family.name!r}; use additive or multiplicative injection, and no full covariances"
            )
