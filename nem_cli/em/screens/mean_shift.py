"""The control: nothing random left."""

from __future__ import annotations

import numpy as np

from nem_cli.em import conditioned_normal
from nem_cli.em.arrays import FloatArray
from nem_cli.em.screens.every_component import EveryComponent


class MeanShift(EveryComponent):
    """Replaces the noise by its conditional mean under the every-component screen.

    If most of the speed-up remains, shrinkage does the work and not randomness (protocol: the control). Nothing is
    drawn, so `on_reject` plays no part.
    """

    name = "mean-shift"
    exact_only = True

    def standardised(self, rng: np.random.Generator, bound: FloatArray, redraw: bool) -> FloatArray:
        return conditioned_normal.mean_between(bound)
