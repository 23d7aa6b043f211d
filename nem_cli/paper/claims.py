"""The claims of the paper that can be checked, and what is found of each: the rows of the verdict table."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from nem_cli.paper import findings
from nem_cli.paper.evidence import Evidence
from nem_cli.paper.findings import Finding
from nem_cli.statistics import published as paper

CONSTRUCTION = "by construction"
"""Standing of a claim whose numbers the search for settings aimed at."""
PARTLY = "partly by construction"
"""The search aimed at the speed-up at that level, not at the level being the best."""
EVIDENCE = "evidence"
"""Standing of a claim that the search left alone."""

MODES = ("multiplicative", "additive")
COUNTINGS = (("", 0), (", start counted", 1))
"""The start isn't counted in our numbers; where it is, every count is one larger."""


@dataclass(frozen=True)
class Claim:
    """A claim of the paper.

    Parameters
    ----------
    group, text : str
    paper, place : str
        The paper's value, and where it stands.
    standing : str
        Whether agreement is evidence, or by construction.
    find : callable
        What a protocol's evidence says of it.
    """

    group: str
    text: str
    paper: str
    place: str
    standing: str
    find: Callable[[Evidence], Finding]


@dataclass(frozen=True)
class Row:
    """A claim with its findings under the two protocols."""

    claim: Claim
    stated: Finding
    companion: Finding


def rows(stated: Evidence, companion: Evidence) -> list[Row]:
    """Every row of the verdict table."""
    return [Row(claim, claim.find(stated), claim.find(companion)) for claim in claims()]


def rows_csv(table: Sequence[Row]) -> str:
    """The verdict table as csv."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(_flat(table[0])), lineterminator="\n")
    writer.writeheader()
    writer.writerows(map(_flat, table))
    return buffer.getvalue()


def rows_json(table: Sequence[Row]) -> str:
    """The verdict table as JSON, a record a claim, with the columns of the csv."""
    return json.dumps(list(map(_flat, table)), indent=2, ensure_ascii=False)


def claims() -> Iterator[Claim]:
    """Every claim, in the order of the page."""
    yield from _count_claims()
    yield from _speedup_claims()
    for mode in MODES:
        level, text = paper.OPTIMA[mode].level, f"{mode.capitalize()} noise"
        yield Claim("Optimal level σ*", text, level.text, level.place, PARTLY, partial(findings.optimum, mode))
    yield from _shape_claims()
    yield from _difference_claims()


def _count_claims() -> Iterator[Claim]:
    group, at = "Mean iterations", f"at σ* = {paper.OPTIMA['multiplicative'].level.written}"
    for name, number, find in (
        ("EM", paper.EM_ITERATIONS, findings.em_count),
        (f"Multiplicative NEM {at}", paper.NEM_ITERATIONS, findings.nem_count),
    ):
        for counting, start in COUNTINGS:
            yield Claim(group, f"{name}{counting}", number.text, number.place, CONSTRUCTION, partial(find, start))


def _speedup_claims() -> Iterator[Claim]:
    group = "Iterations saved"
    for mode in MODES:
        number, name = paper.OPTIMA[mode].speedup, mode.capitalize()
        at = f"at the paper's σ* = {paper.OPTIMA[mode].level.written}"
        for counting, start in COUNTINGS:
            text, find = f"{name}, {at}{counting}", partial(findings.speedup, mode, start)
            yield Claim(group, text, number.text, number.place, CONSTRUCTION, find)
        text = f"{name}, at our own optimum, on fresh trials"
        yield Claim(group, text, number.text, number.place, CONSTRUCTION, partial(findings.best_speedup, mode))


def _shape_claims() -> Iterator[Claim]:
    group = "Shape, in M-steps against EM"
    for mode in MODES:
        text = f"{mode.capitalize()} noise: low levels help, high levels harm"
        yield Claim(group, text, "a U", paper.SHAPE[mode], EVIDENCE, partial(findings.u_shape, mode))
    for mode in MODES:
        text = f"Blind {mode} noise only slows EM"
        yield Claim(group, text, "slower", paper.BLIND, EVIDENCE, partial(findings.harm, mode))


def _difference_claims() -> Iterator[Claim]:
    group = "Optima, additive minus multiplicative"
    for interval in paper.INTERVALS:
        text = f"{interval.percent} % interval"
        yield Claim(group, text, interval.text, interval.place, EVIDENCE, partial(findings.interval, interval))
    yield Claim(group, "p-value", paper.P_VALUE.text, paper.P_VALUE.place, EVIDENCE, findings.p_value)
    for level in paper.SIGNIFICANCE_LEVELS:
        text, value = f"Not significant at {level.written}", f"p > {level.written}"
        yield Claim(group, text, value, level.place, EVIDENCE, partial(findings.not_significant, level))


def _flat(row: Row) -> dict[str, str]:
    claim = row.claim
    flat = {"group": claim.group, "claim": claim.text, "paper": claim.paper, "place": claim.place}
    flat["standing"] = claim.standing
    for protocol, found in (("stated", row.stated), ("companion", row.companion)):
        cells = {"ours": found.ours, "interval": found.interval, "verdict": found.verdict.text, "note": found.note}
        flat |= {f"{protocol}_{name}": text for name, text in cells.items()}
    return flat
