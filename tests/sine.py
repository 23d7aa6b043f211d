"""An injection of a user's, which several tests share."""

from __future__ import annotations

import numpy as np

from nem_cli.em.injection import Injection


class Sine(Injection):
    """phi(y, n) = y + sin n."""

    name = "sine"
    neutral = 0.0

    def phi(self, y, n):
        return y + np.sin(n)
