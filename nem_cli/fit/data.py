"""The user's own data: one column of a csv or text file, a .npy file, or standard input."""

from __future__ import annotations

import csv
import io
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from nem_cli.em.arrays import FloatArray
from nem_cli.errors import ConfigError
from nem_cli.fit import text_table


@dataclass(frozen=True)
class Column:
    """One column of numbers.

    Parameters
    ----------
    source : str
        Where it comes from, as messages call it.
    name : str
        Its name in the header, or ``column 2``; empty where there is one column without a header.
    values : ndarray of shape (n,)
        Finite.
    """

    source: str
    name: str
    values: FloatArray


def read(path: str, column: str | None = None) -> Column:
    """Read one column.

    Parameters
    ----------
    path : str
        A ``.npy`` file, else text: csv with or without a header, separated by tabs, semicolons, commas or white space;
        lines that begin with # are passed over. ``-`` is standard input, as text.
    column : str, optional
        Its name in the header, or its number from 1; needed where there are several.

    Raises
    ------
    ConfigError
        Naming the file, the line (or the row of a ``.npy`` file) and the value.
    """
    if Path(path).suffix == ".npy":
        return _read_npy(path, column)
    source = "standard input" if path == "-" else path
    with _opened(path, source) as file:
        try:
            layout = text_table.layout(file, source, column)
            values = text_table.numbers(file, source, layout)
        except UnicodeDecodeError:
            raise ConfigError("isn't text in UTF-8, nor a .npy file", source=source) from None
        except csv.Error as error:
            raise ConfigError(f"isn't a table: {error}", source=source) from None
    return Column(source, layout.name, values)


@contextmanager
def _opened(path: str, source: str) -> Iterator[IO[str]]:
    """A text file that can be read twice; standard input goes through a temporary file."""
    try:
        if path != "-":
            with open(path, encoding="utf-8-sig", newline="") as file:
                yield file
            return
        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(sys.stdin.buffer, copy)
            copy.seek(0)
            with io.TextIOWrapper(copy, encoding="utf-8-sig", newline="") as file:
                yield file
    except FileNotFoundError:
        raise ConfigError("there is no such file", source=source) from None
    except OSError as error:
        raise ConfigError(f"can't be read: {error.strerror}", source=source) from None


def _read_npy(path: str, column: str | None) -> Column:
    try:
        table: NDArray[Any] = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise ConfigError("there is no such file", source=path) from None
    except (OSError, ValueError, EOFError) as error:
        raise ConfigError(f"isn't a .npy file of numbers: {error}", source=path) from None
    if not table.size:
        raise ConfigError("is empty; it must hold a column of numbers", source=path)
    name = ""
    if table.dtype.names:
        index = text_table.chosen(column, list(table.dtype.names), path)
        name = table.dtype.names[index]
        table = table[name]
    elif table.ndim == 2:
        index = text_table.chosen(column, ["1"] * table.shape[1], path)
        name = f"column {index + 1}" if table.shape[1] > 1 else ""
        table = table[:, index]
    if table.ndim != 1 or table.dtype.kind not in "iuf":
        raise ConfigError(
            f"must hold numbers in one or two dimensions, but has shape {table.shape} of {table.dtype}", source=path
        )
    bad = np.flatnonzero(~np.isfinite(table))
    if bad.size:
        raise ConfigError("must be a finite number", source=path, path=f"row {bad[0] + 1}", value=float(table[bad[0]]))
    return Column(path, name, table.astype(float))
