"""Every number of the paper that can be checked, with its place (Osoba and Kosko, arXiv 1801.04053)."""

from __future__ import annotations

from dataclasses import dataclass

MIXTURE = {"family": "gaussian", "weights": (0.5, 0.5), "means": (-2.0, 2.0), "variances": (4.0, 4.0)}
"""Page 2: f(x) = 1/2 N(-2, 4) + 1/2 N(2, 4), second arguments are variances."""


@dataclass(frozen=True)
class Optimum:
    """What the paper says of one mode's best noise.

    Parameters
    ----------
    sigma : float
        Optimal initial noise standard deviation.
    speedup_percent : float
    place : str
    """

    sigma: float
    speedup_percent: float
    place: str


OPTIMA = {
    "multiplicative": Optimum(0.44, 27.6, "Figure 1"),
    "additive": Optimum(1.9, 30.5, "Figure 2"),
}
