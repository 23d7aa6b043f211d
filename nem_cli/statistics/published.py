"""Every number of the paper that can be checked, with its place (Osoba and Kosko, arXiv 1801.04053)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from nem_cli.errors import ConfigError
from nem_cli.experiment.config import Experiment

AUTHORS = "Osonde Osoba and Bart Kosko"
LINK = "https://arxiv.org/abs/1801.04053"


@dataclass(frozen=True)
class Number:
    """A number as the paper prints it; its decimals say how exact it is.

    Parameters
    ----------
    written : str
        As printed, such as ``"27.6"``.
    place : str
        Page, figure or equation.
    """

    written: str
    place: str
    unit: str = ""

    @property
    def value(self) -> float:
        """As a float."""
        return float(self.written)

    @property
    def half_unit(self) -> float:
        """Half a unit of the last printed digit: 0.05 for 27.6."""
        decimals = len(self.written.partition(".")[2])
        return 0.5 * float(10**-decimals)

    @property
    def text(self) -> str:
        """With its unit."""
        return f"{self.written} {self.unit}".strip()


@dataclass(frozen=True)
class Interval:
    """A bootstrap confidence interval of the difference of the optimal mean counts, additive minus multiplicative.

    Parameters
    ----------
    percent : int
        Its confidence.
    """

    percent: int
    low: Number
    high: Number

    @property
    def centre(self) -> float:
        """The middle."""
        return (self.low.value + self.high.value) / 2

    @property
    def text(self) -> str:
        """As people read it."""
        return f"{self.low.written} to {self.high.written}"


@dataclass(frozen=True)
class Optimum:
    """What the paper says of one mode's best noise.

    Parameters
    ----------
    level : Number
        Optimal initial noise standard deviation.
    speedup : Number
        Per cent fewer iterations than EM.
    """

    level: Number
    speedup: Number

    @property
    def sigma(self) -> float:
        """The level as a float."""
        return self.level.value

    @property
    def speedup_percent(self) -> float:
        """The speed-up as a float."""
        return self.speedup.value


MIXTURE = {"family": "gaussian", "weights": (0.5, 0.5), "means": (-2.0, 2.0), "variances": (4.0, 4.0)}
"""Page 2: f(x) = 1/2 N(-2, 4) + 1/2 N(2, 4), second arguments are variances."""
ESTIMATED = ("weights", "means", "variances")
"""Page 2: the means, the variances and the mixture weights."""
DECAY = Number("2", "page 5, after Algorithm 1")
"""tau: the noise standard deviation at iteration k is sigma_N k^-tau."""

EM_ITERATIONS = Number("10", "page 2; Figure 1")
OPTIMA = {
    "multiplicative": Optimum(Number("0.44", "page 3; Figure 1"), Number("27.6", "page 2; Figure 1", "%")),
    "additive": Optimum(Number("1.9", "page 3; Figure 2"), Number("30.5", "page 3; Figure 2", "%")),
}


def _interval(percent: int, low: str, high: str, place: str) -> Interval:
    return Interval(percent, Number(low, place), Number(high, place))


INTERVALS = (
    _interval(90, "-0.40", "0.02", "page 4"),
    _interval(95, "-0.44", "0.06", "page 4"),
    _interval(99, "-0.52", "0.13", "page 4"),
)
"""Of the difference of the optimal mean counts, from the text."""
CAPTION_INTERVAL = _interval(95, "-0.45", "0.067", "Figure 2, caption")
"""The 95 % interval again, with other ends."""
P_VALUE = Number("0.492", "page 3")


def optimum_of(experiment: Experiment) -> Optimum | None:
    """The paper's optimum where this experiment has the paper's mixture and a screened mode of the paper's."""
    if experiment.system.model_dump() != MIXTURE or experiment.noise.screen != "every-component":
        return None
    return OPTIMA.get(experiment.noise.injection)


def interval(percent: int) -> Interval:
    """The interval in the text with that confidence.

    Raises
    ------
    ConfigError
        If the paper gives none.
    """
    for each in INTERVALS:
        if each.percent == percent:
            return each
    allowed = ", ".join(str(each.percent) for each in INTERVALS)
    raise ConfigError(f"the paper's intervals are {allowed} per cent", path="percent", value=percent)


def implied_standard_error() -> float:
    """The standard error of the difference that the 95 % interval in the text implies, were it normal."""
    stated = interval(95)
    return (stated.high.value - stated.low.value) / 2 / NormalDist().inv_cdf(0.975)


def implied_p_value() -> float:
    """The two-sided p-value that the 95 % interval in the text implies, were the difference normal."""
    return math.erfc(abs(interval(95).centre) / implied_standard_error() / math.sqrt(2))


def implied_difference() -> float:
    """Of the optimal mean counts, additive minus multiplicative: EM's count less the two speed-ups."""
    at = {mode: EM_ITERATIONS.value * (1 - optimum.speedup_percent / 100) for mode, optimum in OPTIMA.items()}
    return at["additive"] - at["multiplicative"]
