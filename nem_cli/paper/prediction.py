"""The predictive check of the protocols: ``prediction.csv``, ``verdict.csv`` and the figure of the distributions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nem_cli.drawing.frame import add_legend
from nem_cli.drawing.style import COLOURS, PAPER, style
from nem_cli.experiment.plan import BOOTSTRAP, stream
from nem_cli.paper.claims import Verdict, verdict
from nem_cli.statistics.prediction import JOINTS, PRINTED, SIGNIFICANCE, Prediction, predict, sizes
from nem_cli.statistics.published import OPTIMA
from nem_cli.statistics.run import Run
from nem_cli.statistics.study import DESIGNS, MODES, STATISTICS, Curve, Protocol

SHARES = ("shape", "not-significant")
"""Claims of ``prediction.csv`` whose p is the share of studies that show them."""
DRAWN = (30, 100, 400, 1600)
"""Trials a level of the studies in the figure."""
QUANTILES = (0.005, 0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975, 0.995)


@dataclass(frozen=True)
class Predicted:
    """A row of ``prediction.csv``: what studies of n trials a level print of a claim.

    Parameters
    ----------
    design : str
        fresh or common.
    claim : str
        A statistic, a joint claim, or one of `SHARES`.
    p : float
        Of the paper's number; of `SHARES` the share of studies.
    """

    protocol: str
    design: str
    n: int
    claim: str
    paper: float
    predictive_low: float
    predictive_high: float
    p: float


@dataclass(frozen=True)
class Quantile:
    """A quantile of what studies of n trials a level print, fresh design."""

    protocol: str
    n: int
    claim: str
    quantile: float
    value: float


@dataclass(frozen=True)
class Checked:
    """What is found: the rows of ``prediction.csv``, of the same with a thinner grid, of the figure and the verdict."""

    predicted: list[Predicted]
    thinned: list[Predicted]
    quantiles: list[Quantile]
    verdict: list[Verdict]


def of_run(run: Run) -> Protocol:
    """The trials of a run that sweeps both modes, screened and, at the paper's levels, blind."""
    return _protocol(dict.fromkeys(MODES, run), run, {"noise.injection", "noise.screen"})


def of_figures(modes: Mapping[str, Run], blind: Run | None) -> Protocol:
    """The trials of a run for each figure, and of one with blind noise, all on the same data."""
    return _protocol(modes, blind, set())


def _protocol(modes: Mapping[str, Run], blind: Run | None, swept: set[str]) -> Protocol:
    curves = {}
    for mode in MODES:
        wanted = {"noise.injection": mode, "noise.screen": "every-component"}
        rows = [row for row in modes[mode].where({path: wanted[path] for path in swept}) if row.sigma]
        counts = np.column_stack([modes[mode].counts(row) for row in rows])
        same = {"noise.injection": mode, "noise.screen": "none", "sigma": OPTIMA[mode].sigma}
        unscreened = [blind.counts(row) for row in blind.where(same)] if blind else []
        curves[mode] = Curve(np.array([row.sigma for row in rows]), counts, unscreened[0] if unscreened else None)
    first = modes[MODES[0]]
    return Protocol(first.counts(next(row for row in first.rows if row.sigma == 0)), curves)


def check(protocols: Mapping[str, Protocol], base_rates: Mapping[str, float], seed: int) -> Checked:
    """Predict what studies under each protocol print, and judge the paper's numbers.

    Parameters
    ----------
    base_rates : dict
        By claim, where they are known.
    seed : int
        Of the studies that are drawn, and of the bootstraps.
    """
    found = Checked([], [], [], [])
    for name, protocol in protocols.items():
        fresh: list[Prediction] = []
        thinner = Protocol(
            protocol.em, {mode: curve.thinned(OPTIMA[mode].sigma) for mode, curve in protocol.curves.items()}
        )
        for n in sizes(len(protocol.em)):
            for number, design in enumerate(DESIGNS):
                prediction = predict(protocol, n, design, stream(seed, BOOTSTRAP, n, number))
                found.predicted.extend(_rows(name, prediction))
                if design == "fresh":
                    fresh.append(prediction)
            found.thinned.extend(_rows(name, predict(thinner, n, "fresh", stream(seed, BOOTSTRAP, n, 0))))
        found.quantiles.extend(_quantiles(name, protocol, seed))
        found.verdict.extend(verdict(name, protocol, fresh, base_rates, seed))
    return found


def _rows(name: str, prediction: Prediction) -> Iterator[Predicted]:
    for claim, p in prediction.p.items():
        printed = PRINTED[claim].value if claim in PRINTED else math.nan
        yield Predicted(name, prediction.design, prediction.n, claim, printed, *prediction.interval(claim), p)
    for claim, share in zip(SHARES, (prediction.shape, prediction.not_significant), strict=True):
        yield Predicted(name, prediction.design, prediction.n, claim, math.nan, math.nan, math.nan, share)


def _quantiles(name: str, protocol: Protocol, seed: int) -> Iterator[Quantile]:
    for n in sizes(len(protocol.em), DRAWN):
        studies = predict(protocol, n, "fresh", stream(seed, BOOTSTRAP, n, 0)).studies
        for claim in STATISTICS:
            for quantile, value in zip(QUANTILES, np.quantile(studies.column(claim), QUANTILES), strict=True):
                yield Quantile(name, n, claim, quantile, float(value))


def figure(quantiles: Sequence[Quantile]) -> Figure:
    """Where studies of several sizes print each number, a panel a number, the paper's number marked."""
    names = list(dict.fromkeys(each.protocol for each in quantiles))
    shown = list(dict.fromkeys(each.n for each in quantiles))
    with style():
        drawn = Figure(figsize=(10, 6.2), layout="constrained")
        panels = drawn.subplots(2, 4).ravel()
        for axes, claim in zip(panels, STATISTICS, strict=False):
            for number, name in enumerate(names):
                for place, n in enumerate(shown):
                    at = {
                        each.quantile: each.value
                        for each in quantiles
                        if (each.protocol, each.n, each.claim) == (name, n, claim)
                    }
                    if at:
                        _strip(axes, at, place + 0.26 * (number - (len(names) - 1) / 2), COLOURS[number])
                if axes is panels[0]:
                    axes.plot([], [], color=COLOURS[number], linewidth=5, label=name)
            axes.axhline(PRINTED[claim].value, color=PAPER, linewidth=1.2, label="the paper's number")
            axes.set_xticks(range(len(shown)), [f"{n:,}" for n in shown])
            axes.set_xlabel("trials a level")
            axes.set_title(claim.replace("-", " "), loc="left", fontsize=10)
        panels[-1].set_axis_off()
        add_legend(drawn, list(panels[:1]), ncols=4)
    return drawn


def _strip(axes: Axes, at: Mapping[float, float], x: float, colour: str) -> None:
    """Central 99, 95, 80 and 50 per cent, the thicker the more central, and the median."""
    levels = sorted(at)
    for depth, width in zip(range(len(levels) // 2), (1, 2.5, 4.5, 7), strict=True):
        axes.vlines(x, at[levels[depth]], at[levels[-1 - depth]], color=colour, linewidth=width, alpha=0.6)
    axes.plot(x, at[0.5], "o", color="white", markersize=2.5)


@dataclass(frozen=True)
class Joint:
    """Several of the paper's numbers together, by the size of the study, fresh design.

    Parameters
    ----------
    claim : str
        joint (all seven), joint-without-se or joint-fit (EM and the speed-ups).
    n : int
        The size with the largest p.
    p, thinned : float
        Of the paper's numbers there, with our grid of levels and with every second one.
    compatible : str
        The sizes with p of .05 or more.
    not_significant : float
        The share of studies of that size whose difference isn't significant at .05.
    """

    protocol: str
    claim: str
    n: int
    p: float
    thinned: float
    compatible: str
    not_significant: float


def joints(predicted: Sequence[Predicted], thinned: Sequence[Predicted]) -> list[Joint]:
    """The joint claims of each protocol."""
    found = []
    fresh = {(each.protocol, each.claim, each.n): each.p for each in predicted if each.design == "fresh"}
    thin = {(each.protocol, each.claim, each.n): each.p for each in thinned}
    for protocol in dict.fromkeys(each.protocol for each in predicted):
        for claim in reversed(JOINTS):
            p = {n: p for (name, of, n), p in fresh.items() if (name, of) == (protocol, claim)}
            best = max(p, key=lambda n: (p[n], -n))
            sizes_ = ", ".join(f"{n:,}" for n in p if p[n] >= SIGNIFICANCE)
            share = fresh[protocol, "not-significant", best]
            found.append(Joint(protocol, claim, best, p[best], thin[protocol, claim, best], sizes_ or "none", share))
    return found
