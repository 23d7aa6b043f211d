"""What a mode of noise injection must provide."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from nem_cli.em.arrays import FloatArray


class Injection(ABC):
    """phi(y, n) of Theorem 1: any measurable way of combining data with noise.

    Subclass it, give it a `name`, its `neutral` noise and `phi`, and register it (see CONTRIBUTING.md).
    """

    name: ClassVar[str]
    neutral: ClassVar[float]
    """The noise that changes nothing, phi(y, neutral) = y; also the noise law's mean."""
    discrete: ClassVar[bool] = False
    """Whether phi gives whole numbers where y are whole, as the data of some families must be."""

    @abstractmethod
    def phi(self, y: FloatArray, n: FloatArray) -> FloatArray:
        """The noisy data y+ = phi(y, n), elementwise and finite, for arrays of any one shape."""

    def draw(self, rng: np.random.Generator, scale: float, size: int) -> FloatArray:
        """Unscreened noise, shape (size,): normal about the neutral noise unless a subclass says otherwise.

        Parameters
        ----------
        scale : float
            The noise's standard deviation, above 0; as it goes to 0 the noise must become neutral.
        """
        n = rng.standard_normal(size)
        n *= scale
        n += self.neutral
        return n

    def slope(self, y: FloatArray) -> FloatArray | float | None:
        """d phi / d n where phi is affine in n and the noise normal: the screens then have a closed form. Else None.

        Returns
        -------
        float or ndarray of the shape of y, or None
        """
        return None
