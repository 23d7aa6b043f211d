"""What the page's templates can write: numbers, tables that fold on a narrow screen, links that hold a file."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from nem_cli.experiment import folder as files
from nem_cli.paper.studies.study import less
from nem_cli.statistics import published
from nem_cli.statistics.summary import ENOUGH
from nem_cli.statistics.table import Column, Table, shown

_POWER = re.compile(r"(?<=\w)\^(-?\w+(?:\.\d+)?)")


def template(name: str) -> Template:
    """A template of the page, with the filters that all of them have."""
    environment = Environment(
        loader=PackageLoader("nem_cli.paper"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"powers": powers, "shown": shown, "table": table, "pivot": pivot, "listed": listed}
    environment.globals |= {"less": less, "grid": grid, "ENOUGH": ENOUGH, "paper": published}
    return environment.get_template(name)


def powers(written: str) -> Markup:
    """Plain text as HTML, powers such as 10^-2 as superscripts."""
    return Markup(_POWER.sub(r"<sup>\1</sup>", str(escape(written))))  # noqa: S704  (escaped)


def listed(items: Iterable[object]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *first, last = map(str, items)
    return f"{', '.join(first)} and {last}" if first else last


def grid(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Markup:
    """An HTML table that folds on a narrow screen: each cell knows its heading, and the first of a row is the row's."""
    head = Markup().join(Markup('<th scope="col">{}</th>').format(name) for name in heads)
    body = Markup()
    for first, *others in rows:
        body += Markup('<tr><th scope="row">{}</th>').format(powers(first))
        for name, cell in zip(heads[1:], others, strict=True):
            body += Markup('<td data-label="{}">{}</td>').format(name, powers(cell))
        body += Markup("</tr>\n")
    return Markup("<table><thead><tr>{}</tr></thead><tbody>\n{}</tbody></table>").format(head, body)


def table(records: Sequence[Any], *columns: tuple[str, str] | tuple[str, str, str]) -> Markup:
    """Records as a table, a row each.

    Parameters
    ----------
    columns : tuples of str
        Heading, attribute of the record (dots allowed), and the format of its numbers. An empty column is left out.
    """
    heads = [Column(column[0], column[2] if len(column) == 3 else "") for column in columns]
    cells = Table(heads, [[attrgetter(column[1])(record) for column in columns] for record in records]).cells()
    filled = [number for number in range(len(columns)) if any(row[number] for row in cells)]
    return grid([columns[number][0] for number in filled], [[row[number] for number in filled] for row in cells])


Written = Callable[[Any], str]
"""From a record to text, such as a template's macro."""


def pivot(records: Sequence[Any], corner: str, down: Written, across: Written, cell: Written) -> Markup:
    """Records as a table with a row for each value of `down` and a column for each of `across`.

    Parameters
    ----------
    corner : str
        The heading of the first column.
    """
    cells = {(down(record), across(record)): cell(record) for record in records}
    heads, rows = (list(dict.fromkeys(key[side] for key in cells)) for side in (1, 0))
    return grid([corner, *heads], [[row, *(cells.get((row, head), "") for head in heads)] for row in rows])


def data_link(root: Path, path: str) -> Markup:
    """A link that holds the file itself, so that a page that is sent alone is whole."""
    content = base64.b64encode(files.read_text(root / path).encode()).decode()
    form = '<a download="{}" href="data:text/csv;base64,{}">{}</a>'
    return Markup(form).format(path.replace("/", "-"), content, path)  # noqa: S704  (escapes what it is given)
