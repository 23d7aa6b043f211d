"""The paper's claims: each is one function from a protocol's runs to a number of ours, and a row of the verdict."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial

import numpy as np

from nem_cli.paper.studies.study import MODES, of_means, speedup
from nem_cli.statistics import published as paper
from nem_cli.statistics.estimate import Estimate, mean_estimate
from nem_cli.statistics.optimum import optimum_set
from nem_cli.statistics.run import Run
from nem_cli.statistics.summary import Row
from nem_cli.statistics.table import Column, Table

COMPATIBLE, INCOMPATIBLE, UNCHECKABLE = "compatible", "incompatible", "can't be checked"
STUDY_TRIALS = 100
"""Trials a level that the standard error of the difference is given for."""
FEWEST = 4
"""Trials that a level can be chosen and measured on."""


@dataclass(frozen=True)
class Protocol:
    """A protocol's finished runs.

    Parameters
    ----------
    name : str
        five-parameter, variances-only or data-driven.
    modes : dict of str to Run
        A sweep of sigma for each of the paper's modes.
    blind : Run, optional
        Both modes, screened and blind.
    """

    name: str
    modes: dict[str, Run]
    blind: Run | None = None

    @property
    def trials(self) -> int:
        """Of each level."""
        return self.modes["additive"].experiment.trials


@dataclass(frozen=True)
class Verdict:
    """A row of the verdict: a claim under a protocol.

    Parameters
    ----------
    paper : float
        The paper's number; NaN for a claim that is none.
    value, ci_low, ci_high : float
        Ours, with a 95 % interval; NaN where it can't be had.
    outcome : str
    """

    claim: str
    paper: float
    protocol: str
    value: float
    ci_low: float
    ci_high: float
    outcome: str


@dataclass(frozen=True)
class Claim:
    """A claim of the paper: its name, its number, the ends of the cell that this was rounded to, and ours."""

    name: str
    paper: float
    cell: tuple[float, float]
    measure: Callable[[Protocol], Estimate | None]

    def judge(self, ours: Estimate | None) -> str:
        """The outcome: a number is compatible where our interval meets its cell."""
        if ours is None or math.isnan(ours.low):
            return UNCHECKABLE
        return COMPATIBLE if ours.low <= self.cell[1] and ours.high >= self.cell[0] else INCOMPATIBLE


def verdict(protocols: Iterable[Protocol]) -> list[Verdict]:
    """Every claim under every protocol, protocol by protocol."""
    return [_row(claim, protocol) for protocol in protocols for claim in claims()]


def verdict_table(rows: Sequence[Verdict]) -> Table:
    """For a terminal."""
    columns = [
        Column("claim"),
        Column("the paper", ".4g"),
        Column("protocol"),
        Column("ours", ".3g"),
        Column("outcome"),
    ]
    return Table(
        columns,
        [
            (row.claim, row.paper, row.protocol, Estimate(row.value, row.ci_low, row.ci_high), row.outcome)
            for row in rows
        ],
    )


def verdict_json(rows: Sequence[Verdict]) -> str:
    """A record a row, with the columns of the csv; what can't be had is null."""
    records = [{name: None if value != value else value for name, value in asdict(row).items()} for row in rows]
    return json.dumps(records, indent=2, ensure_ascii=False, allow_nan=False)


def claims() -> Iterator[Claim]:
    """In the order of the page."""
    yield _number("em", paper.EM_ITERATIONS, _em)
    for mode in MODES:
        yield _number(f"{mode}-speedup", paper.OPTIMA[mode].speedup, partial(_speedup, mode))
    for mode in MODES:
        yield _number(f"{mode}-sigma", paper.OPTIMA[mode].level, partial(_sigma, mode))
    centre, half = paper.interval(95).centre, paper.interval(95).low.half_unit
    yield Claim("difference", centre, (centre - half, centre + half), _difference)
    error = paper.implied_standard_error()
    yield Claim("difference-se", error, (error - 0.003, error + 0.003), _standard_error)  # both ends are rounded to .01
    yield Claim("shape", math.nan, (0, math.inf), _shape)


def _number(name: str, printed: paper.Number, measure: Callable[[Protocol], Estimate | None]) -> Claim:
    return Claim(name, printed.value, (printed.value - printed.half_unit, printed.value + printed.half_unit), measure)


def _row(claim: Claim, protocol: Protocol) -> Verdict:
    ours = claim.measure(protocol) if protocol.trials >= FEWEST else None
    known = ours or Estimate(math.nan, math.nan, math.nan)
    return Verdict(claim.name, claim.paper, protocol.name, known.value, known.low, known.high, claim.judge(ours))


def _em(protocol: Protocol) -> Estimate | None:
    """EM's mean M-steps in Figure 1."""
    run = protocol.modes["multiplicative"]
    return run.estimate(run.em(run.best()), "mean_iterations")


def _best(run: Run) -> tuple[Row, slice]:
    """The best level, chosen on half of the trials, and the other half: the least of many means is too small."""
    choose, judge = run.halves
    return run.best(trials=choose), judge


def _speedup(mode: str, protocol: Protocol) -> Estimate:
    """Per cent fewer M-steps than EM at a mode's best level."""
    run = protocol.modes[mode]
    return speedup(run, *_best(run))


def _sigma(mode: str, protocol: Protocol) -> Estimate:
    """A mode's best level, with the ends of the confidence set of levels."""
    run = protocol.modes[mode]
    rows = [row for row in run.rows if row.sigma]
    counts = np.column_stack([run.counts(row) for row in rows])
    found = optimum_set(counts, [row.sigma for row in rows], np.random.default_rng(run.experiment.seed))
    return Estimate(found.best, min(found.members), max(found.members))


def _difference(protocol: Protocol) -> Estimate:
    """M-steps at the best levels, additive minus multiplicative, paired."""
    additive, multiplicative = _at_best(protocol)
    return mean_estimate(additive - multiplicative)


def _standard_error(protocol: Protocol) -> Estimate:
    """Of that difference in a study of `STUDY_TRIALS` trials a level, each mode on data of its own."""
    additive, multiplicative = _at_best(protocol)
    squares = [additive, additive**2, multiplicative, multiplicative**2]
    return of_means(
        protocol.modes["additive"],
        squares,
        lambda means: np.sqrt((means[1] - means[0] ** 2 + means[3] - means[2] ** 2) / STUDY_TRIALS),
    )


def _at_best(protocol: Protocol) -> list[np.ndarray]:
    levels = [(run, *_best(run)) for run in (protocol.modes["additive"], protocol.modes["multiplicative"])]
    return [run.counts(row)[judge] for run, row, judge in levels]


def _shape(protocol: Protocol) -> Estimate:
    """The least of the margins by which low noise is below EM, and high noise and blind noise are above."""
    margins = []
    for mode, run in protocol.modes.items():
        best, judge = _best(run)
        largest = max(run.rows, key=lambda row: row.sigma)
        margins += [mean_estimate((run.counts(run.em(best)) - run.counts(best))[judge]), run.difference(largest)]
        if protocol.blind:
            at = {"noise.injection": mode, "noise.screen": "none", "sigma": paper.OPTIMA[mode].sigma}
            margins += [protocol.blind.difference(row) for row in protocol.blind.where(at)]
    return min(margins, key=lambda each: each.low)
