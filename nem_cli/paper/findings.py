"""What a protocol's evidence says of each claim of the paper, as the verdict table shows it."""

from __future__ import annotations

from dataclasses import dataclass

from nem_cli.paper import verdict
from nem_cli.paper.evidence import Evidence
from nem_cli.paper.verdict import Verdict
from nem_cli.statistics import published as paper
from nem_cli.statistics.estimate import Estimate


@dataclass(frozen=True)
class Finding:
    """What one protocol says of a claim: our number, its 95 % interval or bounds, the verdict, and a note."""

    ours: str
    interval: str
    verdict: Verdict
    note: str = ""


def number(published: paper.Number, ours: Estimate | None, note: str = "") -> Finding:
    """A number of the paper against our estimate."""
    found = verdict.number(published, ours)
    if ours is None:
        return Finding("", "", found)
    form = ".1f" if published.unit else ".2f"
    value = f"{ours.value:{form}} {published.unit}".rstrip()
    return Finding(value, f"{ours.low:{form}} to {ours.high:{form}}", found, note)


def em_count(start: int, evidence: Evidence) -> Finding:
    """EM's mean count; `start` is 1 where the starting point counts."""
    at = evidence.multiplicative.at_paper
    return number(paper.EM_ITERATIONS, at.em + start if at else None)


def nem_count(start: int, evidence: Evidence) -> Finding:
    """Multiplicative NEM's mean count at the paper's level."""
    at = evidence.multiplicative.at_paper
    return number(paper.NEM_ITERATIONS, at.nem + start if at else None)


def speedup(mode: str, start: int, evidence: Evidence) -> Finding:
    """A mode's saving at the paper's level."""
    at = evidence.mode(mode).at_paper
    ours = (at.speedup_start_counted if start else at.speedup) if at else None
    return number(paper.OPTIMA[mode].speedup, ours, _time(evidence.mode(mode).time_at_paper))


def best_speedup(mode: str, evidence: Evidence) -> Finding:
    """A mode's saving at our own optimum, on fresh trials."""
    at = evidence.mode(mode).at_optimum
    if at is None:
        return number(paper.OPTIMA[mode].speedup, None)
    note = f"σ = {at.sigma:g}; {_time(evidence.mode(mode).time_at_optimum)}"
    return number(paper.OPTIMA[mode].speedup, at.speedup, note)


def _time(ratio: float | None) -> str:
    return "time not known" if ratio is None else f"time × {ratio:.2f}"


def optimum(mode: str, evidence: Evidence) -> Finding:
    """A mode's optimal level, with its confidence set of levels."""
    ours = evidence.mode(mode)
    members = ours.optimum.members
    found = verdict.optimum(paper.OPTIMA[mode].level, ours.optimum, ours.levels)
    return Finding(f"{ours.optimum.best:g}", ", ".join(f"{sigma:g}" for sigma in members), found)


def u_shape(mode: str, evidence: Evidence) -> Finding:
    """A mode at the paper's level and at the largest."""
    low, high = evidence.mode(mode).at_paper, evidence.mode(mode).at_largest
    found = verdict.u_shape(low, high)
    if low is None or high is None:
        return Finding("", "", found)
    ours = f"{low.difference:+.2f}, {high.difference:+.2f}"
    bounds = f"below {low.at_most:+.2f}, above {high.at_least:+.2f}"
    return Finding(ours, bounds, found, f"at σ = {low.sigma:g} and {high.sigma:g}")


def harm(mode: str, evidence: Evidence) -> Finding:
    """A mode's noise without the screen, at the paper's level."""
    at = evidence.mode(mode).blind_at_paper
    found = verdict.harm(at, evidence.mode(mode).blind)
    if at is None:
        return Finding("", "", found)
    return Finding(f"{at.difference:+.2f}", f"above {at.at_least:+.2f}", found, f"at σ = {at.sigma:g}")


def interval(published: paper.Interval, evidence: Evidence) -> Finding:
    """The difference of the optima with the interval of the same confidence."""
    ours = evidence.comparison.unpaired
    ends = ours.interval(published.percent / 100)
    text = f"{ends.low:+.2f} to {ends.high:+.2f}" if ends else ""
    return Finding(f"{ours.difference:+.2f}", text, verdict.interval(published, ours))


def p_value(evidence: Evidence) -> Finding:
    """The p-value of the difference."""
    compared = evidence.comparison
    ours, trials = compared.unpaired, compared.a.trials
    found = verdict.p_value(paper.P_VALUE, ours, bootstraps=compared.bootstraps, trials=trials)
    return Finding(p_text(ours.p_value), "", found)


def not_significant(level: paper.Number, evidence: Evidence) -> Finding:
    """The p-value of the difference against a level."""
    ours = evidence.comparison.unpaired
    return Finding(f"p = {p_text(ours.p_value)}", "", verdict.not_significant(level, ours))


def p_text(value: float | None) -> str:
    """A p-value as people read it."""
    return "not known" if value is None else f"{value:.4f}" if value < 0.01 else f"{value:.3f}"
