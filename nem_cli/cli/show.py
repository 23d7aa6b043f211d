"""`nem show`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from nem_cli.terminal import messages as terminal
from nem_cli.terminal import options


@terminal.command
def show(
    run: Annotated[Path, typer.Argument(help="A finished run's folder.")],
    form: Annotated[
        Literal["md", "latex", "csv"] | None,
        typer.Option("--format", help="Print the table alone, for a paper or another program."),
    ] = None,
    notes: options.Notes = False,
    json: options.Json = False,
) -> None:
    """Print the table of a finished run.

    Modules that its config names (package.module:Name) are imported, from the current folder too.

    Example: nem show results/mnem --format latex
    """
    from nem_cli.statistics.run import Run
    from nem_cli.statistics.tables import summary_json
    from nem_cli.sweep.table import print_run

    found = Run.open(run)
    if json:
        typer.echo(summary_json(found.experiment, found.rows))
    elif form:
        table = found.table()
        formatted = {"md": table.markdown, "latex": table.latex, "csv": table.csv}
        typer.echo(formatted[form](), nl=False)
    else:
        print_run(found, notes)
