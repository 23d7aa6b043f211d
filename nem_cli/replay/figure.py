"""The figure of a replay: a trial's iterates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from nem_cli.drawing.frame import add_caption, add_title
from nem_cli.drawing.style import BASELINE, COLOURS, MARKERS, style
from nem_cli.experiment import describe
from nem_cli.replay.replay import Replay


def replay_figure(replayed: Replay) -> Figure:
    """Log-likelihood, the share of samples that got noise, means and variances, against the M-step."""
    experiment, level, iterates = replayed.experiment, replayed.level, replayed.iterates
    truth = level.trial.system.truth()
    k = [row.k for row in iterates]
    with style():
        figure = Figure(figsize=(8.0, 5.4), layout="constrained")
        (likelihood, means), (share, variances) = figure.subplots(2, 2, sharex=True)
        _curve(likelihood, k, [row.log_likelihood for row in iterates])
        likelihood.set_ylabel("log-likelihood of the data")
        for axes, name in ((means, "means"), (variances, "variances")):
            made = truth.arrays.get(name)
            for j, values in enumerate([] if made is None else made[0].ravel()):
                path = [float(np.ravel(row.parameters[name])[j]) for row in iterates]
                _curve(axes, k, path, j, f"component {j + 1}")
                axes.axhline(values, color=COLOURS[j % len(COLOURS)], linewidth=0.9, linestyle=":")
        means.set_ylabel("means")
        means.legend(loc="best", fontsize=8)
        variances.set_ylabel("variances")
        _curve(share, k[1:], [100 * (row.injected or 0) for row in iterates[1:]])
        share.set_ylabel("samples with noise, %")
        share.set_ylim(bottom=0)
        for axes in (share, variances):
            axes.set_xlabel("M-steps done")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        settings = describe.curve_name(level.settings)
        add_title(figure, f"{experiment.name}: trial {replayed.trial} at {settings}")
        noise = level.trial.noise
        caption = (
            f"{describe.system(level.trial)}; {level.trial.sample_size:,} samples; {noise.injection} noise, screen "
            f"{noise.screen}, cooling k^-{noise.decay:g}\ndotted: what made the data"
        )
        add_caption(figure, caption)
    return figure


def _curve(
    axes: Axes, k: Sequence[int], values: Sequence[float], component: int | None = None, label: str | None = None
) -> None:
    marker = MARKERS[(component or 0) % len(MARKERS)] if len(k) <= 50 else ""
    colour = BASELINE if component is None else COLOURS[component % len(COLOURS)]
    axes.plot(k, values, color=colour, marker=marker, markersize=3.5, linewidth=1.2, label=label)
