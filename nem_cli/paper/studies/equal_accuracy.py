"""Does NEM come within a given distance of the best fit sooner than EM, whatever its stop rule says?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from nem_cli.drawing.style import BASELINE, EM_LOOK, Look, look, style
from nem_cli.experiment.plan import BOOTSTRAP, stream
from nem_cli.paper.equal_accuracy import NEGLIGIBLE, Accuracy, Arm, accuracies
from nem_cli.paper.studies.study import Collect, Runs, Study
from nem_cli.statistics.run import Run
from nem_cli.statistics.summary import Row

CONFIGS = {
    "five-parameter": "equal-accuracy",
    "variances-only": "equal-accuracy-variances-only",
    "data-driven": "equal-accuracy-data-driven",
}
"""The config of each protocol."""


def measure(runs: Runs, collect: Collect) -> list[Accuracy]:
    return [row for protocol, config in CONFIGS.items() for row in measured(protocol, runs[config])]


def measured(protocol: str, run: Run) -> list[Accuracy]:
    """One protocol's rows."""
    arms = [
        Arm(name, row.sigma, traces["log_likelihoods"], traces["limit"])
        for name, row in arms_of(run)
        for traces in [run.traces(row)]
    ]
    return accuracies(protocol, arms, stream(run.experiment.seed, BOOTSTRAP))


def arms_of(run: Run) -> Iterator[tuple[str, Row]]:
    """The rows of a run by the arms' names, EM first; plain EM stands once."""
    plain = [row for row in run.rows if row.sigma == 0]
    yield "em", next(row for row in plain if _method(row) == "em")
    for row in run.rows:
        if row.sigma > 0:
            yield ("mean" if row["noise.screen"] == "mean-shift" else row["noise.injection"]), row
    for row in plain:
        if _method(row) != "em":
            yield _method(row), row


def _method(row: Row) -> str:
    return str(dict(row.settings).get("method", "em"))


def figure(runs: Runs, rows: Sequence[Accuracy]) -> Figure:
    protocols = list(dict.fromkeys(row.protocol for row in rows))
    with style():
        drawn = Figure(figsize=(3.6 * len(protocols) + 0.6, 6.4), layout="constrained")
        panels = drawn.subplots(2, len(protocols), sharex=True, squeeze=False, height_ratios=[1.4, 1])
        for column, protocol in enumerate(protocols):
            above, below = panels[:, column]
            _protocol(above, below, [row for row in rows if row.protocol == protocol], runs.get(CONFIGS[protocol]))
            above.set_title(protocol, fontsize=10)
            below.set_xlabel("within so many nats of the best fit")
        panels[0, 0].invert_xaxis()  # of all
        panels[0, 0].set_ylabel("M-steps until there for good, mean")
        panels[1, 0].set_ylabel("minus EM's")
        handles, labels = panels[0, 0].get_legend_handles_labels()
        drawn.legend(handles, labels, loc="outside lower center", ncols=4)
    return drawn


def _protocol(above: Axes, below: Axes, rows: Sequence[Accuracy], run: Run | None) -> None:
    arms = list(dict.fromkeys((row.arm, row.sigma) for row in rows))
    stops = {} if run is None else {(name, row.sigma): row.mean_iterations for name, row in arms_of(run)}
    for number, arm in enumerate(arms):
        of_arm = [row for row in rows if (row.arm, row.sigma) == arm]
        shown = EM_LOOK if arm[0] == "em" else look(number - 1)
        x = [row.epsilon for row in of_arm]
        above.plot(x, [row.mean for row in of_arm], color=shown.colour, marker=shown.marker, linestyle=shown.line,
                   markersize=4, label=_name(*arm))  # fmt: skip
        if arm in stops:
            _mark_stop(above, of_arm, stops[arm], shown)
        if arm[0] != "em":
            gaps = [row.difference for row in of_arm]
            below.plot(x, [gap.value for gap in gaps], color=shown.colour, marker=shown.marker, linestyle=shown.line,
                       markersize=4)  # fmt: skip
            below.fill_between(x, [gap.low for gap in gaps], [gap.high for gap in gaps], color=shown.colour, alpha=0.2)
    below.axhline(0, color=BASELINE, linewidth=1)
    for axes in (above, below):
        axes.set_xscale("log")
        axes.axvspan(min(row.epsilon for row in rows) / 1.5, NEGLIGIBLE, color="#DDDDDD", alpha=0.5, linewidth=0)
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
