"""What a screen must provide: which noise may be injected."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from nem_cli.em import conditioned_normal
from nem_cli.em.arrays import BoolArray, FloatArray
from nem_cli.em.family import Family
from nem_cli.em.injection import Injection
from nem_cli.em.parameters import Parameters


class Screen(ABC):
    """Says which noise may be injected.

    Its definition is `admits`. Where the family and the injection allow, `reach` gives the same set in closed form, and
    noise is then drawn exactly; else by rejection through the definition (see `noise.Noise`).
    """

    name: ClassVar[str]
    exact_only: ClassVar[bool] = False
    """Whether the screen means nothing without a closed form."""
    rejects: ClassVar[bool] = True
    """Whether it rejects noise that leaves the family's support; without that such noise is an error."""

    @abstractmethod
    def admits(self, log_gain: FloatArray, r: FloatArray) -> BoolArray:
        """The definition.

        Parameters
        ----------
        log_gain : ndarray of shape (K, n)
            log f(phi(y, n) | j) - log f(y | j) for every component j.
        r : ndarray of shape (K, n)
            The responsibilities at the clean y.

        Returns
        -------
        ndarray of bool, shape (n,)
        """

    def reach(self, family: Family, y: FloatArray, theta: Parameters, r: FloatArray) -> FloatArray | None:
        """The furthest admissible displacement, signed, shape (trials, samples); None without a closed form."""
        return None

    def closed_form(
        self,
        rng: np.random.Generator,
        family: Family,
        injection: Injection,
        y: FloatArray,
        theta: Parameters,
        r: FloatArray,
        scale: float,
        redraw: bool,
    ) -> FloatArray | None:
        """Noise of shape (trials, samples) and the given scale, drawn without trying; None where there is no such way.

        Parameters
        ----------
        redraw : bool
            Draw from the law conditioned on the admissible set; else draw once, and inject nothing where that fails.
        """
        slope = injection.slope(y)
        reach = self.reach(family, y, theta, r)
        if slope is None or reach is None:
            return None
        movable = np.flatnonzero(reach != 0)
        sd = scale * (slope if isinstance(slope, float) else slope.ravel()[movable])
        with np.errstate(divide="ignore", over="ignore"):  # sd near 0 (y near 0, multiplicative): any noise will do
            bound = reach.ravel()[movable] / sd
        z = self.standardised(rng, bound, redraw)
        z *= scale
        n = np.full(y.size, injection.neutral)
        n[movable] += z
        return n.reshape(y.shape)

    def standardised(self, rng: np.random.Generator, bound: FloatArray, redraw: bool) -> FloatArray:
        """Standardised noise where the admissible set is the interval between 0 and a bound of either sign."""
        if redraw:
            return conditioned_normal.between(rng, bound)
        z = rng.standard_normal(bound.size)
        z[(z < np.minimum(bound, 0)) | (z > np.maximum(bound, 0))] = 0
        return z
