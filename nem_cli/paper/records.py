"""A study's numbers as a csv file: a record a row, and back."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from nem_cli.errors import FolderError
from nem_cli.experiment import folder as files
from nem_cli.statistics.estimate import Estimate
from nem_cli.statistics.table import ENDS, csv_line, numbers

T = TypeVar("T")


def to_csv(kind: type, records: Sequence[Any]) -> str:
    """Records of one dataclass whose fields are str, bool, int, float or `Estimate`; NaN is left empty.

    A field NAME that holds an estimate has the columns NAME, NAME_low and NAME_high.
    """
    lines = [csv_line(_columns(kind))]
    for record in records:
        cells = [getattr(record, field.name) for field in fields(kind)]
        lines.append(csv_line(number for cell in cells for number in numbers(cell)))
    return "".join(lines)


def read_csv(kind: type[T], path: Path) -> list[T]:
    """The records that `to_csv` wrote.

    Raises
    ------
    FolderError
        If the file isn't there, or holds something else.
    """
    rows = csv.DictReader(io.StringIO(files.read_text(path)))
    hints = get_type_hints(kind)
    try:
        if rows.fieldnames != _columns(kind):
            raise ValueError(f"its columns aren't {', '.join(_columns(kind))}")
        return [kind(**{name: _value(hint, name, row) for name, hint in hints.items()}) for row in rows]
    except (ValueError, TypeError, KeyError) as error:
        raise FolderError(f"can't be read: {error}; make it again with nem figures --all", source=str(path)) from error


def _columns(kind: type) -> list[str]:
    hints = get_type_hints(kind)
    return [f"{name}{end}" for name, hint in hints.items() for end in (ENDS if hint is Estimate else ENDS[:1])]


def _value(hint: type, name: str, row: dict[str, str]) -> object:
    if hint is Estimate:
        return Estimate(*(_number(row[f"{name}{end}"]) for end in ENDS))
    if hint is bool:
        return row[name] == "True"
    return _number(row[name]) if hint is float else hint(row[name])


def _number(cell: str) -> float:
    return float(cell) if cell else math.nan
