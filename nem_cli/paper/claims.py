"""The paper's claims under a protocol: each is one function from trials to our number, and a row of the verdict."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from nem_cli.paper.studies.study import of_means
from nem_cli.statistics.estimate import UNKNOWN, Estimate, mean_estimate
from nem_cli.statistics.optimum import best_level, optimum_set
from nem_cli.statistics.prediction import PRINTED, Prediction, outcome, trials_assumed
from nem_cli.statistics.study import MODES, Protocol
from nem_cli.statistics.table import Cell, Column, Table, shown

FEWEST = 4
"""Trials that a level can be chosen and measured on."""
WIDTHS = (14, 0, 0, 0, 0)
"""Of the columns on a terminal, at least: the longest word of a claim."""


@dataclass(frozen=True)
class Verdict:
    """A row of ``verdict.csv``: a claim under a protocol. What can't be had is NaN.

    Parameters
    ----------
    paper : float
        The paper's number; NaN for the shape, which is none.
    value, ci_low, ci_high : float
        Ours, with a 95 % interval. Of the shape: the share of studies that show it.
    predictive_low, predictive_high, p : float
        Where studies of `trials_assumed` trials print the number, and how often as far out as the paper's.
    trials_assumed : int
        The size of study that makes all of the paper's numbers together most likely; 0 where there are too few trials.
    base_rate : float
        The share of the declared protocols that pass the claim.
    outcome : str
        compatible-informative, compatible, incompatible or cannot-be-checked.
    """

    claim: str
    paper: float
    protocol: str
    value: float
    ci_low: float
    ci_high: float
    predictive_low: float
    predictive_high: float
    p: float
    trials_assumed: int
    base_rate: float
    outcome: str


def verdict(
    name: str, protocol: Protocol, predictions: Sequence[Prediction], base_rates: Mapping[str, float], seed: int
) -> list[Verdict]:
    """Every claim under a protocol.

    Parameters
    ----------
    name : str
        The protocol's.
    protocol : Protocol
        Its trials.
    predictions : sequence of Prediction
        Of studies of several sizes on fresh data.
    base_rates : dict
        By claim, where they are known.
    seed : int
        Of the bootstraps.
    """
    assumed = trials_assumed(predictions) if predictions else None
    rows = []
    for claim, measure in CLAIMS.items():
        ours = measure(protocol, seed, assumed) if len(protocol.em) >= FEWEST else UNKNOWN
        low, high = assumed.interval(claim) if assumed and claim != "shape" else (math.nan, math.nan)
        p = math.nan if assumed is None else assumed.shape if claim == "shape" else assumed.p[claim]
        printed = PRINTED[claim].value if claim in PRINTED else math.nan
        size = assumed.n if assumed else 0
        rate = base_rates.get(claim, math.nan)
        said = outcome(predictions, claim, assumed)
        rows.append(Verdict(claim, printed, name, ours.value, ours.low, ours.high, low, high, p, size, rate, said))
    return rows


def verdict_table(rows: Sequence[Verdict]) -> Table:
    """For a terminal: is the paper's number compatible with each protocol? A star where that is informative."""
    said = {"compatible-informative": "yes*", "compatible": "yes", "incompatible": "no", "cannot-be-checked": "?"}
    names = list(dict.fromkeys(row.protocol for row in rows))
    columns = [Column("compatible?"), Column("paper", ".3g"), *(Column(_words(name)) for name in names)]
    cells: list[list[Cell]] = []
    for claim in CLAIMS:
        same = [row for row in rows if row.claim == claim]
        cells.append(
            [_words(claim), same[0].paper, *(f"{shown(row.value, '.3g')} {said[row.outcome]}".strip() for row in same)]
        )
    return Table(columns, cells)


def _words(name: str) -> str:
    """A name that a narrow column can break."""
    return name.replace("-", " ")


def verdict_json(rows: Sequence[Verdict]) -> str:
    """A record a row, with the columns of the csv; what can't be had is null."""
    records = [{name: None if value != value else value for name, value in asdict(row).items()} for row in rows]
    return json.dumps(records, indent=2, ensure_ascii=False, allow_nan=False)


def _best(protocol: Protocol, mode: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """M-steps at a mode's best level and of EM, on the half of the trials that the level wasn't chosen on."""
    half, curve = len(protocol.em) // 2, protocol.curves[mode]
    best = int(best_level(curve.counts[:half].mean(axis=0), curve.sigmas))
    return curve.counts[half:, best].astype(np.int64), protocol.em[half:].astype(np.int64)


def _em(protocol: Protocol, seed: int, assumed: Prediction | None) -> Estimate:
    """EM's mean M-steps."""
    return mean_estimate(protocol.em)


def _speedup(mode: str, protocol: Protocol, seed: int, assumed: Prediction | None) -> Estimate:
    """Per cent fewer M-steps than EM at a mode's best level."""
    return of_means(_best(protocol, mode), lambda means: 100 * (1 - means[0] / means[1]), seed)


def _sigma(mode: str, protocol: Protocol, seed: int, assumed: Prediction | None) -> Estimate:
    """A mode's best level, with the ends of the confidence set of levels."""
    curve = protocol.curves[mode]
    found = optimum_set(curve.counts, curve.sigmas.tolist(), np.random.default_rng(seed))
    return Estimate(found.best, min(found.members), max(found.members))


def _difference(protocol: Protocol, seed: int, assumed: Prediction | None) -> Estimate:
    """M-steps at the best levels, additive minus multiplicative, paired."""
    return mean_estimate(_best(protocol, "additive")[0] - _best(protocol, "multiplicative")[0])


def _standard_error(protocol: Protocol, seed: int, assumed: Prediction | None) -> Estimate:
    """Of that difference in a study of the assumed size, each mode on data of its own."""
    if assumed is None:
        return UNKNOWN
    columns = [column for mode in MODES for column in (_best(protocol, mode)[0], _best(protocol, mode)[0] ** 2)]
    return of_means(
        columns, lambda means: np.sqrt((means[1] - means[0] ** 2 + means[3] - means[2] ** 2) / assumed.n), seed
    )


def _shape(protocol: Protocol, seed: int, assumed: Prediction | None) -> Estimate:
    """The share of studies of the assumed size in which both curves are U-shaped about EM and blind noise is slower."""
    return Estimate(assumed.shape, math.nan, math.nan) if assumed else UNKNOWN


CLAIMS: Mapping[str, Callable[[Protocol, int, Prediction | None], Estimate]] = {
    "em": _em,
    **{f"{mode}-speedup": partial(_speedup, mode) for mode in MODES},
    **{f"{mode}-sigma": partial(_sigma, mode) for mode in MODES},
    "difference": _difference,
    "difference-se": _standard_error,
    "shape": _shape,
}
"""In the order of the page."""
