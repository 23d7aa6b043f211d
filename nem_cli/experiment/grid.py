"""The sweep: what is written in a config, and the values that it means."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from nem_cli.experiment.registry import by_name

Sweep = tuple[dict[str, tuple[Any, ...]], ...]
"""Grids, each a setting's dotted path to its values; the levels are the union of the grids' products."""

MAX_LEVELS = 10_000
MAX_NUMBER = 1e15


class SettingError(ValueError):
    """What is wrong with one setting inside of what is being validated."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(problem)
        self.path = path


def as_sweep(written: object) -> object:
    """Turn what a config holds into a `Sweep`: ranges become values, numbers are rounded to 12 significant digits.

    Raises
    ------
    ValueError
        If it isn't a mapping of settings to lists or ranges; a `SettingError` where one setting is at fault.
    """
    grids = written if isinstance(written, list | tuple) else [written]
    if not grids:
        raise ValueError("the sweep is empty; it needs at least one mapping of a setting to its values")
    sweep = tuple(_grid(grid) for grid in grids)
    if sum(math.prod(len(values) for values in grid.values()) for grid in sweep) > MAX_LEVELS:
        raise ValueError(f"the grid has more than {MAX_LEVELS:,} levels")
    return sweep


def curves(sweep: Sweep) -> Iterator[tuple[dict[str, Any], tuple[float, ...]]]:
    """Settings other than sigma, in the order of the config, and the sigmas at which they are run: 0 first."""
    for grid in sweep:
        others = {path: values for path, values in grid.items() if path != "sigma"}
        sigmas = (0.0, *(value for value in grid.get("sigma", ()) if value > 0))
        for chosen in itertools.product(*others.values()):
            yield dict(zip(others, chosen, strict=True)), sigmas


def _grid(written: object) -> dict[str, tuple[Any, ...]]:
    if not isinstance(written, Mapping):
        raise ValueError("a sweep is a mapping of settings to lists of values, or a list of such mappings")
    if not written:
        raise ValueError("the grid is empty; it needs at least one setting with its values")
    grid: dict[str, tuple[Any, ...]] = {}
    for path, values in written.items():
        if not isinstance(path, str):
            raise ValueError(f"{path!r} isn't a setting's dotted path")
        grid[path] = _values(path, values)
    return grid


def _values(path: str, written: object) -> tuple[Any, ...]:
    values = _range(path, written) if isinstance(written, Mapping) else written
    if not isinstance(values, list | tuple):
        raise SettingError(path, f"must be a list of values, or start, stop and num; got {written!r}")
    if not values:
        raise SettingError(path, "the list of values is empty")
    if len(values) > MAX_LEVELS:
        raise SettingError(path, f"has {len(values):,} values; at most {MAX_LEVELS:,} are allowed")
    rounded: dict[str, Any] = {}
    for value in values:
        value = _rounded(path, value)
        if path == "sigma" and not (isinstance(value, float) and value >= 0):
            raise SettingError(path, f"an initial noise standard deviation is a number, 0 or more; got {value!r}")
        rounded.setdefault(repr(value), value)
    return tuple(rounded.values())


def _range(path: str, written: Mapping[Any, Any]) -> list[float | int]:
    if set(written) != {"start", "stop", "num"}:
        raise SettingError(
            path, f"a range has just start, stop and num; got {', '.join(map(str, written)) or 'nothing'}"
        )
    start, stop, num = (written[key] for key in ("start", "stop", "num"))
    if not (_is_number(start) and _is_number(stop)):
        raise SettingError(path, f"start and stop must be finite numbers; got {start!r} and {stop!r}")
    if not (isinstance(num, int) and not isinstance(num, bool) and 1 <= num <= MAX_LEVELS):
        raise SettingError(path, f"num must be a whole number from 1 to {MAX_LEVELS:,}; got {num!r}")
    numbers = np.linspace(start, stop, num)
    whole = path != "sigma" and bool(np.all(numbers == np.round(numbers)))
    return [int(number) if whole else float(number) for number in numbers]


def _rounded(path: str, value: Any) -> Any:
    if isinstance(value, int | float) and not abs(value) <= MAX_NUMBER:
        raise SettingError(path, f"numbers must be finite and at most {MAX_NUMBER:g} in size; got {value!r}")
    if path == "sigma" and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if isinstance(value, float):
        return float(f"{value:.12g}")
    if isinstance(value, list):
        return tuple(_rounded(path, item) for item in value)
    return by_name(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= MAX_NUMBER
