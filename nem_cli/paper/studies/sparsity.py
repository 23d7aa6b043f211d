"""Is the benefit larger where data are sparse?"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from nem_cli.paper.studies.study import Finished, Study, noisy, values, where
from nem_cli.paper.studies.words import percent, speedup
from nem_cli.statistics.summary import Row


class Trend(Enum):
    """How the speed-up at the largest sample stands to that at the smallest."""

    GROWS = "grows"
    SHRINKS = "shrinks"
    OPEN = "isn't shown to change"


class Sparsity(Study):
    """Both modes at samples from small to large."""

    name = "sparsity"
    alt = "Per cent fewer M-steps than EM against the sample size, a curve for each mode and noise level."

    def answer(self, run: Finished) -> tuple[str, ...]:
        sentences, trends = [], []
        for mode in run.modes():
            rows = noisy(where(run.summary, {"noise.injection": mode}))
            for sigma in values(rows, "sigma"):
                curve = sorted(where(rows, {"sigma": sigma}), key=_size)
                trends.append(_trend(curve))
                sentences.append(_curve(mode, sigma, curve, trends[-1]))
        return (" ".join(sentences), f"{_meaning(trends)}{_degenerate(run.summary)}")


def _size(row: Row) -> int:
    return int(dict(row.settings)["sample_size"])


def _trend(curve: Sequence[Row]) -> Trend:
    small, large = speedup(curve[0]), speedup(curve[-1])
    if small is None or large is None:
        return Trend.OPEN
    if large.low > small.high:
        return Trend.GROWS
    return Trend.SHRINKS if large.high < small.low else Trend.OPEN


def _curve(mode: str, sigma: float, curve: Sequence[Row], trend: Trend) -> str:
    ends = [(row, speedup(row)) for row in (curve[0], curve[-1])]
    shown = " and ".join(
        f"{percent(share)} at {_size(row):,} samples" if share else f"unknown at {_size(row):,} samples"
        for row, share in ends
    )
    return f"With {mode} noise of {sigma:g} the share of M-steps saved {trend.value}: {shown}."


def _meaning(trends: Sequence[Trend]) -> str:
    if set(trends) == {Trend.GROWS}:
        return (
            "In this protocol the benefit grows with the sample size in both modes; it isn't most pronounced where "
            "data are sparse. The paper's theorem on sparse data is about noise that fits all samples at once, which "
            "this noise needn't."
        )
    if set(trends) == {Trend.SHRINKS}:
        return "In this protocol the benefit is larger where data are sparse, in both modes, as the paper suggests."
    if set(trends) == {Trend.OPEN}:
        return "These trials don't show that the benefit depends on the sample size."
    if {Trend.GROWS, Trend.SHRINKS} <= set(trends):
        return "So the answer depends on mode and level."
    return "So the curves don't agree, and these trials give no one answer for all modes and levels."


def _degenerate(rows: Sequence[Row]) -> str:
    degenerate = [row for row in rows if row.degenerate]
    if not degenerate:
        return ""
    largest = max(_size(row) for row in degenerate)
    total = sum(row.degenerate for row in degenerate)
    return (
        f" {total:,} trials of {sum(row.trials for row in rows):,} degenerated, all with {largest:,} samples or fewer; "
        "their M-steps count."
    )
