"""Every setting of a protocol, and whether the paper states it or it was chosen here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nem_cli.experiment.config import Components, Experiment
from nem_cli.report import paper, text

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


def protocol_table(experiments: Sequence[Experiment]) -> list[Setting]:
    """Compare protocols with what the paper states.

    Parameters
    ----------
    experiments : sequence of Experiment
        One a protocol; the noise injection is left out, as both of a protocol's runs share the rest.
    """
    return [_setting(question, experiments) for question in _QUESTIONS]


def _setting(question: _Question, experiments: Sequence[Experiment]) -> Setting:
    cells = []
    for experiment in experiments:
        value = question.read(experiment)
        origin = CHOSEN if not question.stated else STATED if value == question.stated else DEPARTS
        cells.append(Cell(value, origin))
    return Setting(question.name, f"{question.stated} ({question.place})" if question.stated else "", tuple(cells))


def _mixture(experiment: Experiment) -> str:
    return text.mixture(experiment)


def _start(experiment: Experiment) -> str:
    if isinstance(experiment.start, Components):
        return text.start(experiment).removeprefix("start: ")
    return {
        "moments": "from the sample's mean and standard deviation (moments)",
        "random-points": "random samples as means (random-points)",
        "truth": "the true parameters (truth)",
    }.get(experiment.start, experiment.start)


def _stop(experiment: Experiment) -> str:
    distance = {
        "euclidean": "Euclidean norm of the change in weights, means and variances",
        "max-change": "largest change of a weight, mean or standard deviation",
        "log-likelihood": "change of the log-likelihood",
    }.get(experiment.stop.rule, experiment.stop.rule)
    return f"{distance} below 10^-{experiment.stop.tol:g}"


def _condition(experiment: Experiment) -> str:
    return {
        "every-component": "for every component, equations (23) and (25)",
        "posterior-average": "averaged over the posterior",
        "none": "none (blind)",
    }.get(experiment.noise.screen, experiment.noise.screen)


def _rejected(experiment: Experiment) -> str:
    return {"redraw": "drawn again (conditioned law)", "drop": "no noise"}[experiment.noise.on_reject]


_QUESTIONS = (
    _Question("Mixture", _mixture, "0.5 N(-2, 4) + 0.5 N(2, 4)", "page 2"),
    _Question("Estimated", lambda e: ", ".join(e.estimate), ", ".join(paper.ESTIMATED), "page 2"),
    _Question("Noise condition", _condition, "for every component, equations (23) and (25)", "section III"),
    _Question("Cooling", lambda e: f"k^-{e.noise.decay:g}", f"k^-{paper.DECAY.written}", paper.DECAY.place),
    _Question("Sample size", lambda e: f"{e.sample_size:,}"),
    _Question("Trials a level", lambda e: f"{e.trials:,}"),
    _Question("Start", _start),
    _Question("Stop rule, norm and tol", _stop),
    _Question("Cap on M-steps", lambda e: f"{e.stop.max_iterations:,}"),
    _Question("Noise levels", lambda e: _grid(e)),
    _Question("Noise law", lambda e: "normal; mean 0 (additive) or 1 (multiplicative)"),
    _Question("A draw that fails the condition", _rejected),
    _Question("Means in the condition", lambda e: "the current estimates"),
    _Question("A count", lambda e: "M-steps until the rule holds, start not counted"),
    _Question(
        "Intervals",
        lambda e: f"percentile bootstrap, {e.bootstrap.resamples:,} resamples, {100 * e.bootstrap.confidence:g} %",
    ),
    _Question("Seed", lambda e: str(e.seed)),
)


def _grid(experiment: Experiment) -> str:
    levels = sorted({sigma for grid in experiment.sweep for sigma in grid.get("sigma", ())} | {0.0})
    return f"{len(levels)} levels, {levels[0]:g} to {levels[-1]:g}"
