"""The verdict table on the terminal: 80 columns are enough."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rich.box import SIMPLE_HEAD
from rich.padding import Padding
from rich.table import Table

from nem_cli.paper.claims import Row
from nem_cli.paper.findings import Finding
from nem_cli.paper.prose import few, tally
from nem_cli.paper.verdict import Outcome
from nem_cli.terminal import messages as terminal


def print_verdict(rows: Sequence[Row], trials: int) -> None:
    """Claim, the paper's value, ours, and the outcome, under both protocols, from so many trials a level."""
    console = terminal.console()
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1), collapse_padding=True)
    table.add_column("claim")
    for name in ("the paper", "as stated", "companion"):
        table.add_column(name, no_wrap=True)
    for group, members in groupby(rows, key=lambda row: row.claim.group):
        table.add_row(group, style="bold")
        for row in members:
            table.add_row(
                Padding(row.claim.text, (0, 0, 0, 2)), row.claim.paper, _cell(row.stated), _cell(row.companion)
            )
    terminal.print_table(table)
    console.print(" ".join(f"{outcome.sign} {outcome};" for outcome in Outcome).rstrip(";"))
    for sentence in [*tally(rows), *few(trials)]:
        console.print(sentence)


def _cell(found: Finding) -> str:
    return f"{found.verdict.outcome.sign} {found.ours}"
