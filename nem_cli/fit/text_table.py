"""A column of numbers in a text table, whatever its separator, with or without a header."""

from __future__ import annotations

import csv
import math
import textwrap
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import IO

import numpy as np

from nem_cli.em.arrays import FloatArray
from nem_cli.errors import ConfigError

SEPARATORS = ("\t", ";", ",", None)
"""In the order in which they are tried; None is any white space."""
SNIFFED_ROWS = 50
MISSING = {"", "na", "n/a", "null", "none", "?", "-", "."}
"""How files say that a value isn't there, besides nan."""


@dataclass(frozen=True)
class Layout:
    """How a text file is laid out.

    Parameters
    ----------
    separator : str or None
        None is any white space.
    width, index : int
        Columns in all, and the chosen one from 0.
    name : str
        The name in the header, or ``column 2``; empty where there is one column without a header.
    skip : int
        How many lines precede the data.
    """

    separator: str | None
    width: int
    index: int
    name: str
    skip: int


def layout(file: IO[str], source: str, column: str | None) -> Layout:
    """How a file is laid out, from its first rows.

    The first row is a header where the chosen column has neither a number nor a mark for a missing one there.

    Raises
    ------
    ConfigError
        If the file is empty, or which column to read isn't clear.
    """
    separator = _separator(file)
    rows = list(islice(_rows(file, separator), SNIFFED_ROWS))
    if not rows:
        raise ConfigError("is empty; it must hold a column of numbers", source=source)
    number, first = rows[0][0], [cell.strip() for cell in rows[0][1]]
    width, index = len(first), chosen(column, first, source)
    value = _is_number(first[index]) or first[index].lower() in MISSING
    header = not value or (column in first and _may_be_names(first))
    if header and len(rows) == 1:
        raise ConfigError("has a header, but no data", source=source, path=f"line {number}", value=",".join(first))
    name = first[index] if header else f"column {index + 1}" if width > 1 else ""
    return Layout(separator, width, index, name, skip=number if header else number - 1)


def chosen(column: str | None, first: list[str], source: str) -> int:
    """The number, from 0, of the column that is meant by a name or a number from 1.

    Parameters
    ----------
    first : list of str
        The cells of the first row, which may be the names.

    Raises
    ------
    ConfigError
        If there is no such column, or several and none is chosen.
    """
    width = len(first)
    names = "" if any(map(_is_number, first)) else ": " + textwrap.shorten(", ".join(first), 200, placeholder=" ...")
    shown = f"{width} columns{names}" if width > 1 else "one column"
    if column is None:
        if width > 1:
            raise ConfigError(f"has {shown}; choose one with --column, by its name or its number", source=source)
        return 0
    if column in first and _may_be_names(first):
        if first.count(column) > 1:
            raise ConfigError(
                "several columns are called so; give a number", source=source, path="--column", value=column
            )
        return first.index(column)
    if column.isdecimal() and 1 <= int(column) <= width:
        return int(column) - 1
    raise ConfigError(f"there is no such column; the file has {shown}", source=source, path="--column", value=column)


def numbers(file: IO[str], source: str, layout: Layout) -> FloatArray:
    """The column's values: at once by numpy's reader, and row by row where that refuses, to name the row.

    Raises
    ------
    ConfigError
        If a value is missing, no number or not finite, or a row is too long or too short.
    """
    values = _at_once(file, layout)
    return _row_by_row(file, layout, source) if values is None else values


def _at_once(file: IO[str], layout: Layout) -> FloatArray | None:
    """The column by numpy's own reader, which doesn't say where it fails; None where it does."""
    file.seek(0)
    row = np.dtype([(str(i), "f8" if i == layout.index else "U1") for i in range(layout.width)])  # so ragged rows fail
    try:
        values = np.loadtxt(
            file, row, delimiter=layout.separator, skiprows=layout.skip, ndmin=1, comments=None,
            quotechar=None if layout.separator is None else '"',
        )[str(layout.index)].copy()  # fmt: skip
    except ValueError:  # UnicodeDecodeError is one: the careful reader meets it again
        return None
    return values if np.all(np.isfinite(values)) else None


def _row_by_row(file: IO[str], layout: Layout, source: str) -> FloatArray:
    """The column row by row."""
    values = array("d")
    for number, cells in _rows(file, layout.separator):
        if number <= layout.skip:
            continue
        place = f"line {number}" + (f", {layout.name}" if layout.name else "")
        if len(cells) != layout.width:
            problem = f"has {len(cells)} cells, but the first row has {layout.width}"
            raise ConfigError(problem, source=source, path=f"line {number}", value=",".join(cells))
        values.append(_number(cells[layout.index].strip(), source, place))
    return np.array(values, dtype=float)


def _rows(file: IO[str], separator: str | None) -> Iterator[tuple[int, list[str]]]:
    """Line numbers from 1 and cells, without blank lines and comments."""
    file.seek(0)
    if separator is None:
        numbered: Iterator[tuple[int, list[str]]] = enumerate(map(str.split, file), 1)
    else:
        reader = csv.reader(file, delimiter=separator)
        numbered = ((reader.line_num, cells) for cells in reader)
    for number, cells in numbered:
        if cells and (len(cells) > 1 or cells[0].strip()) and not cells[0].lstrip().startswith("#"):
            yield number, cells


def _separator(file: IO[str]) -> str | None:
    """The first that splits every row seen into the same number of cells, above one."""
    for separator in SEPARATORS:
        widths = {len(cells) for _, cells in islice(_rows(file, separator), SNIFFED_ROWS)}
        if len(widths) == 1 and widths.pop() > 1:
            return separator
    file.seek(0)  # one column, or ragged rows, which are refused later
    first = next((line for line in file if line.strip() and not line.lstrip().startswith("#")), "")
    return next((each for each in ("\t", ";") if each in first), ",")


def _number(cell: str, source: str, place: str) -> float:
    if cell.lower() in MISSING:
        raise ConfigError("a value is missing; remove such rows or fill them in", source=source, path=place, value=cell)
    try:
        value = float(cell)
    except ValueError:
        hint = "; a decimal comma must be a point" if "," in cell else ""
        raise ConfigError(f"must be a number{hint}", source=source, path=place, value=cell) from None
    if not math.isfinite(value):
        raise ConfigError("must be a finite number", source=source, path=place, value=cell)
    return value


def _may_be_names(first: list[str]) -> bool:
    """Whether the first row can be a header: a year may be a name, but not every name is a number."""
    return not all(map(_is_number, first))


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
