"""Every setting of a protocol, and whether the paper states it or it was chosen here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nem_cli.experiment import describe
from nem_cli.experiment.config import Experiment
from nem_cli.statistics import published as paper

CHOSEN = "chosen"
STATED = "stated"
DEPARTS = "chosen, departs"


@dataclass(frozen=True)
class Setting:
    """A row of the table.

    Parameters
    ----------
    name : str
    values : tuple of str
        One a protocol.
    stated, place : str
        What the paper says of it, and where; empty where it says nothing.
    """

    name: str
    values: tuple[str, ...]
    stated: str
    place: str

    @property
    def origins(self) -> list[str]:
        """`STATED`, `CHOSEN` or `DEPARTS`, one a protocol."""
        return [CHOSEN if not self.stated else STATED if value == self.stated else DEPARTS for value in self.values]

    @property
    def alike(self) -> bool:
        """Whether all protocols have the same value."""
        return len(set(self.values)) == 1


def protocol_table(protocols: Sequence[Sequence[Experiment]]) -> list[Setting]:
    """Compare protocols with what the paper states.

    Parameters
    ----------
    protocols : sequence of sequence of Experiment
        A protocol's runs; where they differ, the table says what each has.
    """
    return [
        Setting(name, tuple("; ".join(dict.fromkeys(map(read, each))) for each in protocols), stated, place)
        for name, read, stated, place in _QUESTIONS
    ]


def _start(experiment: Experiment) -> str:
    if not isinstance(experiment.start, str):
        return describe.start(experiment).removeprefix("start: ")
    return {
        "moments": "the sample's moments",
        "random-points": "random-points",
        "truth": "the truth",
    }.get(experiment.start, experiment.start)


def _stop(experiment: Experiment) -> str:
    if experiment.stop.rule == "log-likelihood":
        return "the change of the log-likelihood is below 10^-tol"
    return _NORM_RULE if experiment.stop.rule in _NORMS else experiment.stop.rule


def _norm(experiment: Experiment) -> str:
    return _NORMS.get(experiment.stop.rule, "none")


def _condition(experiment: Experiment) -> str:
    return {
        "every-component": "for every component, equations (23) and (25)",
        "posterior-average": "averaged over the posterior",
        "none": "none (blind)",
    }.get(experiment.noise.screen, experiment.noise.screen)


def _rejected(experiment: Experiment) -> str:
    return {"redraw": "drawn again (conditioned law)", "drop": "no noise"}[experiment.noise.on_reject]


def _grid(experiment: Experiment) -> str:
    levels = sorted({sigma for grid in experiment.sweep for sigma in grid.get("sigma", ())} | {0.0})
    return f"{experiment.noise.injection}: {len(levels)} levels, {levels[0]:g} to {levels[-1]:g}"


def _bootstrap(experiment: Experiment) -> str:
    chosen = experiment.bootstrap
    return f"percentile bootstrap, {chosen.resamples:,} resamples, {100 * chosen.confidence:g} %"


_NORM_RULE = "a norm of the change of the estimates is below 10^-tol"
_NORMS = {
    "euclidean": "Euclidean, over what is estimated (the first K - 1 weights)",
    "max-change": "largest change of what is estimated (standard deviations)",
}

_QUESTIONS: tuple[tuple[str, Callable[[Experiment], str], str, str], ...] = (
    ("Mixture", describe.system, "0.5 N(-2, 4) + 0.5 N(2, 4)", "page 2"),
    ("Estimated", lambda e: ", ".join(e.estimate), ", ".join(paper.ESTIMATED), "page 2"),
    ("E-step", lambda e: "on the data without noise", "on the data without noise", "page 5"),
    ("Noise condition", _condition, "for every component, equations (23) and (25)", "section III"),
    ("Cooling", lambda e: f"k^-{e.noise.decay:g}", f"k^-{paper.DECAY.written}", paper.DECAY.place),
    ("Mean of multiplicative noise", lambda e: "1", "1", "Figure 1, caption"),
    ("Stop rule", _stop, _NORM_RULE, "Algorithm 1"),
    ("Norm", _norm, "", ""),
    ("tol", lambda e: f"{e.stop.tol:g}", "", ""),
    ("Cap on M-steps", lambda e: f"{e.stop.max_iterations:,}", "", ""),
    ("Sample size", lambda e: f"{e.sample_size:,}", "", ""),
    ("Start", _start, "", ""),
    ("Noise law", lambda e: "normal", "", ""),
    ("Mean of additive noise", lambda e: "0", "", ""),
    ("A draw that fails the condition", _rejected, "", ""),
    ("Means in the condition", lambda e: "the current estimates", "", ""),
    ("Noise levels", _grid, "", ""),
    ("Trials a level", lambda e: f"{e.trials:,}", "", ""),
    ("Data", lambda e: "the same for every level and both modes", "", ""),
    ("A count", lambda e: "M-steps until the rule holds, start not counted", "", ""),
    ("Intervals", _bootstrap, "", ""),
    ("Seed", lambda e: str(e.seed), "", ""),
)
