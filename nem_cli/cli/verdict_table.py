"""The verdict table on the terminal: 80 columns are enough."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from nem_cli.report.claims import Finding, Row
from nem_cli.report.prose import tally


def print_verdict(rows: Sequence[Row]) -> None:
    """Claim, the paper's value, ours, and the outcome, under both protocols."""
    console = Console(highlight=False)
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1), collapse_padding=True)
    table.add_column("claim", ratio=1)
    table.add_column("paper", max_width=13)
    table.add_column("as stated", max_width=19)
    table.add_column("companion", max_width=19)
    for row in rows:
        table.add_row(row.claim.text, row.claim.paper, _cell(row.stated), _cell(row.companion))
    console.print(table)
    for sentence in tally(rows):
        console.print(sentence)


def _cell(found: Finding) -> str:
    return f"{found.verdict.outcome.sign} {found.ours}"
