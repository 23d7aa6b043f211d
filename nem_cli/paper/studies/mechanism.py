"""What speeds NEM up? Plain EM from smaller starting variances, and over-relaxed EM, beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from nem_cli.drawing.curves import error_bars
from nem_cli.drawing.frame import add_legend
from nem_cli.drawing.style import BASELINE, COLOURS, style
from nem_cli.paper.equal_accuracy import best_limit
from nem_cli.paper.studies.equal_accuracy import arms_of
from nem_cli.paper.studies.study import Prices, Runs, Study, Work
from nem_cli.statistics.estimate import Estimate, mean_estimate, share_estimate
from nem_cli.statistics.first_passage import first_below
from nem_cli.statistics.run import Run

CONFIGS = {"variances-only": "mechanism", "five-parameter": "mechanism-five-parameter"}
"""The config of each protocol."""
NEAR = 0.01
"""A limit this many nats below the best one is the best one."""


@dataclass(frozen=True)
class Way:
    """One way to fit, against plain EM from the protocol's start on the same data.

    Parameters
    ----------
    way : str
        em, additive, multiplicative, shrunken or over-relaxed.
    sigma, variance : float
        Of the noise at first, and of the start.
    counted : Estimate
        M-steps by the stop rule, minus EM's.
    looking_past : Estimate
        M-steps, at most the trace's horizon, until one step of plain EM from there would satisfy the rule, minus EM's.
    log_likelihood : Estimate
        At the end, minus EM's.
    best : Estimate
        The share of trials from whose last estimate plain EM ends at the best limit that any way leads to.
    """

    protocol: str
    way: str
    sigma: float
    variance: float
    counted: Estimate
    looking_past: Estimate
    log_likelihood: Estimate
    best: Estimate


def measure(runs: Runs, work: Work) -> list[Way]:
    return [way for protocol, config in CONFIGS.items() for way in _ways(protocol, runs[config])]


def _ways(protocol: str, run: Run) -> Iterator[Way]:
    rows = list(arms_of(run))
    traces = [run.traces(row) for _, row in rows]
    limits = [each["limit"] for each in traces]
    best = best_limit(limits)
    stop = run.experiment.stop
    threshold = stop.resolved().threshold(stop.tol or 0.0)
    past = [first_below(each["residuals"][:, :-1], threshold).steps for each in traces]
    em = run.trials(rows[0][1])
    for index, (way, row) in enumerate(rows):
        trials = run.trials(row)
        yield Way(
            protocol,
            way,
            row.sigma,
            float(np.mean(row["start.variances"])),
            mean_estimate(trials["iterations"].astype(float) - em["iterations"]),
            mean_estimate((past[index] - past[0]).astype(float)),
            mean_estimate(trials["log_likelihood"] - em["log_likelihood"]),
            share_estimate(int(np.count_nonzero(best - limits[index] <= NEAR)), len(best)),
        )


def figure(runs: Runs, ways: Sequence[Way], price: Prices) -> Figure:
    protocols = list(dict.fromkeys(way.protocol for way in ways))
    with style():
        drawn = Figure(figsize=(9, 3.6), layout="constrained")
        for axes, protocol in zip(drawn.subplots(1, len(protocols), squeeze=False)[0], protocols, strict=True):
            shown = [way for way in ways if way.protocol == protocol and way.way != "em"]
            for shift, (name, colour) in enumerate(zip(("counted", "looking_past"), COLOURS, strict=False)):
                estimates = [getattr(way, name) for way in shown]
                x, ends = [each.value for each in estimates], error_bars(estimates)
                y = np.arange(len(shown)) + 0.2 * shift - 0.1
                axes.errorbar(x, y, xerr=ends, fmt="o", markersize=4, color=colour, label=_LABELS[name])
            axes.axvline(0, color=BASELINE, linewidth=1)
            axes.set_yticks(range(len(shown)), [_name(way) for way in shown])
            axes.invert_yaxis()
            axes.set_title(protocol, fontsize=10)
            axes.set_xlabel("M-steps minus EM's")
        add_legend(drawn, drawn.axes[-1:])
    return drawn


_LABELS = {"counted": "by the stop rule", "looking_past": "by the step plain EM would make"}


def _name(way: Way) -> str:
    if way.sigma:
        return f"{way.way} noise, sigma {way.sigma:g}"
    return f"EM from variances {way.variance:g}" if way.way == "shrunken" else "over-relaxed EM"


STUDY = Study(tuple(CONFIGS.values()), Way, measure, figure, title="The mechanism: smaller starts, longer steps")
