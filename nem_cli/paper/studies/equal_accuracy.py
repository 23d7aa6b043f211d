"""Does NEM come within a given distance of the best fit sooner than EM, whatever its stop rule says?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from nem_cli.drawing.style import BASELINE, EM_LOOK, Look, look, style
from nem_cli.paper.equal_accuracy import NEGLIGIBLE, Accuracy, of_run
from nem_cli.paper.studies.study import Prices, Runs, Study, Work
from nem_cli.statistics.run import Run
from nem_cli.statistics.summary import Row

CONFIGS = {
    "five-parameter": "equal-accuracy",
    "variances-only": "equal-accuracy-variances-only",
    "data-driven": "equal-accuracy-data-driven",
}
"""The config of each protocol."""


def measure(runs: Runs, work: Work) -> list[Accuracy]:
    return [row for protocol, config in CONFIGS.items() for row in measured(protocol, runs[config])]


def measured(protocol: str, run: Run) -> list[Accuracy]:
    """One protocol's rows."""
    return of_run(protocol, run, arms_of(run))


def arms_of(run: Run) -> Iterator[tuple[str, Row]]:
    """The rows of a run by the arms' names, plain EM from the first start first and once.

    Noise goes by its injection or, where it is its conditional mean, as mean; EM from other variances as shrunken.
    """
    first = next(row for row in run.rows if row.sigma == 0)
    yield "em", first
    for row in run.rows:
        here, there = dict(row.settings), dict(first.settings)
        method = str(here.get("method", "em"))
        if row.sigma > 0:
            yield ("mean" if here.get("noise.screen") == "mean-shift" else here["noise.injection"]), row
        elif here.get("start.variances") != there.get("start.variances"):
            yield "shrunken", row
        elif method != "em":
            yield method, row


def figure(runs: Runs, rows: Sequence[Accuracy], price: Prices) -> Figure:
    protocols = list(dict.fromkeys(row.protocol for row in rows))
    with style():
        drawn = Figure(figsize=(3.6 * len(protocols) + 0.6, 8.4), layout="constrained")
        panels = drawn.subplots(3, len(protocols), sharex=True, squeeze=False, height_ratios=[1.4, 1.2, 1])
        for column, protocol in enumerate(protocols):
            here = [row for row in rows if row.protocol == protocol]
            _protocol(panels[:, column], here, runs.get(CONFIGS[protocol]), price)
            panels[0, column].set_title(protocol, fontsize=10)
            panels[-1, column].set_xlabel("within so many nats of the best fit")
        panels[0, 0].invert_xaxis()  # of all
        for axes, name in zip(panels[:, 0], ("M-steps until there, mean", "processor time,\nin EM's M-steps",
                                             "M-steps minus EM's"), strict=True):  # fmt: skip
            axes.set_ylabel(name)
        handles, labels = panels[0, 0].get_legend_handles_labels()
        drawn.legend(handles, labels, loc="outside lower center", ncols=4)
    return drawn


def _protocol(panels: Iterable[Axes], rows: Sequence[Accuracy], run: Run | None, price: Prices) -> None:
    """A column: counts, the same in processor time where the arm's price is known, and differences to EM."""
    counts, times, gaps = panels = tuple(panels)
    stops = {} if run is None else {(name, row.sigma): row.mean_iterations for name, row in arms_of(run)}
    for number, arm in enumerate(dict.fromkeys((row.arm, row.sigma) for row in rows)):
        of_arm = [row for row in rows if (row.arm, row.sigma) == arm]
        shown = EM_LOOK if arm[0] == "em" else look(number - 1)
        drawn: dict[str, Any] = {"color": shown.colour, "marker": shown.marker, "linestyle": shown.line,
                                 "markersize": 4, "label": _name(*arm)}  # fmt: skip
        x, means = [row.epsilon for row in of_arm], np.array([row.mean for row in of_arm])
        counts.plot(x, means, **drawn)
        times.plot(x, means * price.get(arm[0], np.nan), **drawn)
        if arm in stops:
            _mark_stop(counts, of_arm, stops[arm], shown)
        if arm[0] != "em":
            found = [row.difference for row in of_arm]
            gaps.plot(x, [each.value for each in found], **drawn)
            low, high = [each.low for each in found], [each.high for each in found]
            gaps.fill_between(x, low, high, color=shown.colour, alpha=0.2)
    gaps.axhline(0, color=BASELINE, linewidth=1)
    for axes in panels:
        axes.set_xscale("log")
        axes.axvspan(min(row.epsilon for row in rows) / 1.5, NEGLIGIBLE, color=BASELINE, alpha=0.15, linewidth=0)
        axes.xaxis.set_minor_locator(NullLocator())


def _mark_stop(axes: Axes, rows: Sequence[Accuracy], stop: float, shown: Look) -> None:
    """Where on its curve an arm's own stop rule ends it on average; nowhere where that is off the curve."""
    means = [row.mean for row in rows]
    if min(means) <= stop <= max(means):
        order = np.argsort(means)
        at = np.exp(np.interp(stop, np.array(means)[order], np.log([row.epsilon for row in rows])[order]))
        axes.plot([at], [stop], marker="x", markersize=9, markeredgewidth=2, color=shown.colour, linestyle="none")


def _name(arm: str, sigma: float) -> str:
    return {"em": "EM", "squarem": "SQUAREM"}.get(arm, f"{arm}, sigma {sigma:g}")


STUDY = Study(
    tuple(CONFIGS.values()),
    Accuracy,
    measure,
    figure,
    file="accuracy.csv",
    title="Equal accuracy: the central question",
)
