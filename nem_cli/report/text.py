"""Numbers and settings as people read them."""

from __future__ import annotations

import json
from typing import Any

from nem_cli.analysis.summary import LevelSummary
from nem_cli.experiment.config import Components, Experiment, TrialSettings


def setting(path: str, value: Any) -> str:
    """One swept setting, short: ``decay 2``."""
    return f"{path.split('.')[-1].replace('_', ' ')} {shown(value)}"


def shown(value: Any) -> str:
    """A setting's value as in a config, on one line."""
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(shown(item) for item in value) + "]"
    if isinstance(value, str):
        return value
    return json.dumps(value)


def curve_name(others: tuple[tuple[str, Any], ...]) -> str:
    """What tells one curve from the others."""
    return ", ".join(setting(path, value) for path, value in others)


def mixture(trial: TrialSettings) -> str:
    """The mixture as a formula: ``0.5 N(-2, 4) + 0.5 N(2, 4)``."""
    given = trial.mixture
    letter = {"gaussian": "N", "exponential": "Exp"}.get(given.family, given.family)
    parts = []
    for j, weight in enumerate(given.weights):
        inner = f"{given.means[j]:g}" + (f", {given.variances[j]:g}" if given.variances else "")
        parts.append(f"{weight:g} {letter}({inner})")
    return " + ".join(parts)


def start(trial: TrialSettings) -> str:
    """The start rule, or the given values."""
    if not isinstance(trial.start, Components):
        return f"start: {trial.start}"
    given = trial.start
    text = f"start: weights {shown(given.weights)}, means {shown(given.means)}"
    return text + (f", variances {shown(given.variances)}" if given.variances else "")


def protocol(experiment: Experiment) -> list[str]:
    """The protocol's essentials, in lines that fit under a figure."""
    noise, stop = experiment.noise, experiment.stop
    swept = {path for grid in experiment.sweep for path in grid}
    facts = [
        f"{mixture(experiment)}",
        f"{experiment.sample_size} samples",
        f"{experiment.trials:,} trials a level",
    ]
    rules = [
        f"estimated: {', '.join(experiment.estimate)}",
        start(experiment),
        f"stop: {stop.rule} < 10^-{stop.tol:g}",
    ]
    law = [
        f"{noise.injection} noise",
        "blind" if noise.screen == "none" else f"screen {noise.screen}, {noise.on_reject}",
        f"cooling k^-{noise.decay:g}",
        "M-steps counted, the start isn't",
    ]
    swept_text = [f"swept: {', '.join(sorted(path for path in swept if path != 'sigma'))}"] if swept > {"sigma"} else []
    return ["; ".join(facts), "; ".join(rules), "; ".join(law + swept_text)]


def endings(summary: list[LevelSummary]) -> str:
    """How the trials ended, counted; nothing is dropped."""
    trials = sum(row.trials for row in summary)
    capped = sum(row.max_iterations for row in summary)
    degenerate = sum(row.degenerate for row in summary)
    if not capped and not degenerate:
        return f"all {trials:,} trials converged"
    return f"of {trials:,} trials {capped:,} reached the cap and {degenerate:,} degenerated; all are counted"
