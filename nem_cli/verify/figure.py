"""The figure of a verification: (10) and (12) against the M-step."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from nem_cli.drawing.frame import add_caption, add_title
from nem_cli.drawing.style import BASELINE, COLOURS, MARKERS, style
from nem_cli.experiment import describe
from nem_cli.statistics.estimate import Estimate
from nem_cli.verify.verify import Verification

LINEAR = 0.01
"""The vertical axis is linear up to this many nats, logarithmic beyond."""


def verify_figure(verification: Verification) -> Figure:
    """The expectation in (10), and the difference of the sides of (12) with Y from the current estimate."""
    experiment = verification.experiment
    with style():
        figure = Figure(figsize=(9.0, 4.6), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        for number, screen in enumerate(verification.screens):
            rows = verification.of(screen)
            steps = [row.k for row in rows]
            label = f"{'blind' if screen == 'none' else screen} noise"
            _draw(left, steps, [row.condition for row in rows], number, label)
            _draw(right, steps, [row.at_estimate.difference for row in rows], number, label)
        left.set_title(r"(10), Y from $\theta^*$" + "\n" + r"(there the sides of (12) differ by the same)", fontsize=10)
        right.set_title(r"left minus right side of (12)," + "\n" + r"Y from $\theta_{k-1}$", fontsize=10)
        left.set_ylabel("nats a sample; at or above 0 it holds")
        for axes in (left, right):
            axes.axhline(0, color=BASELINE, linewidth=1, linestyle="--", zorder=1)
            axes.set_yscale("symlog", linthresh=LINEAR)
            axes.margins(y=0.1)
            axes.set_xlabel("M-step $k$, from EM's estimate $\\theta_{k-1}$")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        left.legend(loc="best")
        noise = experiment.noise
        add_title(figure, f"The NEM condition along EM's path: {experiment.name}")
        caption = [
            f"{describe.system(experiment)}; {describe.start(experiment)}; {noise.injection} noise, sigma "
            f"{verification.sigma:g}, cooling k^-{noise.decay:g}",
            f"{verification.samples:,} samples; Monte-Carlo 95 % intervals, mostly smaller than the marks",
        ]
        add_caption(figure, "\n".join(caption))
    return figure


def _draw(axes: Axes, steps: Sequence[int], estimates: Sequence[Estimate], number: int, label: str) -> None:
    axes.errorbar(
        steps, [each.value for each in estimates], [each.high - each.value for each in estimates],
        color=COLOURS[number], marker=MARKERS[number], markersize=4, linewidth=1.2, capsize=2, elinewidth=1,
        label=label,
    )  # fmt: skip
