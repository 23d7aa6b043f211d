"""Swept settings as axes: what an axis is called, and where a value lies on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from nem_cli.experiment import describe
from nem_cli.statistics.summary import Row

_SIGMA = r"initial noise standard deviation $\sigma_N$"
_UNITS = {"additive": "data units", "multiplicative": "dimensionless"}
_LABELS = {
    "sample_size": "sample size",
    "stop.tol": r"tolerance of the stop rule, tol (stops below $10^{-\mathrm{tol}}$)",
    "stop.max_iterations": "M-steps done",
    "noise.decay": r"decay $\tau$ (noise scale $\sigma_N k^{-\tau}$)",
    "start.variances": r"start variance (data units$^2$)",
    "start.means": "distance of the start means (data units)",
    "mixture.means": "distance of the means (data units)",
    "mixture.variances": r"variance (data units$^2$)",
}
VALUES = {
    "mean_iterations": "mean M-steps to the stop rule",
    "speedup_percent": "fewer M-steps than EM (%)",
    "log_likelihood_gap": "final log-likelihood minus EM's",
}
"""What the columns of a summary that a figure may show are called."""


def label(path: str, injection: str | None = None) -> str:
    """An axis label with its unit.

    Parameters
    ----------
    path : str
        The swept setting.
    injection : str, optional
        The one mode of noise on the axis; sigma's unit depends on it.
    """
    if path == "sigma":
        unit = _UNITS.get(injection or "")
        return f"{_SIGMA} ({unit})" if unit else _SIGMA
    return _LABELS.get(path, path.split(".")[-1].replace("_", " "))


def coordinate(path: str, value: Any) -> float | None:
    """Where a value lies on its axis; None where it isn't a number.

    Means stand at their distance, other lists, and lists of these, at the value that all of their elements share.
    """
    if not isinstance(value, list | tuple):
        return float(value) if _is_number(value) else None
    if path.endswith("means"):
        return float(max(value) - min(value)) if value and all(map(_is_number, value)) else None
    shared = {coordinate("", item) for item in value}
    return shared.pop() if len(shared) == 1 else None


def positions(path: str, values: Sequence[Any]) -> tuple[list[float], bool]:
    """Where values lie, and whether these are numbers; else they stand at 0, 1, 2, ..."""
    shown = [describe.shown(value) for value in values]
    numbers = [at for value in values if (at := coordinate(path, value)) is not None]
    if len(numbers) == len(values) and len(set(numbers)) == len(set(shown)):
        return numbers, True
    order = list(dict.fromkeys(shown))
    return [float(order.index(each)) for each in shown], False


def tick(path: str, value: Any) -> str:
    """A value as it stands at an axis."""
    at = coordinate(path, value)
    return describe.shown(value) if at is None else f"{at:g}"


def only_mode(rows: Iterable[Row]) -> str | None:
    """The mode of noise that all of some levels have; None where there are several."""
    modes = {row.level.trial.noise.injection for row in rows}
    return modes.pop() if len(modes) == 1 else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
