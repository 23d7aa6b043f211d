"""The csv files of a run, and reading a summary back."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nem_cli.em.status import Status
from nem_cli.experiment.config import Experiment
from nem_cli.experiment.plan import Level
from nem_cli.statistics.summary import LevelSummary

_COLUMNS = [field.name for field in fields(LevelSummary) if field.name != "settings"]
_WHOLE = {"trials", "converged", "max_iterations", "degenerate"}


def trials_header(levels: Sequence[Level]) -> str:
    """The first line of ``trials.csv``; the parameters of the level with most components."""
    components = max(level.components for level in levels)
    names = [f"{name}_{j}" for name in ("weight", "mean", "variance") for j in range(1, components + 1)]
    return _line([*_paths(levels[0].settings), "trial", "status", "iterations", "log_likelihood", *names])


def trials_lines(levels: Sequence[Level], level: Level, first: int, table: NDArray[np.void]) -> Iterator[str]:
    """A level's rows of ``trials.csv``, from trial number `first` on. What can't be had is left empty, never NaN."""
    prefix = _line([_cell(value) for _, value in level.settings])[:-1]
    blank = [""] * (max(each.components for each in levels) - level.components)
    labels = [status.label for status in Status]
    parameters = [table[name].tolist() for name in ("weights", "means", "variances")]
    rows = zip(table["status"].tolist(), table["iterations"].tolist(), table["log_likelihood"].tolist(), strict=True)
    for row, (status, iterations, likelihood) in enumerate(rows):
        numbers = [_number(likelihood)]
        for values in parameters:
            numbers += [_number(value) for value in values[row]] + blank
        yield f"{prefix},{first + row},{labels[status]},{iterations},{','.join(numbers)}\n"


def summary_csv(summary: Sequence[LevelSummary]) -> str:
    """``summary.csv``."""
    lines = [_line([*_paths(summary[0].settings), *_COLUMNS])]
    for row in summary:
        settings = [_cell(value) for _, value in row.settings]
        lines.append(_line([*settings, *(_cell(getattr(row, name)) for name in _COLUMNS)]))
    return "".join(lines)


def read_summary(text: str) -> list[LevelSummary]:
    """A summary from ``summary.csv``.

    Raises
    ------
    ValueError
        If it isn't one.
    """
    header, *rows = csv.reader(io.StringIO(text))
    at = header.index("trials")
    if header[at:] != _COLUMNS:
        raise ValueError("its columns aren't those of this version")
    found = []
    for row in rows:
        settings = tuple((path, _value(cell)) for path, cell in zip(header[:at], row[:at], strict=True))
        numbers = {
            name: (int(cell) if name in _WHOLE else float(cell)) if cell else None
            for name, cell in zip(_COLUMNS, row[at:], strict=True)
        }
        found.append(LevelSummary(settings=settings, **numbers))  # type: ignore[arg-type]
    return found


def _paths(settings: tuple[tuple[str, Any], ...]) -> list[str]:
    return [path for path, _ in settings]


def _line(cells: Sequence[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return _number(value)
    return value if isinstance(value, str) else json.dumps(value)


def _number(value: float) -> str:
    return repr(value) if math.isfinite(value) else ""


def _value(cell: str) -> Any:
    try:
        return json.loads(cell)
    except ValueError:
        return cell


def summary_json(experiment: Experiment, summary: Sequence[LevelSummary]) -> str:
    """The result of a sweep as JSON: the experiment, and a record a level."""
    levels = [dict(row.settings) | {name: getattr(row, name) for name in _COLUMNS} for row in summary]
    return json.dumps({"experiment": experiment.model_dump(mode="json"), "levels": levels}, indent=2)
