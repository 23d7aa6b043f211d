"""The other systems that the paper names: mixtures in the plane, hidden Markov chains, k-means, a neural network."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nem_cli.drawing.axis import label
from nem_cli.drawing.curves import error_bars
from nem_cli.drawing.frame import add_legend
from nem_cli.drawing.style import BASELINE, look, style
from nem_cli.paper.equal_accuracy import of_run
from nem_cli.paper.studies.study import Prices, Runs, Study, Work, known, speedup
from nem_cli.statistics.estimate import UNKNOWN, Estimate, mean_estimate
from nem_cli.statistics.run import Run
from nem_cli.statistics.summary import Row


@dataclass(frozen=True)
class _System:
    """A system and kind of noise: the config of its counts, that of its accuracies, and the swept settings that it is.

    Where `noisy` is empty the settings are compared with the `plain` ones, both without noise.
    """

    config: str
    settings: Mapping[str, Any]
    traced: str = ""
    at: Mapping[str, Any] = field(default_factory=dict)


SYSTEMS = {
    **{
        f"{name}, {mode}": _System(
            f"{config}-{short}", {"noise.screen": screen}, f"equal-accuracy-{config}", {"noise.injection": mode}
        )
        for name, config, screen in (
            ("plane", "planar", "every-coordinate"), ("chain", "chain", "every-component"),
        )
        for mode, short in (("additive", "anem"), ("multiplicative", "mnem"))
    },
    "plane, full covariances": _System("planar-full", {"noise.screen": "every-component"}),
    **{
        f"k-means, {name}": _System("clusters", settings, "equal-accuracy-clusters", settings)
        for name, settings in (
            ("every centroid", {"noise.screen": "every-coordinate", "noise.enters": "m-step"}),
            ("assigned centroid", {"noise.screen": "assigned", "noise.enters": "m-step"}),
            ("assignment too", {"noise.screen": "every-coordinate", "noise.enters": "e-step"}),
        )
    },
    "k-means, nine clusters": _System("clusters-grid", {"noise.screen": "every-coordinate", "noise.enters": "m-step"}),
    "network": _System(
        "network", {"noise.screen": "every-component", "network.rate": 1.0}, "equal-accuracy-network",
        {"network.rate": 1.0},
    ),
}  # fmt: skip
"""By name, in the order of the table."""
NETWORK = "equal-accuracy-network"
NEAR = {"coarse": 1.0, "fine": 0.1}
"""Nats from the best fit; of k-means half the within-cluster sum of squares above that of the best fixed point."""
LOSSES = {"coarse": 0.2, "fine": 0.05}
"""Of a network: what its loss falls below."""
RATES = (1.25, 1.5, 2.0)
"""Larger rates of the network, without noise."""
SCREENS = ("every-component", "every-coordinate", "assigned", "mean-shift", "none")


@dataclass(frozen=True)
class Case:
    """One system and kind of noise.

    Parameters
    ----------
    em : Estimate
        Mean M-steps without noise.
    sigma : float
        The best level, chosen on half of the trials; what follows is measured on the other half.
    saved, kept, blind : Estimate
        Per cent fewer M-steps than without noise: with it, with its conditional mean, and with nothing screened; NaN
        where that wasn't run.
    gap : Estimate
        Final log-likelihood, or what takes its place, minus that without noise, at that level.
    test_error : Estimate
        Of a network: test error at the stop minus that without noise, in points.
    traced_sigma : float
        The level of what follows, which has trials of its own.
    coarse, fine : Estimate
        M-steps until the accuracies of `NEAR`, or the losses of `LOSSES`, minus those without noise.
    """

    system: str
    em: Estimate
    sigma: float
    saved: Estimate
    kept: Estimate
    blind: Estimate
    gap: Estimate
    test_error: Estimate
    traced_sigma: float
    coarse: Estimate
    fine: Estimate


def measure(runs: Runs, work: Work) -> list[Case]:
    cases = [_case(name, runs, system) for name, system in SYSTEMS.items()]
    return [*cases, *(_rate(runs, rate) for rate in RATES)]


def _case(name: str, runs: Runs, system: _System) -> Case:
    run = runs[system.config]
    choose, judge = run.halves
    best = run.best(system.settings, trials=choose)

    def other(screen: str) -> Estimate:
        rows = run.where({**system.settings, "noise.screen": screen}, sigma=best.sigma)
        return speedup(run, rows[0], judge) if rows else UNKNOWN

    em = known(run, run.em(best), "mean_iterations")
    gap = known(run, best, "log_likelihood_gap")
    saved, worse = speedup(run, best, judge), _test_error(run, best, run.em(best))
    kept = UNKNOWN if best["noise.screen"] == "assigned" else other("mean-shift")  # the mean of noise that suits all
    sigma, near = math.nan, [UNKNOWN, UNKNOWN]
    if system.traced:
        noisy = [row for row in runs[system.traced].where(system.at) if row.sigma]
        sigma, near = noisy[0].sigma, _accuracies(runs[system.traced], noisy)
    return Case(name, em, best.sigma, saved, kept, other("none"), gap, worse, sigma, *near)


def _accuracies(run: Run, rows: Sequence[Row]) -> list[Estimate]:
    """M-steps of one level until each of the two accuracies, minus those without noise."""
    if run.name == NETWORK:
        return [run.difference(row) for loss in LOSSES.values() for row in rows if row["stop.below"] == loss]
    levels = {row.level.key: row for row in run.rows}  # those without noise are one
    arms = sorted(levels.items(), key=lambda each: each[1].sigma)
    found = {(each.arm, each.epsilon): each for each in of_run("", run, arms)}
    return [found[rows[0].level.key, epsilon].difference for epsilon in NEAR.values()]


def _test_error(run: Run, row: Row, without: Row) -> Estimate:
    tables = [run.trials(each) for each in (row, without)]
    if "test_error" not in (tables[0].dtype.names or ()):
        return UNKNOWN
    return mean_estimate(100 * (tables[0]["test_error"] - tables[1]["test_error"])[run.halves[1]])


def _rate(runs: Runs, rate: float) -> Case:
    """The network without noise at a larger rate, against rate 1 from the same weights."""
    run, losses = runs["network"], runs[NETWORK]
    _, judge = run.halves
    one, row = (run.where({"network.rate": each}, sigma=0.0)[0] for each in (1.0, rate))
    saved = speedup(run, row, judge, than=one)
    near = [UNKNOWN, UNKNOWN]
    if rate in losses.values("network.rate"):
        at = [[losses.where({"network.rate": each, "stop.below": loss}, sigma=0.0)[0] for each in (rate, 1.0)]
              for loss in LOSSES.values()]  # fmt: skip
        near = [losses.difference(fast, slow) for fast, slow in at]
    return Case(
        f"network, rate {rate:g} without noise", known(run, one, "mean_iterations"), 0.0, saved,
        UNKNOWN, UNKNOWN, UNKNOWN, _test_error(run, row, one), math.nan, *near,
    )  # fmt: skip


def figure(runs: Runs, cases: Sequence[Case], price: Prices) -> Figure:
    names = list(dict.fromkeys(system.config for system in SYSTEMS.values()))
    with style():
        drawn = Figure(figsize=(12, 6.4), layout="constrained")
        panels = drawn.subplots(2, 4)
        for axes, name in zip(panels.ravel(), names, strict=True):
            _panel(axes, runs[name])
        for axes in panels[:, 0]:
            axes.set_ylabel("mean M-steps to the stop rule")
        add_legend(drawn, list(panels.ravel()), ncols=5)
    return drawn


def _panel(axes: Axes, run: Run) -> None:
    for number, screen in enumerate(SCREENS):
        rows = [row for row in run.rows if row["noise.screen"] == screen and _plain(row)]
        if any(row.sigma for row in rows):
            x, means = [row.sigma for row in rows], [known(run, row, "mean_iterations") for row in rows]
            counts = [each.value for each in means]
            axes.errorbar(x, counts, error_bars(means), color=look(number).colour, marker=look(number).marker,
                          markersize=4, linewidth=1.2, capsize=2,
                          label="blind" if screen == "none" else screen)  # fmt: skip
            axes.axhline(counts[0], color=BASELINE, linewidth=1, linestyle="--", zorder=1)
    axes.set_title((run.experiment.title or run.name).replace(": ", ":\n"), loc="left", fontsize=9)
    axes.set_xlabel(label("sigma").removeprefix("initial "))


def _plain(row: Row) -> bool:
    """Whether noise enters the M-step alone, and the network's rate is 1."""
    settings = dict(row.settings)
    return bool(settings.get("noise.enters", "m-step") == "m-step" and settings.get("network.rate", 1.0) == 1.0)


STUDY = Study(
    tuple(dict.fromkeys(name for each in SYSTEMS.values() for name in (each.config, each.traced) if name)),
    Case,
    measure,
    figure,
    named="systems",
    title="The paper's further claims: other systems",
)
