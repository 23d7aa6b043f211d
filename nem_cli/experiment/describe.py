"""Numbers and settings as people read them."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from nem_cli.experiment.config import Components, Experiment, TrialSettings


def setting(path: str, value: Any) -> str:
    """One swept setting, short: ``decay 2``, ``start means [-3, 3]``."""
    name = path.removeprefix("noise.").removeprefix("stop.")
    return f"{name.replace('.', ' ').replace('_', ' ')} {shown(value)}"


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


def start(trial: TrialSettings, swept: Collection[str] = ()) -> str:
    """The start rule, or the given values that the sweep doesn't set."""
    if not isinstance(trial.start, Components):
        return f"start: {trial.start}"
    return f"start: {_given(trial.start, 'start', swept)}"


def protocol(experiment: Experiment) -> list[str]:
    """The protocol's essentials, in lines that fit under a figure; what the sweep sets is named, not given a value."""
    noise, stop = experiment.noise, experiment.stop
    swept = sorted({path for grid in experiment.sweep for path in grid if path != "sigma"})
    if any(path.startswith("mixture") for path in swept):
        components = f"{experiment.mixture.family} mixture: {_given(experiment.mixture, 'mixture', swept)}"
    else:
        components = mixture(experiment)
    screen = "blind" if noise.screen == "none" else f"screen {noise.screen}, {noise.on_reject}"
    tol = "" if "stop.tol" in swept else f" < 10^-{stop.tol:g}"
    facts = [
        ("mixture", components),
        ("sample_size", f"{experiment.sample_size:,} samples"),
        ("", f"{experiment.trials:,} trials a level"),
    ]
    rules = [
        ("estimate", f"estimated: {', '.join(experiment.estimate)}"),
        ("start", start(experiment, swept)),
        ("stop.rule", f"stop: {stop.rule}{tol}"),
    ]
    law = [
        ("noise.injection", f"{noise.injection} noise"),
        ("noise.screen", screen),
        ("noise.decay", f"cooling k^-{noise.decay:g}"),
        ("", "M-steps counted, the start isn't"),
    ]
    if swept:
        law.append(("", f"swept: {', '.join(swept)}"))
    return ["; ".join(fact for path, fact in line if path not in swept) for line in (facts, rules, law)]


def _given(components: Components, path: str, swept: Collection[str]) -> str:
    values = {"weights": components.weights, "means": components.means, "variances": components.variances}
    return ", ".join(f"{name} {shown(each)}" for name, each in values.items() if each and f"{path}.{name}" not in swept)
