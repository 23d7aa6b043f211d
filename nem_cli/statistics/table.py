"""A table: made once, shown on a terminal, a page, in a paper, or as csv."""

from __future__ import annotations

import csv
import io
import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Literal

from nem_cli.statistics.estimate import Estimate

if TYPE_CHECKING:
    from rich.table import Table as RichTable

Number = str | int | float | None
Cell = Number | tuple[float | None, float | None] | Estimate
"""A pair is an interval. What can't be had, None or NaN, is left empty."""

ENDS = ("", "_low", "_high")
"""What an estimate's columns in csv end in; an interval has the last two."""
_LATEX = {**{c: f"\\{c}" for c in "&%$#_{}"}, "\\": r"\textbackslash{}", "~": r"\textasciitilde{}",
          "^": r"\textasciicircum{}", "\N{MINUS SIGN}": "$-$"}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """A column.

    Parameters
    ----------
    name : str
        Its heading.
    form : str
        Format of its numbers, as of `format`; a column with one stands at the right.
    key : str
        Its name in csv; the heading by default.
    """

    name: str
    form: str = ""
    key: str = ""


@dataclass(frozen=True)
class Table:
    """A table.

    Parameters
    ----------
    caption : str
        Lines of plain text.
    bold : frozenset of int
        Numbers of the rows that stand out.
    """

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""
    bold: frozenset[int] = frozenset()

    def cells(self) -> list[list[str]]:
        """The cells as a reader sees them."""
        forms = [column.form for column in self.columns]
        return [[shown(cell, form) for cell, form in zip(row, forms, strict=True)] for row in self.rows]

    def rich(self, widths: Sequence[int] = ()) -> RichTable:
        """For a terminal; `widths` are the columns' least."""
        from rich.box import SIMPLE_HEAD
        from rich.table import Table as RichTable

        table = RichTable(box=SIMPLE_HEAD, show_edge=False, padding=0)
        for column, width in zip(self.columns, widths or [0] * len(self.columns), strict=True):
            table.add_column(column.name, justify=_side(column), no_wrap=bool(column.form), min_width=width)
        for number, row in enumerate(self.cells()):
            table.add_row(*row, style="bold" if number in self.bold else "")
        return table

    def html(self) -> str:
        """An HTML table, every text escaped."""
        caption = "<br/>".join(escape(line) for line in self.caption.split("\n"))
        body = [
            _html_row("td", row, "font-weight: bold" if number in self.bold else "")
            for number, row in enumerate(self.cells())
        ]
        return (
            "<table>" + (f'<caption style="text-align: left">{caption}</caption>' if caption else "") + "<thead>"
            f"{_html_row('th', self._names())}</thead><tbody>{''.join(body)}</tbody></table>"
        )

    def markdown(self) -> str:
        """A table as GitHub and most other readers of Markdown take it."""
        rule = ["---:" if _side(column) == "right" else "---" for column in self.columns]
        lines = [self._names(), rule, *self.cells()]
        escaped = [[cell.replace("|", "\\|") for cell in line] for line in lines]
        return "".join(f"| {' | '.join(line)} |\n" for line in escaped)

    def latex(self) -> str:
        """A ``tabular`` with the rules of the booktabs package."""
        sides = "".join(_side(column)[0] for column in self.columns)
        escaped = [
            ["".join(_LATEX.get(c, c) for c in cell) for cell in line] for line in [self._names(), *self.cells()]
        ]
        head, *body = [" & ".join(line) + r" \\" for line in escaped]
        begin, end = rf"\begin{{tabular}}{{{sides}}}", r"\end{tabular}"
        return "\n".join([begin, r"\toprule", head, r"\midrule", *body, r"\bottomrule", end, ""])

    def records(self) -> list[dict[str, Number]]:
        """Every number in full, by the columns' names in csv; an interval has two of them, an estimate three."""
        ends = [_ends([row[i] for row in self.rows]) for i in range(len(self.columns))]
        names = [column.key or column.name for column in self.columns]
        keys = [f"{name}{end}" for name, each in zip(names, ends, strict=True) for end in each]
        written = [[numbers(cell, len(each)) for cell, each in zip(row, ends, strict=True)] for row in self.rows]
        return [dict(zip(keys, itertools.chain(*row), strict=True)) for row in written]

    def csv(self) -> str:
        """The records as csv."""
        records = self.records()
        return csv_line(records[0]) + "".join(csv_line(record.values()) for record in records)

    def _names(self) -> list[str]:
        return [column.name for column in self.columns]


def csv_line(cells: Iterable[Number]) -> str:
    """One line of a csv file."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue()


def _side(column: Column) -> Literal["left", "right"]:
    return "right" if column.form else "left"


def shown(cell: Cell, form: str = "") -> str:
    """A cell as a reader sees it, its numbers in a format."""
    if isinstance(cell, Estimate):
        value, ends = shown(cell.value, form), shown((cell.low, cell.high), form)
        return f"{value} ({ends})" if ends else value
    if isinstance(cell, tuple):
        low, high = (shown(end, form) for end in cell)
        return f"{low} to {high}" if low and high else ""
    if cell is None or (isinstance(cell, float) and not math.isfinite(cell)):
        return ""
    return cell if isinstance(cell, str) else format(cell, form)


def _ends(cells: Sequence[Cell]) -> tuple[str, ...]:
    """What the names of a column's columns in csv end in."""
    if any(isinstance(cell, Estimate) for cell in cells):
        return ENDS
    return ENDS[1:] if any(isinstance(cell, tuple) for cell in cells) else ENDS[:1]


def numbers(cell: Cell, width: int = 1) -> list[Number]:
    """A cell as csv has it: an estimate in three cells, an interval in two, what can't be had as None in so many."""
    if isinstance(cell, Estimate):
        values: tuple[Number, ...] = (cell.value, cell.low, cell.high)
    else:
        values = cell if isinstance(cell, tuple) else (cell, *(None,) * (width - 1))
    return [None if isinstance(value, float) and not math.isfinite(value) else value for value in values]


def _html_row(tag: str, cells: Sequence[str], look: str = "") -> str:
    style = f' style="{look}"' if look else ""
    return f"<tr{style}>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"
