"""A run on the terminal: the table of its levels, and what its reader must know."""

from __future__ import annotations

from itertools import groupby

from nem_cli.experiment import describe
from nem_cli.statistics.run import Run
from nem_cli.statistics.summary import ended
from nem_cli.terminal import messages as terminal
from nem_cli.terminal.words import words


def print_run(run: Run, notes: bool) -> None:
    """The levels, a table for each curve; with notes the protocol and the meaning of the columns."""
    console = terminal.console()
    console.print(run.experiment.title or run.name, style="bold")
    table = run.table(paths=["sigma"], time=notes)
    names = [column.name for column in table.columns]
    widths = [max(map(len, column)) for column in zip(names, *table.cells(), strict=True)]
    for others, rows in groupby(run.rows, key=lambda row: row.others):
        if others:
            console.print(f"\n{describe.curve_name(others)}", style="bold")
        terminal.print_table(run.table(list(rows), ["sigma"], time=notes).rich(widths))
    said = words("sweep", "words.txt", run=run, ended=ended(run.rows), notes=notes, describe=describe).strip()
    if said:
        console.print(said)
    console.print(f"Written to {run.folder}", soft_wrap=True)
