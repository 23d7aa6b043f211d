"""The predictive check: where the paper's printed numbers fall among those that studies under a protocol print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from nem_cli.em.arrays import FloatArray
from nem_cli.statistics.bootstrap import percentile_interval
from nem_cli.statistics.published import EM_ITERATIONS, OPTIMA, implied_standard_error, interval
from nem_cli.statistics.study import STATISTICS, TRIALS_PER_TRIAL, Protocol, Studies, draw

Outcome = Literal["compatible-informative", "compatible", "incompatible", "cannot-be-checked"]

STUDIES = 5000
SIZES = (25, 50, 100, 200, 400, 800, 1600, 2000)
"""The numbers of trials a level, n, that the paper's study is tried with."""
FIT = STATISTICS[:3]
JOINTS = {"joint-fit": FIT, "joint-without-se": STATISTICS[:6], "joint": STATISTICS}
"""Joint claims and the statistics in them; the common design leaves out the difference, which the others fix there."""
SIGNIFICANCE = 0.05
_EDGE = 1e-9
"""Numbers this close to the edge of a printed number's cell are on it."""


@dataclass(frozen=True)
class Printed:
    """A printed number: it stands for its cell, value - half_width to value + half_width."""

    value: float
    half_width: float


PRINTED: Mapping[str, Printed] = {
    "em": Printed(EM_ITERATIONS.value, EM_ITERATIONS.half_unit),
    **{f"{mode}-speedup": Printed(each.speedup_percent, each.speedup.half_unit) for mode, each in OPTIMA.items()},
    **{f"{mode}-sigma": Printed(each.sigma, each.level.half_unit) for mode, each in OPTIMA.items()},
    "difference": Printed(interval(95).centre, interval(95).high.half_unit),
    "difference-se": Printed(implied_standard_error(), 0.003),  # both ends are rounded to .01
}
"""The paper's numbers; of the difference and its standard error, as the 95 % interval in the text implies them."""
_VALUES = np.array([PRINTED[name].value for name in STATISTICS])
_HALF = np.array([PRINTED[name].half_width for name in STATISTICS])


@dataclass(frozen=True)
class Prediction:
    """The paper's numbers against studies of one size and design.

    Parameters
    ----------
    p : dict of str to float
        Of the seven `STATISTICS`, two-sided, and of the three `JOINTS`.
    holm : dict of str to float
        The seven, adjusted by Holm's method.
    not_significant : float
        The share of studies whose difference isn't significant at `SIGNIFICANCE`.
    """

    design: str
    n: int
    studies: Studies
    p: dict[str, float]
    holm: dict[str, float]
    not_significant: float

    @property
    def shape(self) -> float:
        """The share of studies in which the curves have the paper's shape."""
        return float(self.studies.shape.mean())

    def interval(self, claim: str) -> tuple[float, float]:
        """The central 95 % interval of a statistic's predictive distribution; NaN for a joint claim, which has none."""
        if claim in JOINTS:
            return np.nan, np.nan
        low, high = percentile_interval(self.studies.column(claim), 0.95)
        return float(low), float(high)

    def informative(self, claim: str) -> bool:
        """Whether no effect at all lies outside of what studies print; for speed-ups, the difference and the shape."""
        if claim == "shape":
            return self.shape > 1 - SIGNIFICANCE
        low, high = self.interval(claim)
        return (claim.endswith("speedup") or claim == "difference") and not low <= 0 <= high


def predict(protocol: Protocol, n: int, design: str, rng: np.random.Generator, *, studies: int = STUDIES) -> Prediction:
    """Draw studies under a protocol and judge the paper's numbers against them.

    Parameters
    ----------
    n : int
        Trials a level in a study.
    design : {"fresh", "common"}

    Raises
    ------
    ConfigError
        If there are too few trials for that n.
    """
    drawn = draw(protocol, n, design, studies, rng)
    paper = _VALUES[None, :]
    singly = p_values(drawn, paper)[0]
    p = dict(zip(STATISTICS, singly.tolist(), strict=True))
    for claim, names in JOINTS.items():
        kept = [name for name in names if design == "fresh" or name != "difference"]
        p[claim] = float(joint_p_values(drawn, paper, kept)[0])
    ratio = np.abs(drawn.column("difference")) / np.maximum(drawn.column("difference-se"), _EDGE)
    not_significant = float(np.mean(ratio < special.ndtri(1 - SIGNIFICANCE / 2)))
    return Prediction(design, n, drawn, p, dict(zip(STATISTICS, holm(singly).tolist(), strict=True)), not_significant)


def sizes(trials: int, wanted: Sequence[int] = SIZES) -> tuple[int, ...]:
    """The sizes of study that so many trials are enough for."""
    return tuple(n for n in wanted if TRIALS_PER_TRIAL * n <= trials)


def p_values(studies: Studies, printed: FloatArray) -> FloatArray:
    """Two-sided p of each printed number alone: min(1, 2 min(P(X <= c + h), P(X >= c - h))).

    Parameters
    ----------
    studies : Studies
        What a protocol's studies print; P is (1 + count) / (studies + 1).
    printed : ndarray of shape (m, 7)
        The numbers to judge, of m studies; the paper's are one.

    Returns
    -------
    ndarray of shape (m, 7)
    """
    ordered = np.sort(studies.printed, axis=0)
    many = len(ordered)
    p = np.empty(printed.shape)
    for column, half in enumerate(_HALF):
        below = np.searchsorted(ordered[:, column], printed[:, column] + half + _EDGE, side="right")
        above = many - np.searchsorted(ordered[:, column], printed[:, column] - half - _EDGE, side="left")
        p[:, column] = np.minimum(1, 2 * (1 + np.minimum(below, above)) / (many + 1))
    return p


def joint_p_values(studies: Studies, printed: FloatArray, names: Sequence[str]) -> FloatArray:
    """p of several printed numbers together: the share of studies at least as far from the studies' mean.

    The distance is Mahalanobis's D^2 in the studies' covariance, between numbers rounded as the paper rounds, with
    normal scores for the levels and the logarithm of the standard error; it is minimised over the cell that EM's
    rounded mean stands for. A statistic that is the same in all studies is left out, and where the printed number
    differs from it, p is the smallest there is.

    Parameters
    ----------
    printed : ndarray of shape (m, 7)
    names : sequence of str
        Of `STATISTICS`, "em" first.

    Returns
    -------
    ndarray of shape (m,)
    """
    columns = [STATISTICS.index(name) for name in names]
    simulated = studies.printed[:, columns]
    half = _HALF[columns]
    fixed = np.ptp(simulated, axis=0) <= _EDGE
    missed = np.any(np.abs(printed[:, columns] - simulated[0])[:, fixed] > half[fixed] + _EDGE, axis=1)
    varying = [column for column, same in zip(columns, fixed, strict=True) if not same]
    distance = np.zeros(len(simulated))
    theirs = np.zeros(len(printed))
    if varying:
        distance, theirs = _distances(studies.printed, printed, varying)
    ordered = np.sort(distance)
    as_far = len(ordered) - np.searchsorted(ordered, theirs - _EDGE, side="left")
    return np.where(missed, 1, 1 + as_far) / (len(ordered) + 1)


def _distances(simulated: FloatArray, printed: FloatArray, columns: list[int]) -> tuple[FloatArray, FloatArray]:
    """D^2 of the simulated studies and of the printed ones, in the simulated ones' covariance."""
    here, there = _coordinates(simulated, simulated, columns), _coordinates(simulated, printed, columns)
    exact = here.copy()
    if columns[0] == 0:  # its rounding is the cell below; rounded it might not vary at all
        exact[:, 0] = simulated[:, 0]
    centre, scale = exact.mean(axis=0), exact.std(axis=0)
    correlation = np.atleast_2d(np.corrcoef(exact, rowvar=False))
    # the ridge: a study off a line that all others lie on is far from them
    precision = np.asarray(np.linalg.inv(correlation + 1e-9 * np.eye(len(columns))), dtype=float)
    cell = float(_HALF[0] / scale[0]) if columns[0] == 0 else 0.0
    return _d2((here - centre) / scale, precision, cell), _d2((there - centre) / scale, precision, cell)


def _d2(z: FloatArray, precision: FloatArray, cell: float) -> FloatArray:
    """Quadratic form in z, minimised over z_0 within `cell` to either side."""
    pull = z[:, 1:] @ precision[1:, 0] / precision[0, 0]
    z = z.copy()
    z[:, 0] = np.clip(-pull, z[:, 0] - cell, z[:, 0] + cell)
    return np.asarray(np.einsum("ri,ij,rj->r", z, precision, z))


def _coordinates(simulated: FloatArray, printed: FloatArray, columns: list[int]) -> FloatArray:
    """Rounded numbers on scales on which they are near to normal."""
    coordinates = rounded(printed)[:, columns]
    for index, column in enumerate(columns):
        if STATISTICS[column].endswith("sigma"):
            levels = np.sort(rounded(simulated)[:, column])
            below = np.searchsorted(levels, coordinates[:, index] - _EDGE, side="left")
            up_to = np.searchsorted(levels, coordinates[:, index] + _EDGE, side="right")
            coordinates[:, index] = special.ndtri((below + up_to + 1) / (2 * len(levels) + 2))
        elif STATISTICS[column] == "difference-se":
            coordinates[:, index] = np.log(np.maximum(coordinates[:, index], _HALF[column]))
    return coordinates


def rounded(printed: FloatArray) -> FloatArray:
    """Numbers as exact as the paper's: rounded to whole cells away from them, shape (m, 7) as given."""
    return np.asarray(_VALUES + 2 * _HALF * np.round((printed - _VALUES) / (2 * _HALF)))


def holm(p: FloatArray) -> FloatArray:
    """Holm's step-down adjustment, which keeps the chance of any false rejection below the level.

    S. Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6,
    65-70.
    """
    order = np.argsort(p)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(1, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))
    return adjusted


def trials_assumed(predictions: Sequence[Prediction], claim: str = "joint") -> Prediction:
    """The prediction of the n that a joint claim's p is largest at; the smallest of several."""
    return max(predictions, key=lambda each: (each.p[claim], -each.n))


def outcome(predictions: Sequence[Prediction], claim: str, assumed: Prediction | None) -> Outcome:
    """What the predictions of all sizes of study say of a claim: one of `STATISTICS`, or "shape".

    Parameters
    ----------
    predictions : sequence of Prediction
        Of one protocol and design; none where there are too few trials.
    assumed : Prediction or None
        The one that says whether the claim is informative, see `trials_assumed`.
    """
    if assumed is None:
        return "cannot-be-checked"
    shares = [each.shape if claim == "shape" else each.holm[claim] for each in predictions]
    if max(shares) < SIGNIFICANCE:
        return "incompatible"
    return "compatible-informative" if assumed.informative(claim) else "compatible"
