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


@dataclass(frozen=True)
class Difference:
    """The paper's test of the difference of the optimal mean counts, additive minus multiplicative by its sign.

    Parameters
    ----------
    intervals : dict of str to (float, float)
        Bootstrap intervals in the text, by per cent.
    caption_95 : (float, float)
        The 95 per cent interval in the caption of Figure 2.
    p_value : float
    bootstraps : int
    place : str
    """

    intervals: dict[str, tuple[float, float]]
    caption_95: tuple[float, float]
    p_value: float
    bootstraps: int
    place: str


DIFFERENCE = Difference(
    intervals={"90": (-0.40, 0.02), "95": (-0.44, 0.06), "99": (-0.52, 0.13)},
    caption_95=(-0.45, 0.067),
    p_value=0.492,
    bootstraps=10_000,
    place="end of section I; the 95 % interval also in the caption of Figure 2",
)
