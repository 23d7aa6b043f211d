"""A run's tables: as csv files, as structured arrays, as JSON."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from nem_cli.em.arrays import FloatArray
from nem_cli.em.status import Status
from nem_cli.experiment.block import trial_columns
from nem_cli.experiment.config import Experiment
from nem_cli.experiment.plan import Level
from nem_cli.statistics.summary import Row
from nem_cli.statistics.table import csv_line

_COLUMNS = [field.name for field in fields(Row) if field.name != "level"]
_WHOLE = {"trials", "converged", "max_iterations", "degenerate"}
_JSON = TypeAdapter(list[list[float]])
_LABELS = np.array([status.label for status in Status])


def trials_header(levels: Sequence[Level]) -> str:
    """The first line of ``trials.csv``; the estimates of any level have a column."""
    return csv_line([*_paths(levels), "trial", "status", "iterations", "log_likelihood", *_estimates(levels)])


def trials_lines(levels: Sequence[Level], level: Level, first: int, table: NDArray[np.void]) -> Iterator[str]:
    """A level's rows of ``trials.csv``, from trial number `first` on. What can't be had is left empty, never NaN."""
    prefix = csv_line([cell(value) for _, value in level.settings])[:-1]
    labels = _LABELS[table["status"]].tolist()
    own = _columns(level, table)
    missing = np.full(len(table), np.nan)
    numbers = np.column_stack([table["log_likelihood"], *(own.get(name, missing) for name in _estimates(levels))])
    rows = zip(labels, table["iterations"].tolist(), _joined(numbers), strict=True)
    for row, (label, iterations, values) in enumerate(rows):
        yield f"{prefix},{first + row},{label},{iterations},{values}\n"


def trials_array(levels: Sequence[Level], tables: Iterable[NDArray[np.void]]) -> NDArray[np.void]:
    """The levels' trials, a record a trial with the columns of ``trials.csv``; NaN where a cell is empty."""
    parts = list(tables)
    lengths = [len(part) for part in parts]
    columns = {path: np.repeat(values, lengths) for path, values in _swept(levels).items()}
    columns["trial"] = np.concatenate([np.arange(length) for length in lengths])
    columns["status"] = _LABELS[np.concatenate([part["status"] for part in parts])]
    columns["iterations"] = np.concatenate([part["iterations"] for part in parts]).astype(np.int64)
    columns["log_likelihood"] = np.concatenate([part["log_likelihood"] for part in parts])
    own = [_columns(level, part) for level, part in zip(levels, parts, strict=True)]
    for name in _estimates(levels):
        columns[name] = np.concatenate(
            [each.get(name, np.full(length, np.nan)) for each, length in zip(own, lengths, strict=True)]
        )
    for values in columns.values():
        if values.dtype == np.float64:
            values[~np.isfinite(values)] = np.nan
    return _records(columns)


def summary_csv(rows: Sequence[Row]) -> str:
    """``summary.csv``."""
    lines = [csv_line([*_paths([row.level for row in rows]), *_COLUMNS])]
    for row in rows:
        settings = [cell(value) for _, value in row.settings]
        lines.append(csv_line([*settings, *(cell(getattr(row, name)) for name in _COLUMNS)]))
    return "".join(lines)


def read_summary(text: str, levels: Sequence[Level]) -> tuple[Row, ...]:
    """A summary from ``summary.csv``.

    Raises
    ------
    ValueError
        If it isn't one of these levels.
    """
    try:
        header, *lines = csv.reader(io.StringIO(text))
    except csv.Error as error:  # a cell of absurd size, say
        raise ValueError(str(error)) from None
    swept = len(_paths(levels))
    if header != [*_paths(levels), *_COLUMNS]:
        raise ValueError("its columns aren't those of this version and this config")
    rows = []
    for level, line in zip(levels, lines, strict=True):
        if line[:swept] != [cell(value) for _, value in level.settings]:
            raise ValueError(f"it has {line[:swept]} where the config has {dict(level.settings)}")
        numbers = {
            name: (int(cell) if name in _WHOLE else float(cell)) if cell else None
            for name, cell in zip(_COLUMNS, line[swept:], strict=True)
        }
        rows.append(Row(level, **numbers))  # type: ignore[arg-type]
    return tuple(rows)


def summary_array(rows: Sequence[Row]) -> NDArray[np.void]:
    """A summary as a structured array, a record a level; NaN where a number can't be had."""
    columns = _swept([row.level for row in rows])
    for name in _COLUMNS:
        dtype = np.int64 if name in _WHOLE else np.float64
        columns[name] = np.array([getattr(row, name) for row in rows], dtype=dtype)
    return _records(columns)


def summary_json(experiment: Experiment, rows: Sequence[Row]) -> str:
    """The result of a sweep as JSON: the experiment, and a record a level."""
    levels = [dict(row.settings) | {name: getattr(row, name) for name in _COLUMNS} for row in rows]
    return json.dumps({"experiment": experiment.model_dump(mode="json"), "levels": levels}, indent=2)


def _paths(levels: Sequence[Level]) -> list[str]:
    return [path for path, _ in levels[0].settings]


def _estimates(levels: Sequence[Level]) -> list[str]:
    """The columns of estimates and measures, field by field: those of the level that has most of a field."""
    fields: dict[str, list[str]] = {}
    for trial in {repr(level.trial.system): level.trial for level in levels}.values():
        own: dict[str, list[str]] = {}
        for column, field, _ in trial_columns(trial):
            own.setdefault(field, []).append(column)
        for field, columns in own.items():
            fields[field] = max(fields.get(field, []), columns, key=len)
    return [column for columns in fields.values() for column in columns]


def _columns(level: Level, table: NDArray[np.void]) -> dict[str, FloatArray]:
    """A level's estimates and measures by column."""
    columns = {}
    for column, field, index in trial_columns(level.trial):
        entry = np.ravel_multi_index(index, table.dtype[field].shape) if index else 0
        columns[column] = table[field].reshape(len(table), -1)[:, entry]
    return columns


def _swept(levels: Sequence[Level]) -> dict[str, NDArray[Any]]:
    """A column for each swept setting: numbers where all are, else text as in the csv files."""
    columns = {}
    for i, path in enumerate(_paths(levels)):
        values = [level.settings[i][1] for level in levels]
        numbers = all(isinstance(value, int | float) for value in values)
        columns[path] = np.array(values if numbers else [cell(value) for value in values])
    return columns


def _records(columns: dict[str, NDArray[Any]]) -> NDArray[np.void]:
    table = np.empty(len(next(iter(columns.values()))), dtype=[(name, each.dtype) for name, each in columns.items()])
    for name, values in columns.items():
        table[name] = values
    return table


def cell(value: Any) -> str:
    """A setting or a number in a csv file: floats in full, lists as JSON, what can't be had as nothing."""
    if value is None:
        return ""
    if isinstance(value, float):
        return _number(value)
    return value if isinstance(value, str) else json.dumps(value)


def _joined(numbers: FloatArray) -> list[str]:
    """Rows of numbers, each as `_number` writes it, with commas between them: pydantic's JSON is four times as fast."""
    rows = _JSON.dump_json(numbers.tolist()).decode()[2:-2].split("],[")
    size = np.abs(numbers)
    alike = (size >= 1e-4) & (size < 1e16) | (size == 0)  # others Python writes with an exponent, or as nothing
    for row in np.flatnonzero(~alike.all(axis=1)):
        rows[row] = ",".join(map(_number, numbers[row].tolist()))
    return rows


def _number(value: float) -> str:
    return repr(value) if math.isfinite(value) else ""
