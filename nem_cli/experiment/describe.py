"""Numbers and settings as people read them."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from nem_cli.experiment.config import Experiment, TrialSettings
from nem_cli.experiment.values import Ranges, Values


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


def system(trial: TrialSettings) -> str:
    """What makes the data, as a formula: ``0.5 N(-2, 4) + 0.5 N(2, 4)``."""
    if trial.network is not None:
        network = trial.network
        units = "-".join(map(str, network.sizes))
        return f"{network.data}, {units} units, {network.loss}, rate {network.rate:g}"
    if trial.data is not None:
        data = trial.data
        unit = "" if data.unit == 1 else f" over {shown(data.unit)}"
        kind = f"{'tied ' if data.tied else ''}{f'{data.covariance} ' if data.covariance else ''}{data.family}"
        return f"{', '.join(data.columns)}{unit} of {data.file}, {data.components} {kind} components"
    values = trial.system.values()
    family = getattr(trial.system, "family", "gaussian")
    letter = {"gaussian": "N", "exponential": "Exp"}.get(family, family)
    spreads = values.get("variances", values.get("covariances"))
    components = []
    for j, mean in enumerate(values["means"]):
        spread = "" if spreads is None else f", {shown(spreads[j])}"
        components.append(f"{letter}({shown(mean)}{spread})")
    if trial.chain is not None:
        law = f"initial {shown(values['initial'])}, transitions {shown(values['transitions'])}"
        return f"hidden chain of {', '.join(components)}; {law}"
    return " + ".join(f"{weight:g} {each}" for weight, each in zip(values["weights"], components, strict=True))


def start(trial: TrialSettings, swept: Collection[str] = ()) -> str:
    """The start rule, or the given values that the sweep doesn't set."""
    if isinstance(trial.start, str):
        return f"start: {trial.start}"
    if isinstance(trial.start, Ranges):
        return f"start: uniform, {', '.join(f'{name} in {shown(ends)}' for name, ends in trial.start.values().items())}"
    return f"start: {_given(trial.start, 'start', swept)}"


def protocol(experiment: Experiment) -> list[str]:
    """The protocol's essentials, in lines that fit under a figure; what the sweep sets is named, not given a value."""
    noise, stop = experiment.noise, experiment.stop
    swept = sorted(experiment.swept)
    kind = experiment.system.kind
    if any(path.startswith(kind) for path in swept):
        family = getattr(experiment.system, "family", "")
        components = f"{family} {kind}: {_given(experiment.system, kind, swept)}".strip()
    else:
        components = system(experiment)
    screen = "blind" if noise.screen == "none" else f"screen {noise.screen}, {noise.on_reject}"
    tol = "" if "stop.tol" in swept or stop.tol is None else f" < 10^-{stop.tol:g}"
    below = "" if stop.below is None else f" < {stop.below:g}"
    facts = [
        (kind, components),
        ("sample_size", f"{experiment.sample_size:,} samples"),
        ("", f"{experiment.trials:,} trials a level"),
    ]
    rules = [
        ("estimate", f"estimated: {', '.join(experiment.estimate)}"),
        ("start", start(experiment, swept)),
        ("stop.rule", f"stop: {stop.rule}{tol}{below}"),
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


def _given(values: Values, path: str, swept: Collection[str]) -> str:
    own = ((name, each) for name, each in values.values().items() if f"{path}.{name}" not in swept)
    return ", ".join(f"{name} {shown(each)}" for name, each in own)
