"""Measured numbers as sentences: the words follow the numbers, whatever these are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum

from nem_cli.statistics.estimate import Estimate
from nem_cli.statistics.summary import Row


class Verdict(Enum):
    """What a level's interval says against plain EM on the same data."""

    FASTER = "faster"
    SLOWER = "slower"
    UNDECIDED = "undecided"


def verdict(speedup: Estimate | None) -> Verdict:
    """Faster where the interval of the speed-up lies above 0, slower where it lies below."""
    if speedup is None or speedup.low <= 0 <= speedup.high:
        return Verdict.UNDECIDED
    return Verdict.FASTER if speedup.low > 0 else Verdict.SLOWER


def speedup(row: Row) -> Estimate | None:
    """A level's speed-up over EM in per cent; None where it can't be had."""
    value, low, high = row.speedup_percent, row.speedup_ci_low, row.speedup_ci_high
    return None if value is None or low is None or high is None else Estimate(value, low, high)


def count(rows: Iterable[Row], which: Verdict) -> int:
    """How many levels have that verdict."""
    return sum(verdict(speedup(row)) is which for row in rows)


def number(value: float, digits: int = 1) -> str:
    """A number as people write it: thousands with commas, no negative zero."""
    return f"{value:z,.{digits}f}"


def interval(estimate: Estimate, digits: int = 1) -> str:
    """``26.8 (24.1 to 29.5)``."""
    ends = f"{number(estimate.low, digits)} to {number(estimate.high, digits)}"
    return f"{number(estimate.value, digits)} ({ends})"


def against_em(speedup: Estimate | None) -> str:
    """``takes 26.8 % (24.1 to 29.5) fewer M-steps than EM``, or what the numbers say instead."""
    if speedup is None:
        return "can't be compared with EM, which made no M-step"
    found = verdict(speedup)
    if found is Verdict.FASTER:
        return f"takes {percent(speedup)} fewer M-steps than EM"
    if found is Verdict.SLOWER:
        return f"takes {percent(Estimate(-speedup.value, -speedup.high, -speedup.low))} more M-steps than EM"
    return f"can't be told from EM: {percent(speedup)} fewer M-steps"


def percent(estimate: Estimate) -> str:
    """``26.8 % (24.1 to 29.5)``."""
    return f"{number(estimate.value)} % ({number(estimate.low)} to {number(estimate.high)})"


def beyond(*chosen: tuple[str, float, Sequence[float]]) -> str:
    """A sentence where a best value, given with its name and its grid, lies at an end of that grid; else nothing."""
    ends = [name for name, value, grid in chosen if min(grid) < max(grid) and value in (min(grid), max(grid))]
    if not ends:
        return ""
    lies = "lie at the edge" if len(ends) > 1 else "lies at the edge"
    return f" Its {listed(ends)} {lies} of the grid, so a better one may lie beyond."


def of(part: int, whole: int) -> str:
    """``all 9``, ``none of 9`` or ``3 of 9``."""
    if part == whole:
        return f"all {whole}" if whole > 1 else "the one"
    return f"{part} of {whole}" if part else f"none of {whole}"


def listed(items: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
