"""Where does multiplicative noise beat additive noise?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from nem_cli.drawing.axis import VALUES, coordinate, label
from nem_cli.drawing.frame import add_caption, add_legend
from nem_cli.drawing.style import BASELINE, look, style
from nem_cli.paper.studies.best_level import BestLevel, best_level
from nem_cli.paper.studies.study import Finished, Study, noisy, values, where
from nem_cli.paper.studies.words import Verdict, interval, listed, percent, verdict
from nem_cli.statistics.estimate import Estimate, mean_estimate
from nem_cli.sweep.figure import caption

AXIS = "mixture.means"
HOW = "best level of each mode, chosen on half of the trials and measured on the other half"


@dataclass(frozen=True)
class Distance:
    """Both modes at one distance of the means.

    Parameters
    ----------
    distance : float
    additive, multiplicative : BestLevel
    difference : Estimate
        Additive minus multiplicative in M-steps, paired; above 0 multiplicative noise is better.
    """

    distance: float
    additive: BestLevel
    multiplicative: BestLevel
    difference: Estimate


class Separation(Study):
    """Each mode at its best level, against the distance of the means."""

    name = "separation"
    alt = "Per cent fewer M-steps than EM of both modes at their best levels, against the distance of the means."

    def figure(self, run: Finished) -> Figure:
        found = distances(run)
        x = [each.distance for each in found]
        with style():
            figure = Figure(figsize=(7.5, 5.2), layout="constrained")
            axes = figure.add_subplot()
            axes.axhline(0, color=BASELINE, linewidth=1.2, linestyle="--", zorder=1, label="EM")
            for number, mode in enumerate(("additive", "multiplicative")):
                points = [(at, getattr(each, mode).speedup) for at, each in zip(x, found, strict=True)]
                known = [(at, point) for at, point in points if point is not None]
                value = np.array([point.value for _, point in known])
                ends = [value - [point.low for _, point in known], [point.high for _, point in known] - value]
                axes.errorbar(
                    [at for at, _ in known], value, np.maximum(ends, 0), color=look(number).colour,
                    marker=look(number).marker, markersize=4.5, linewidth=1.3, capsize=2, elinewidth=1,
                    label=f"{mode} noise",
                )  # fmt: skip
            axes.set_xticks(x, [f"{at:g}" for at in x])
            axes.set_xlabel(label(AXIS))
            axes.set_ylabel(VALUES["speedup_percent"])
            add_legend(figure, [axes], ncols=3, title=run.experiment.title or self.name)
            add_caption(figure, f"{caption_of_curves(run)}\n{HOW}")
        return figure

    def answer(self, run: Finished) -> tuple[str, ...]:
        found = distances(run)
        sentences = [_best(found)]
        groups = (
            ("multiplicative noise took fewer M-steps than additive noise", [d for d in found if d.difference.low > 0]),
            ("additive noise took fewer than multiplicative noise", [d for d in found if d.difference.high < 0]),
            (
                "the two weren't told apart",
                [d for d in found if d.difference.low <= 0 <= d.difference.high],
            ),
        )
        for verb, group in groups:
            if group:
                where_ = listed([f"{each.distance:g}" for each in group])
                sentences.append(f"At distance {where_} {verb}{_size(group)}.")
        useless = [each for each in found if not _helps(each)]
        if useless:
            where_ = listed([f"{each.distance:g}" for each in useless])
            sentences.append(f"At distance {where_} neither mode was shown to be faster than EM.")
        sentences.append(f"Each time it is the {HOW}; a difference is additive minus multiplicative noise.")
        if all(abs(sum(means)) < 1e-9 for means in values(run.summary, AXIS)):
            sentences.append("Multiplicative noise depends on where 0 lies, which is midway between the means here.")
        return (" ".join(sentences),)


def distances(run: Finished) -> list[Distance]:
    """Both modes at every distance, from small to large."""
    found = []
    for means in values(run.summary, AXIS):
        rows = noisy(where(run.summary, {AXIS: means}))
        additive, multiplicative = (
            best_level(run, where(rows, {"noise.injection": mode})) for mode in ("additive", "multiplicative")
        )
        at = coordinate(AXIS, means)
        assert at is not None
        difference = mean_estimate(additive.counts - multiplicative.counts)
        found.append(Distance(at, additive, multiplicative, difference))
    return sorted(found, key=lambda each: each.distance)


def caption_of_curves(run: Finished) -> str:
    """The run's caption as for curves; its own figure is a heatmap."""
    curves = run.experiment.figure.model_copy(update={"kind": "curves", "rows": None, "x": AXIS})
    return caption(run.experiment.model_copy(update={"figure": curves}), run.summary)


def _helps(each: Distance) -> bool:
    return any(verdict(level.speedup) is Verdict.FASTER for level in (each.additive, each.multiplicative))


def _best(found: Sequence[Distance]) -> str:
    """Where each mode saves most."""
    parts = []
    for mode in ("additive", "multiplicative"):
        known = [(each, getattr(each, mode)) for each in found if getattr(each, mode).speedup is not None]
        if known:
            at, level = max(known, key=lambda pair: pair[1].speedup.value)
            parts.append(f"{mode} noise saves most at distance {at.distance:g}, {percent(level.speedup)}")
    return f"{listed(parts).capitalize()}." if parts else "EM made no M-step."


def _size(group: Sequence[Distance]) -> str:
    shown = listed([interval(each.difference, 2) for each in group])
    return f" (difference {shown} M-steps)"
