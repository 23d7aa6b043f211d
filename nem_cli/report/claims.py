"""The claims of the paper that can be checked, and what is found of each: the rows of the verdict table."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from nem_cli.analysis.effect import Estimate
from nem_cli.report import paper, verdict
from nem_cli.report.evidence import Evidence
from nem_cli.report.verdict import Verdict

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
class Finding:
    """What one protocol says of a claim: our number, its 95 % interval or bounds, the verdict, and a note."""

    ours: str
    interval: str
    verdict: Verdict
    note: str = ""


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
        yield Claim("Optimal level σ*", text, level.text, level.place, PARTLY, partial(_optimum, mode))
    yield from _shape_claims()
    yield from _difference_claims()


def _count_claims() -> Iterator[Claim]:
    group, at = "Mean iterations", f"at σ* = {paper.OPTIMA['multiplicative'].level.written}"
    for counting, start in COUNTINGS:
        yield _of_number(group, f"EM{counting}", paper.EM_ITERATIONS, partial(_em_count, start))
    for counting, start in COUNTINGS:
        text = f"Multiplicative NEM {at}{counting}"
        yield _of_number(group, text, paper.NEM_ITERATIONS, partial(_nem_count, start))


def _speedup_claims() -> Iterator[Claim]:
    group = "Iterations saved"
    for mode in MODES:
        number, name = paper.OPTIMA[mode].speedup, mode.capitalize()
        at = f"at the paper's σ* = {paper.OPTIMA[mode].level.written}"
        for counting, start in COUNTINGS:
            text, find = f"{name}, {at}{counting}", partial(_speedup, mode, start)
            yield Claim(group, text, number.text, number.place, CONSTRUCTION, find)
        text = f"{name}, at our own optimum, on fresh trials"
        yield Claim(group, text, number.text, number.place, CONSTRUCTION, partial(_best_speedup, mode))


def _shape_claims() -> Iterator[Claim]:
    group = "Shape, in M-steps against EM"
    for mode in MODES:
        text = f"{mode.capitalize()} noise: low levels help, high levels harm"
        yield Claim(group, text, "a U", paper.SHAPE[mode], EVIDENCE, partial(_u_shape, mode))
    for mode in MODES:
        text = f"Blind {mode} noise only slows EM"
        yield Claim(group, text, "slower", paper.BLIND, EVIDENCE, partial(_harm, mode))


def _difference_claims() -> Iterator[Claim]:
    group = "Optima, additive minus multiplicative"
    for interval in paper.INTERVALS:
        text = f"{interval.percent} % interval"
        yield Claim(group, text, interval.text, interval.place, EVIDENCE, partial(_interval, interval))
    yield Claim(group, "p-value", paper.P_VALUE.text, paper.P_VALUE.place, EVIDENCE, _p_value)
    for level in paper.SIGNIFICANCE_LEVELS:
        text, value = f"Not significant at {level.written}", f"p > {level.written}"
        yield Claim(group, text, value, level.place, EVIDENCE, partial(_not_significant, level))


def _of_number(group: str, text: str, number: paper.Number, read: Callable[[Evidence], Estimate | None]) -> Claim:
    return Claim(group, text, number.text, number.place, CONSTRUCTION, lambda evidence: _number(number, read(evidence)))


def _number(published: paper.Number, ours: Estimate | None, note: str = "") -> Finding:
    found = verdict.number(published, ours)
    if ours is None:
        return Finding("", "", found)
    form = ".1f" if published.unit else ".2f"
    value = f"{ours.value:{form}} {published.unit}".rstrip()
    return Finding(value, f"{ours.low:{form}} to {ours.high:{form}}", found, note)


def _em_count(start: int, evidence: Evidence) -> Estimate | None:
    at = evidence.multiplicative.at_paper
    return at.em.shifted(start) if at else None


def _nem_count(start: int, evidence: Evidence) -> Estimate | None:
    at = evidence.multiplicative.at_paper
    return at.nem.shifted(start) if at else None


def _speedup(mode: str, start: int, evidence: Evidence) -> Finding:
    at = evidence.mode(mode).at_paper
    ours = (at.speedup_start_counted if start else at.speedup) if at else None
    return _number(paper.OPTIMA[mode].speedup, ours, _time(evidence.mode(mode).time_at_paper))


def _best_speedup(mode: str, evidence: Evidence) -> Finding:
    at = evidence.mode(mode).at_optimum
    if at is None:
        return _number(paper.OPTIMA[mode].speedup, None)
    note = f"σ = {at.sigma:g}; {_time(evidence.mode(mode).time_at_optimum)}"
    return _number(paper.OPTIMA[mode].speedup, at.speedup, note)


def _time(ratio: float | None) -> str:
    return "time not known" if ratio is None else f"time × {ratio:.2f}"


def _optimum(mode: str, evidence: Evidence) -> Finding:
    ours = evidence.mode(mode)
    members = ours.optimum.members
    found = verdict.optimum(paper.OPTIMA[mode].level, ours.optimum, ours.levels)
    return Finding(f"{ours.optimum.best:g}", f"{min(members):g} to {max(members):g}", found)


def _u_shape(mode: str, evidence: Evidence) -> Finding:
    low, high = evidence.mode(mode).at_paper, evidence.mode(mode).at_largest
    found = verdict.u_shape(low, high)
    if low is None or high is None:
        return Finding("", "", found)
    ours, bounds = (
        f"{low.difference:+.2f}, {high.difference:+.2f}",
        f"below {low.at_most:+.2f}, above {high.at_least:+.2f}",
    )
    return Finding(ours, bounds, found, f"at σ = {low.sigma:g} and {high.sigma:g}")


def _harm(mode: str, evidence: Evidence) -> Finding:
    at = evidence.mode(mode).blind_at_paper
    found = verdict.harm(at, evidence.mode(mode).blind)
    if at is None:
        return Finding("", "", found)
    return Finding(f"{at.difference:+.2f}", f"above {at.at_least:+.2f}", found, f"at σ = {at.sigma:g}")


def _interval(published: paper.Interval, evidence: Evidence) -> Finding:
    ours = evidence.comparison.unpaired
    interval = ours.interval(published.percent / 100)
    text = f"{interval.low:+.2f} to {interval.high:+.2f}" if interval else ""
    return Finding(f"{ours.difference:+.2f}", text, verdict.interval(published, ours))


def _p_value(evidence: Evidence) -> Finding:
    compared = evidence.comparison
    ours, trials = compared.unpaired, compared.a.trials
    found = verdict.p_value(paper.P_VALUE, ours, bootstraps=compared.bootstraps, trials=trials)
    return Finding(p_text(ours.p_value), "", found)


def _not_significant(level: paper.Number, evidence: Evidence) -> Finding:
    ours = evidence.comparison.unpaired
    return Finding(f"p = {p_text(ours.p_value)}", "", verdict.not_significant(level, ours))


def p_text(value: float | None) -> str:
    """A p-value as people read it."""
    return "not known" if value is None else f"{value:.4f}" if value < 0.01 else f"{value:.3f}"


def _flat(row: Row) -> dict[str, str]:
    claim = row.claim
    flat = {"group": claim.group, "claim": claim.text, "paper": claim.paper, "place": claim.place}
    flat["standing"] = claim.standing
    for protocol, found in (("stated", row.stated), ("companion", row.companion)):
        cells = {"ours": found.ours, "interval": found.interval, "verdict": found.verdict.text, "note": found.note}
        flat |= {f"{protocol}_{name}": text for name, text in cells.items()}
    return flat
