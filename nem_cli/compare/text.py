"""A comparison in plain sentences, and as ``comparison.json``."""

from __future__ import annotations

import json
from typing import Any

from nem_cli.compare.comparison import CONFIDENCES, Comparison, Difference, Interval, Side
from nem_cli.statistics.optimum import METHOD
from nem_cli.statistics.published import INTERVALS, MIXTURE
from nem_cli.statistics.summary import ENOUGH


def comparison_json(comparison: Comparison) -> str:
    """``comparison.json``. A number that can't be had is null."""
    tree = {
        "a": _side(comparison.a),
        "b": _side(comparison.b),
        "difference": comparison.paired.difference,
        "paired": _difference(comparison.paired),
        "unpaired": _difference(comparison.unpaired),
        "p_value_uncentred": comparison.unpaired.p_value_uncentred,
        "bootstraps": comparison.bootstraps,
        "seed": comparison.seed,
    }
    return json.dumps(tree, indent=2, ensure_ascii=False, allow_nan=False)


def sentences(comparison: Comparison) -> list[str]:
    """What was done, what follows and what doesn't, a sentence or two each."""
    a, b = comparison.a, comparison.b
    return [
        f"sigma* is the best sigma above 0 of each sweep. The means come from {_trials(a)}, drawn with another seed "
        "than the sweep's, so they are free of the optimism of a minimum over a grid.",
        f"Levels that the sweep can't tell from sigma* ({_percent(a.sweep.confidence)} confidence set, {METHOD}): "
        f"{_levels(a)}; {_levels(b)}.",
        conclusion(comparison),
        "Intervals are bootstrap percentiles; p is two-sided, under the null (both samples shifted to their common "
        "mean, difference of means, not studentised)." + _uncentred(comparison.unpaired.p_value_uncentred),
    ]


def conclusion(comparison: Comparison) -> str:
    """What follows from the numbers, and what doesn't."""
    a, b = comparison.a, comparison.b
    paired, unpaired = comparison.paired.interval(0.95), comparison.unpaired.interval(0.95)
    p = comparison.paired.p_value
    if paired is None or unpaired is None or p is None:
        return "Nothing follows: one trial doesn't show how much trials differ."
    if comparison.paired.standard_error == comparison.paired.difference == 0:
        return f"What follows: {a.name} and {b.name} took equally many M-steps in each of {_trials(a)}."
    largest = max(abs(paired.low), abs(paired.high))
    if 0.0 in paired or p > 0.05:
        holds = "holds 0" if 0.0 in paired else "leaves out 0"
        link = "and" if (0.0 in paired) == (p > 0.05) else "but"
        return (
            f"What follows: {_trials(a)} don't settle which of {a.name} and {b.name} needs fewer M-steps; the paired "
            f"95 % interval ({_ends(paired)}) {holds}, {link} p is {p:.3f}. What doesn't: that they need equally many; "
            "no significant difference isn't evidence of no difference, and one of up to "
            f"{largest:.2f} M-steps is compatible with these trials."
        )
    fewer, more = (a, b) if comparison.paired.difference < 0 else (b, a)
    size = abs(comparison.paired.difference)
    share = f", {100 * size / a.em_mean_iterations:.1f} % of EM's {a.em_mean_iterations:.2f}"
    misses = "doesn't show it" if 0.0 in unpaired else "shows it too"
    return (
        f"What follows: in this protocol {fewer.name} at its optimum needs {size:.2f} fewer M-steps than {more.name} "
        f"(paired 95 % interval {_ends(paired)}{share if a.em_mean_iterations else ''}). "
        "What doesn't: that it is as accurate, takes less time, or needs fewer under other settings. "
        f"The unpaired design, the paper's, {misses}: its 95 % interval is {_ends(unpaired)}."
        f"{_few(a.trials)}"
    )


def published(comparison: Comparison) -> tuple[tuple[float, float], ...] | None:
    """The paper's intervals of a - b, one for each of `CONFIDENCES`, where a and b are its two modes on its mixture."""
    sides = (comparison.a, comparison.b)
    for side in sides:
        if side.experiment.mixture.model_dump() != MIXTURE or side.experiment.noise.screen != "every-component":
            return None
    intervals = tuple((each.low.value, each.high.value) for each in INTERVALS)  # in the order of `CONFIDENCES`
    modes = tuple(side.mode for side in sides)
    if modes == ("additive", "multiplicative"):
        return intervals
    if modes == ("multiplicative", "additive"):
        return tuple((-high, -low) for low, high in intervals)
    return None


def _trials(side: Side) -> str:
    return f"{side.trials:,} fresh trials" if side.trials > 1 else "1 fresh trial"


def _few(trials: int) -> str:
    return f" But {trials} trials are too few to rely on a bootstrap." if trials < ENOUGH else ""


def _levels(side: Side) -> str:
    return f"{side.name} {', '.join(f'{sigma:g}' for sigma in side.sweep.members)}"


def _percent(confidence: float) -> str:
    return f"{100 * confidence:g} %"


def _ends(interval: Interval) -> str:
    return f"{interval.low:.3f} to {interval.high:.3f}"


def _uncentred(share: float | None) -> str:
    if share is None:
        return ""
    return (
        f" The share of uncentred bootstrap differences at or above the observed one is {share:.3f}: it is near 0.5 by "
        "construction and no evidence of anything."
    )


def _side(side: Side) -> dict[str, Any]:
    return {
        "name": side.name,
        "mode": side.mode,
        "sigma": side.sigma,
        "levels_not_told_apart": list(side.sweep.members),
        "mean_iterations": side.mean_iterations,
        "em_mean_iterations": side.em_mean_iterations,
        "speedup_percent": side.speedup_percent,
        "trials": side.trials,
    }


def _difference(found: Difference) -> dict[str, Any]:
    intervals: dict[str, list[float] | None] = {f"{100 * confidence:g}": None for confidence in CONFIDENCES}
    for each in found.intervals:
        intervals[f"{100 * each.confidence:g}"] = [each.low, each.high]
    return {
        "difference": found.difference,
        "standard_error": found.standard_error,
        "intervals": intervals,
        "p_value": found.p_value,
    }
