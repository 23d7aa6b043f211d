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
class Cell:
    """A setting under one protocol: its value and `STATED`, `CHOSEN` or `DEPARTS`."""

    value: str
    origin: str


@dataclass(frozen=True)
class Setting:
    """A row of the table.

    Parameters
    ----------
    name : str
    paper : str
        What the paper says of it; empty where it says nothing.
    cells : tuple of Cell
        One a protocol.
    """

    name: str
    paper: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class _Question:
    """A setting, how it reads in an experiment, and what the paper would have there."""

    name: str
    read: Callable[[Experiment], str]
    stated: str = ""
    place: str = ""


def protocol_table(protocols: Sequence[Sequence[Experiment]]) -> list[Setting]:
    """Compare protocols with what the paper states.

    Parameters
    ----------
    protocols : sequence of sequence of Experiment
        A protocol's runs; where they differ, the table says what each has.
    """
    return [_setting(question, protocols) for question in _QUESTIONS]


def _setting(question: _Question, protocols: Sequence[Sequence[Experiment]]) -> Setting:
    cells = []
    for experiments in protocols:
        value = "; ".join(dict.fromkeys(question.read(experiment) for experiment in experiments))
        origin = CHOSEN if not question.stated else STATED if value == question.stated else DEPARTS
        cells.append(Cell(value, origin))
    return Setting(question.name, f"{question.stated} ({question.place})" if question.stated else "", tuple(cells))


def _start(experiment: Experiment) -> str:
    if not isinstance(experiment.start, str):
        return describe.start(experiment).removeprefix("start: ")
    return {
        "moments": "from the sample's mean and standard deviation (moments)",
        "random-points": "random samples as means (random-points)",
        "truth": "the true parameters (truth)",
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
    "euclidean": "Euclidean, over the first K - 1 weights, the means and the variances, as far as estimated",
    "max-change": "largest change of a weight, a mean or a standard deviation, as far as estimated",
}

_QUESTIONS = (
    _Question("Mixture", describe.system, "0.5 N(-2, 4) + 0.5 N(2, 4)", "page 2"),
    _Question("Estimated", lambda e: ", ".join(e.estimate), ", ".join(paper.ESTIMATED), "page 2"),
    _Question("E-step", lambda e: "on the data without noise", "on the data without noise", "page 5"),
    _Question("Noise condition", _condition, "for every component, equations (23) and (25)", "section III"),
    _Question("Cooling", lambda e: f"k^-{e.noise.decay:g}", f"k^-{paper.DECAY.written}", paper.DECAY.place),
    _Question("Mean of multiplicative noise", lambda e: "1", "1", "Figure 1, caption"),
    _Question("Stop rule", _stop, _NORM_RULE, "Algorithm 1"),
    _Question("Norm", _norm),
    _Question("tol", lambda e: f"{e.stop.tol:g}"),
    _Question("Cap on M-steps", lambda e: f"{e.stop.max_iterations:,}"),
    _Question("Sample size", lambda e: f"{e.sample_size:,}"),
    _Question("Start", _start),
    _Question("Noise law", lambda e: "normal"),
    _Question("Mean of additive noise", lambda e: "0"),
    _Question("A draw that fails the condition", _rejected),
    _Question("Means in the condition", lambda e: "the current estimates"),
    _Question("Noise levels", _grid),
    _Question("Trials a level", lambda e: f"{e.trials:,}"),
    _Question("Data", lambda e: "the same for every level and both modes"),
    _Question("A count", lambda e: "M-steps until the rule holds, start not counted"),
    _Question("Intervals", _bootstrap),
    _Question("Seed", lambda e: str(e.seed)),
)
