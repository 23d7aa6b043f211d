"""The every-component condition of each coordinate on its own."""

from __future__ import annotations

from nem_cli.em.arrays import FloatArray
from nem_cli.em.family import Family
from nem_cli.em.injection import Injection
from nem_cli.em.model import Model
from nem_cli.em.posterior import Posterior
from nem_cli.em.screens.every_component import EveryComponent
from nem_cli.em.sets import AdmissibleSet, Box
from nem_cli.em.theta import Theta


class EveryCoordinate(EveryComponent):
    """Admits noise by which no coordinate alone makes any component's density fall: n_c between 0 and 2 (mu_jc - y_c).

    A box, from which noise is drawn exactly. It implies the every-component condition and is smaller, for spherical and
    diagonal covariances; for full ones it doesn't imply it and is refused. In one dimension the two are the same.
    """

    name = "every-coordinate"

    def admissible(self, family: Family, y: FloatArray, theta: Theta, posterior: Posterior) -> AdmissibleSet:
        geometry = family.geometry(y, theta, posterior)
        assert geometry is not None  # see `check`
        return Box(geometry.reach(family.exposed(y)))

    def check(self, model: Model, injection: Injection, enters: str) -> None:
        if not model.family.boxed:
            raise self.refusal(
                f"noise that suits every coordinate alone may not suit family {model.family.name}; "
                "use every-component or posterior-average"
            )
