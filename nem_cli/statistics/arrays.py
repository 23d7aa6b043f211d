"""The tables of a run as structured numpy arrays."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nem_cli.statistics.summary import LevelSummary

_WHOLE = {"trial", "trials", "iterations", "converged", "max_iterations", "degenerate"}


def summary_array(summary: Sequence[LevelSummary]) -> NDArray[np.void]:
    """A run's summary: a record a level, the swept settings first; NaN where a number can't be had."""
    names = [field.name for field in fields(LevelSummary) if field.name != "settings"]
    columns: dict[str, NDArray[Any]] = {
        path: _settings([row.settings[i][1] for row in summary]) for i, (path, _) in enumerate(summary[0].settings)
    }
    for name in names:
        values = [getattr(row, name) for row in summary]
        columns[name] = np.array(values, dtype=np.int64 if name in _WHOLE else np.float64)
    return _records(columns)


def trials_array(lines: Iterable[str]) -> NDArray[np.void]:
    """A run's trials from the lines of ``trials.csv``: a record a trial; NaN where a cell is empty.

    Raises
    ------
    ValueError
        If they aren't such lines.
    """
    header, *rows = csv.reader(lines)
    swept = header.index("trial")
    columns: dict[str, NDArray[Any]] = {}
    for i, (name, cells) in enumerate(zip(header, zip(*rows, strict=True), strict=True)):
        if i < swept:
            columns[name] = _settings([_parsed(cell) for cell in cells])
        elif name == "status":
            columns[name] = np.array(cells)
        elif name in _WHOLE:
            columns[name] = np.array(cells, dtype=np.int64)
        else:
            columns[name] = np.array([cell or "nan" for cell in cells], dtype=np.float64)
    return _records(columns)


def _settings(values: Sequence[Any]) -> NDArray[Any]:
    """Numbers where all are, else text as in the csv files."""
    if all(isinstance(value, int | float) for value in values):
        return np.array(values)
    return np.array([value if isinstance(value, str) else json.dumps(value) for value in values])


def _parsed(cell: str) -> Any:
    try:
        return json.loads(cell)
    except ValueError:
        return cell


def _records(columns: dict[str, NDArray[Any]]) -> NDArray[np.void]:
    length = len(next(iter(columns.values())))
    table = np.empty(length, dtype=[(name, values.dtype) for name, values in columns.items()])
    for name, values in columns.items():
        table[name] = values
    return table
