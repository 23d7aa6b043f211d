"""Is a smaller count also a better fit?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from nem_cli.drawing.frame import add_caption, add_legend
from nem_cli.drawing.style import BASELINE, EM_LOOK, look, style
from nem_cli.em.arrays import FloatArray
from nem_cli.experiment import describe as text
from nem_cli.paper.accuracy import Gap, gap
from nem_cli.paper.studies.study import Finished, Study, where
from nem_cli.paper.studies.words import interval, number
from nem_cli.statistics.summary import Row, endings

NEVER = "never"


@dataclass(frozen=True)
class Course:
    """How one algorithm comes nearer to the maximum-likelihood fit.

    Parameters
    ----------
    name : str
    fixed : tuple of Gap
        After fixed numbers of M-steps, from few to many.
    own : Gap
        At the trials' own stops.
    """

    name: str
    fixed: tuple[Gap, ...]
    own: Gap


class Accuracy(Study):
    """EM and NEM past their stop rules, against the maximum-likelihood fit of the same data."""

    name = "accuracy"
    alt = "Mean gap in log-likelihood and in parameters to the maximum-likelihood fit, against M-steps."

    def figure(self, run: Finished) -> Figure:
        found = courses(run)
        with style():
            figure = Figure(figsize=(10, 5.4), layout="constrained")
            left, right = figure.subplots(1, 2)
            _draw(left, found, "log_likelihood", "mean log-likelihood below the ML fit's")
            _draw(right, found, "distance", "mean distance of the parameters to the ML fit's")
            add_legend(figure, [left], ncols=4, title=run.experiment.title or self.name)
            add_caption(figure, self._caption(run))
        return figure

    def answer(self, run: Finished) -> tuple[str, ...]:
        em, *others = courses(run)
        first = [f"At its own stop, after {number(em.own.m_steps.value)} M-steps, EM is {_off(em.own)}."]
        first += [
            f"NEM with {course.name} stops after {number(course.own.m_steps.value)} and is {_off(course.own)}; "
            f"{_comparison(em, course)}"
            for course in others
        ]
        return (" ".join(first), " ".join(_crossing(em, course) for course in others))

    def _caption(self, run: Finished) -> str:
        experiment = run.experiment
        fit = dict(_tightest(run).settings)
        confidence = f"{100 * experiment.bootstrap.confidence:g} %"
        lines = [
            *text.protocol(experiment)[:2],
            f"the trials' own stops: {experiment.stop.rule} < 10^-{experiment.stop.tol:g}",
            f"ML fit: EM run on, {fit['stop.rule']} < 10^-{fit['stop.tol']:g}; distance: Euclidean norm over the "
            f"estimated parameters; bars: {confidence} intervals",
            endings(run.summary),
        ]
        return "\n".join(lines)


def courses(run: Finished) -> list[Course]:
    """EM first, then the noise of each mode."""
    rows = [row for row in run.summary if dict(row.settings)["stop.rule"] != NEVER]
    tight = _tightest(run)
    fit = run.trials(tight)
    own = [row for row in rows if row is not tight and row.others != tight.others]
    names = {_name(row): row for row in own}
    return [_measured(run, name, fit, row) for name, row in names.items()]


def _tightest(run: Finished) -> Row:
    """EM with the tightest tolerance: the maximum-likelihood fit."""
    rows = [row for row in run.summary if dict(row.settings)["stop.rule"] != NEVER and row.sigma == 0]
    return max(rows, key=lambda row: float(dict(row.settings)["stop.tol"]))


def _measured(run: Finished, name: str, fit: NDArray[np.void], own: Row) -> Course:
    mode = dict(own.settings)["noise.injection"]
    fixed = where(run.summary, {"stop.rule": NEVER, "sigma": own.sigma, "noise.injection": mode})
    fixed.sort(key=lambda row: int(dict(row.settings)["stop.max_iterations"]))
    gaps = [gap(run.trials(row), fit, run.experiment.estimate) for row in [*fixed, own]]
    return Course(name, tuple(gaps[:-1]), gaps[-1])


def _name(row: Row) -> str:
    mode = dict(row.settings)["noise.injection"]
    return f"{mode} noise of {row.sigma:g}" if row.sigma else "EM"


def _draw(axes: Axes, found: Sequence[Course], which: str, label: str) -> None:
    axes.set_yscale("log", nonpositive="clip")
    for index, course in enumerate(found):
        drawn = look(index - 1) if index else EM_LOOK
        colour, marker = drawn.colour, drawn.marker
        steps = [each.m_steps.value for each in course.fixed]
        points = [getattr(each, which) for each in course.fixed]
        value = _positive([point.value for point in points])
        ends = np.array([[point.value - point.low, point.high - point.value] for point in points]).T
        ends[0] = np.minimum(ends[0], 0.999 * value)  # a logarithmic axis has no 0
        axes.errorbar(steps, value, ends, color=colour, marker=marker, linestyle=drawn.line, markersize=4,
                      linewidth=1.3, capsize=2, elinewidth=1, label=course.name)  # fmt: skip
        own = _positive([getattr(course.own, which).value])
        axes.plot(course.own.m_steps.value, own, linestyle="none", marker=marker, markersize=12, color=colour,
                  markerfacecolor="none", markeredgewidth=1.8)  # fmt: skip
    axes.plot([], [], linestyle="none", marker="o", markersize=10, color=BASELINE, markerfacecolor="none",
              markeredgewidth=1.8, label="mean at the trials' own stops")  # fmt: skip
    axes.yaxis.set_major_locator(LogLocator(numticks=12))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    axes.set_xlabel("M-steps done")
    axes.set_ylabel(label)


def _positive(values: Sequence[float]) -> FloatArray:
    """NaN for what a logarithmic axis doesn't have, so that it isn't drawn."""
    numbers = np.array(values)
    return np.where(numbers > 0, numbers, np.nan)


def _off(own: Gap) -> str:
    return (
        f"{interval(own.distance, 3)} from the maximum-likelihood fit in its parameters and "
        f"{interval(own.log_likelihood, 4)} below it in log-likelihood"
    )


def _comparison(em: Course, course: Course) -> str:
    if course.own.distance.low > em.own.distance.high:
        times = course.own.distance.value / em.own.distance.value if em.own.distance.value > 0 else np.inf
        return f"that is {number(times)} times as far: its smaller count isn't the same accuracy in fewer M-steps."
    if course.own.distance.high < em.own.distance.low:
        return "that is nearer than EM at its stop."
    return "that isn't shown to differ from EM's."


def _crossing(em: Course, course: Course) -> str:
    """M-steps that EM needs to be as near as the course at its own stop, and who is nearer after equally many."""
    as_near = [each.m_steps.value for each in em.fixed if each.distance.value <= course.own.distance.value]
    stop = course.own.m_steps.value
    if as_near:
        sentence = (
            f"EM is as near to the fit as {course.name} at its stop after {as_near[0]:g} M-steps, against {stop:.1f}."
        )
    else:
        sentence = f"EM doesn't come as near to the fit as {course.name} at its stop within the M-steps shown."
    nearer = [
        int(theirs.m_steps.value)
        for ours, theirs in zip(em.fixed, course.fixed, strict=True)
        if theirs.distance.value < ours.distance.value
    ]
    every = [int(each.m_steps.value) for each in course.fixed]
    if not nearer:
        return f"{sentence} After equally many M-steps EM is always the nearer."
    if nearer == every:
        return f"{sentence} After equally many M-steps the noise is always the nearer."
    if nearer == every[: len(nearer)]:
        return (
            f"{sentence} After equally many M-steps the noise is nearer up to M-step {nearer[-1]}, EM from M-step "
            f"{every[len(nearer)]} on: the noise gains at the start and is in the way at the end."
        )
    return f"{sentence} After equally many M-steps the noise is nearer at {len(nearer)} of {len(every)} counts."
