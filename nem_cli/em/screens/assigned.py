"""k-means' own condition: each sample against the centroid that it is assigned to."""

from __future__ import annotations

import numpy as np

from nem_cli.em.arrays import FloatArray
from nem_cli.em.family import Family
from nem_cli.em.geometry import Modes
from nem_cli.em.injection import Injection
from nem_cli.em.latents.hard import Hard, Labels
from nem_cli.em.model import Model
from nem_cli.em.posterior import Posterior
from nem_cli.em.screens.posterior_average import PosteriorAverage
from nem_cli.em.sets import AdmissibleSet, Box
from nem_cli.em.theta import Theta


class Assigned(PosteriorAverage):
    """Admits noise by which no coordinate alone makes the density of the sample's own component fall.

    A box, which implies the posterior-average condition: the average is over the own component alone. Something is
    always admissible, and the expected step is a damped one. For hard assignment, and not where noise enters the
    assignment: the condition speaks of the assignment of the clean data.
    """

    name = "assigned"

    def admissible(self, family: Family, y: FloatArray, theta: Theta, posterior: Posterior) -> AdmissibleSet:
        geometry = family.geometry(y, theta, posterior)
        assert isinstance(geometry, Modes)  # see `check`
        assert isinstance(posterior, Labels)
        own = geometry.modes[np.arange(len(y))[:, None], posterior.labels]
        return Box(geometry.beyond * (own - y))

    def check(self, model: Model, injection: Injection, enters: str) -> None:
        if not isinstance(model.latent, Hard) or not model.family.boxed:
            raise self.refusal("samples are assigned to components by k-means alone; use every-component")
        if enters == "e-step":
            raise self.refusal("this screen needs noise that enters the m-step, for noisy samples may belong elsewhere")
