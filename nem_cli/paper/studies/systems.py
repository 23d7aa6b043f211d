"""The other systems that the paper names: mixtures in the plane, hidden Markov chains, k-means, a neural network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nem_cli.drawing.axis import label
from nem_cli.drawing.frame import add_legend
from nem_cli.drawing.style import BASELINE, look, style
from nem_cli.paper.studies.study import UNKNOWN, Collect, Prices, Runs, Study, of_means, speedup
from nem_cli.statistics.estimate import Estimate, mean_estimate
from nem_cli.statistics.run import Run
from nem_cli.statistics.summary import Row

CASES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "mixture in the plane, additive": ("planar-anem", {"noise.screen": "every-coordinate"}),
    "mixture in the plane, multiplicative": ("planar-mnem", {"noise.screen": "every-coordinate"}),
    "hidden Markov chain, additive": ("chain-anem", {"noise.screen": "every-component"}),
    "hidden Markov chain, multiplicative": ("chain-mnem", {"noise.screen": "every-component"}),
    "k-means, all centroids": ("clusters", {"noise.screen": "every-coordinate", "noise.enters": "m-step"}),
    "k-means, assigned centroid": ("clusters", {"noise.screen": "assigned", "noise.enters": "m-step"}),
    "k-means, noise in the assignment too": (
        "clusters",
        {"noise.screen": "every-coordinate", "noise.enters": "e-step"},
    ),
    "neural network": ("network", {"noise.screen": "every-component", "network.rate": 1.0}),
}
"""Each case's config, and the swept settings that it is."""
RATES = (1.25, 1.5)
"""Larger rates of the network, without noise."""
SCREENS = ("every-component", "every-coordinate", "assigned", "mean-shift", "none")


@dataclass(frozen=True)
class Case:
    """One system and kind of noise.

    Parameters
    ----------
    system : str
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
    """

    system: str
    em: Estimate
    sigma: float
    saved: Estimate
    kept: Estimate
    blind: Estimate
    gap: Estimate
    test_error: Estimate


def measure(runs: Runs, collect: Collect) -> list[Case]:
    cases = [_case(name, runs[config], settings) for name, (config, settings) in CASES.items()]
    return [*cases, *_rates(runs["network"])]


def _case(name: str, run: Run, settings: Mapping[str, Any]) -> Case:
    choose, judge = run.halves
    best = run.best(settings, trials=choose)

    def other(screen: str) -> Estimate:
        rows = run.where({**settings, "noise.screen": screen}, sigma=best.sigma)
        return speedup(run, rows[0], judge) if rows else UNKNOWN

    em = run.estimate(run.em(best), "mean_iterations") or UNKNOWN
    gap = run.estimate(best, "log_likelihood_gap") or UNKNOWN
    saved, worse = speedup(run, best, judge), _test_error(run, best, run.em(best))
    return Case(name, em, best.sigma, saved, other("mean-shift"), other("none"), gap, worse)


def _test_error(run: Run, row: Row, without: Row) -> Estimate:
    tables = [run.trials(each) for each in (row, without)]
    if "test_error" not in (tables[0].dtype.names or ()):
        return UNKNOWN
    return mean_estimate(100 * (tables[0]["test_error"] - tables[1]["test_error"])[run.halves[1]])


def _rates(run: Run) -> Iterator[Case]:
    """The network without noise at larger rates, against rate 1 from the same weights."""
    _, judge = run.halves
    (one, *_) = run.where({"network.rate": 1.0, "sigma": 0.0})
    for rate in RATES:
        (row,) = run.where({"network.rate": rate})
        counts = [run.counts(each)[judge] for each in (one, row)]
        saved = of_means(counts, lambda means: 100 * (1 - means[1] / means[0]), run.experiment.seed)
        em = run.estimate(one, "mean_iterations") or UNKNOWN
        worse = _test_error(run, row, one)
        yield Case(f"neural network, rate {rate:g} without noise", em, 0.0, saved, UNKNOWN, UNKNOWN, UNKNOWN, worse)


def figure(runs: Runs, cases: Sequence[Case], price: Prices) -> Figure:
    names = list(dict.fromkeys(config for config, _ in CASES.values()))
    with style():
        drawn = Figure(figsize=(10, 6.4), layout="constrained")
        panels = drawn.subplots(2, 3).ravel()
        for axes, name in zip(panels, names, strict=True):
            _panel(axes, runs[name])
        panels[0].set_ylabel("mean M-steps to the stop rule")
        add_legend(drawn, list(panels), ncols=5)
    return drawn


def _panel(axes: Axes, run: Run) -> None:
    for number, screen in enumerate(SCREENS):
        rows = [row for row in run.rows if row["noise.screen"] == screen and _plain(row)]
        if any(row.sigma for row in rows):
            x, means = [row.sigma for row in rows], [row.mean_iterations for row in rows]
            ends = [
                [row.mean_iterations - row.ci_low for row in rows],
                [row.ci_high - row.mean_iterations for row in rows],
            ]
            axes.errorbar(x, means, ends, color=look(number).colour, marker=look(number).marker, markersize=4,
                          linewidth=1.2, capsize=2, label="blind" if screen == "none" else screen)  # fmt: skip
            axes.axhline(means[0], color=BASELINE, linewidth=1, linestyle="--", zorder=1)
    axes.set_title(run.experiment.title or run.name, loc="left", fontsize=9.5)
    axes.set_xlabel(label("sigma"))


def _plain(row: Row) -> bool:
    """Whether noise enters the M-step alone, and the network's rate is 1."""
    settings = dict(row.settings)
    return bool(settings.get("noise.enters", "m-step") == "m-step" and settings.get("network.rate", 1.0) == 1.0)


STUDY = Study(
    tuple(dict.fromkeys(config for config, _ in CASES.values())),
    Case,
    measure,
    figure,
    named="systems",
    title="The paper's further claims: other systems",
)
