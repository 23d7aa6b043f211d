"""Columns of numbers: from a csv or text file whatever its separator, a .npy file, or standard input."""

from __future__ import annotations

import csv
import io
import math
import sys
import textwrap
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nem_cli.em.arrays import FloatArray
from nem_cli.errors import ConfigError, printable

SEPARATORS = ("\t", ";", ",", None)
"""In the order in which they are tried; None is any white space."""
SNIFFED_ROWS = 50
MISSING = {"", "na", "n/a", "#n/a", "null", "none", "?", "-", "."}
"""How files say that a value isn't there, besides nan."""
_NO_VALUE = "a value is missing; fill it in, or leave such rows out (`drop_missing`)"


@dataclass(frozen=True)
class Columns:
    """Columns of one file.

    Parameters
    ----------
    source : str
        Where they come from, as messages call it.
    names : tuple of str
        In the header, or ``column 2``; empty where there is one column without a header.
    values : ndarray of shape (n, columns)
        Finite.
    dropped : int
        Rows left out because a value was missing there.
    """

    source: str
    names: tuple[str, ...]
    values: FloatArray
    dropped: int = 0


def read(path: str, columns: Sequence[str] = (), *, drop_missing: bool = False) -> Columns:
    """Read columns of numbers.

    Parameters
    ----------
    path : str
        A ``.npy`` file, else text in UTF-8: csv with or without a header, separated by tabs, semicolons, commas or
        white space; lines that begin with # are passed over. ``-`` is standard input, as text.
    columns : sequence of str
        Names in the header, or numbers from 1, or just ``all``; may be left out where there is only one.
    drop_missing : bool
        Leave out rows where one of the columns has no value, instead of refusing them.

    Raises
    ------
    ConfigError
        Naming the file, the line (or the row of a ``.npy`` file) and the value.
    """
    source = "standard input" if path == "-" else path
    try:
        if Path(path).suffix == ".npy":
            return _from_array(_array(path), source, columns, drop_missing)
        content = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        return _from_text(io.StringIO(content.decode("utf-8-sig"), newline=""), source, columns, drop_missing)
    except FileNotFoundError:
        raise ConfigError("there is no such file", source=source) from None
    except OSError as error:
        raise ConfigError(f"can't be read: {error.strerror}", source=source) from None
    except UnicodeDecodeError:
        raise ConfigError("isn't text in UTF-8, nor a .npy file", source=source) from None
    except csv.Error as error:
        raise ConfigError(f"isn't a table: {error}", source=source) from None


def _from_text(file: io.StringIO, source: str, columns: Sequence[str], drop_missing: bool) -> Columns:
    """The first row is a header where a chosen column has neither a number nor a mark for a missing one there."""
    separator = _separator(file)
    line, first = next(_rows(file, separator), (0, []))
    if not first:
        raise ConfigError("is empty; it must hold a column of numbers", source=source)
    indices = _chosen(columns, first, source)
    numbers = [_is_number(first[i]) or first[i].lower() in MISSING for i in indices]
    header = not all(numbers) or (_may_be_names(first) and any(column in first for column in columns))
    names = tuple(printable(first[i]) if header else f"column {i + 1}" if len(first) > 1 else "" for i in indices)
    values, blank = array("d"), 0
    for number, cells in _rows(file, separator, blanks=len(first) == 1):
        if number < line + header:
            continue
        if not cells:  # the end of the file, or a value that is missing in its only column
            blank = blank or number
            continue
        if blank and not drop_missing:
            raise ConfigError(_NO_VALUE, source=source, path=f"line {blank}")
        if len(cells) != len(first):
            problem = f"has {len(cells)} cells, but the first row has {len(first)}"
            raise ConfigError(problem, source=source, path=f"line {number}", value=",".join(cells))
        for i, name in zip(indices, names, strict=True):
            try:
                values.append(_number(cells[i], drop_missing))
            except ValueError as error:
                place = f"line {number}, {name}" if name else f"line {number}"
                raise ConfigError(str(error), source=source, path=place, value=cells[i]) from None
    if not values:
        raise ConfigError("has a header, but no data", source=source, path=f"line {line}", value=",".join(first))
    return _kept(source, names, np.array(values, dtype=float).reshape(-1, len(names)))


def _rows(file: io.StringIO, separator: str | None, blanks: bool = False) -> Iterator[tuple[int, list[str]]]:
    """Line numbers from 1 and stripped cells, without comments; a blank line has no cells, where it isn't left out."""
    file.seek(0)
    if separator is None:
        numbered: Iterator[tuple[int, list[str]]] = enumerate(map(str.split, file), 1)
    else:
        reader = csv.reader(file, delimiter=separator)
        numbered = ((reader.line_num, [cell.strip() for cell in cells]) for cells in reader)
    for line, cells in numbered:
        if not any(cells) and len(cells) < 2:
            if blanks:
                yield line, []
        elif not cells[0].startswith("#") or cells[0].lower() in MISSING:
            yield line, cells


def _separator(file: io.StringIO) -> str | None:
    """The first that splits every row seen into the same number of cells, above one."""
    for separator in SEPARATORS:
        widths = {len(cells) for _, cells in islice(_rows(file, separator), SNIFFED_ROWS)}
        if len(widths) == 1 and widths.pop() > 1:
            return separator
    file.seek(0)  # one column, or ragged rows, which are refused later
    first = next((line for line in file if line.strip() and not line.lstrip().startswith("#")), "")
    return next((each for each in ("\t", ";") if each in first), ",")


def _chosen(columns: Sequence[str], first: list[str], source: str) -> list[int]:
    """The numbers, from 0, of the columns that are meant by names in the first row or numbers from 1."""
    width = len(first)
    names = "" if any(map(_is_number, first)) else ": " + textwrap.shorten(", ".join(first), 200, placeholder=" ...")
    shown = f"{width} columns{names}" if width > 1 else "one column"
    if not columns and width > 1:
        raise ConfigError(f"has {shown}; choose by name or number, or all", source=source, path="`columns`")
    found = []
    for column in map(str, range(1, width + 1)) if list(columns) == ["all"] and "all" not in first else columns:
        if column in first and _may_be_names(first):
            if first.count(column) > 1:
                problem = "several columns are called so; give a number"
                raise ConfigError(problem, source=source, path="`columns`", value=column)
            found.append(first.index(column))
        elif column.isdecimal() and len(column) < 10 and 1 <= int(column) <= width:
            found.append(int(column) - 1)
        else:
            problem = f"there is no such column; the file has {shown}"
            raise ConfigError(problem, source=source, path="`columns`", value=column)
        if found.count(found[-1]) > 1:
            raise ConfigError("this column is named twice", source=source, path="`columns`", value=column)
    return found or [0]


def _number(cell: str, drop_missing: bool) -> float:
    """A cell's value; NaN where it has none and such rows are left out."""
    try:
        value = float(cell)
    except ValueError:
        if cell.lower() not in MISSING:
            hint = "; a decimal comma must be a point" if "," in cell else ""
            raise ValueError(f"must be a number{hint}") from None
        if not drop_missing:
            raise ValueError(_NO_VALUE) from None
        return math.nan
    if math.isinf(value) or (math.isnan(value) and not drop_missing):
        raise ValueError("must be a finite number")
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


def _array(path: str) -> NDArray[Any]:
    try:
        with open(path, "rb") as file:
            table: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
    except OSError:
        raise
    except Exception as error:  # a broken header raises what Python's parser or numpy's dtypes do
        raise ConfigError(f"isn't a .npy file of numbers: {error}", source=path) from None
    if not table.size:
        raise ConfigError("is empty; it must hold a column of numbers", source=path)
    return table


def _from_array(table: NDArray[Any], source: str, columns: Sequence[str], drop_missing: bool) -> Columns:
    names = table.dtype.names
    if names:
        table = np.stack([table[name] for name in names], axis=-1)
    if table.ndim not in (1, 2) or table.dtype.kind not in "iuf":
        raise ConfigError(
            f"must hold numbers in one or two dimensions, but has shape {table.shape} of {table.dtype}", source=source
        )
    table = table.reshape(len(table), -1)
    first = list(names or ["0"] * table.shape[1])  # numbers are no names
    indices = _chosen(columns, first, source)
    values = table[:, indices].astype(float)
    bad = np.argwhere(np.isinf(values) | (np.isnan(values) & (not drop_missing)))
    if bad.size:
        row, column = bad[0]
        problem, value = "must be a finite number", float(values[row, column])
        raise ConfigError(problem, source=source, path=f"row {row + 1}", value=value)
    chosen = tuple(first[i] if names else f"column {i + 1}" if len(first) > 1 else "" for i in indices)
    return _kept(source, chosen, values)


def _kept(source: str, names: tuple[str, ...], values: FloatArray) -> Columns:
    missing = np.isnan(values).any(axis=1)
    if missing.all():
        raise ConfigError("has no row without a missing value", source=source)
    return Columns(source, names, values[~missing], int(missing.sum()))
