"""`nem show`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nem_cli.cli import options, terminal


@terminal.command
def show(
    run: Annotated[Path, typer.Argument(help="A finished run's folder.")],
    json: options.Json = False,
) -> None:
    """Print the table of a finished run.

    Example: nem show results/mnem
    """
    from nem_cli.workflow.sweep import Run

    finished = Run.open(run)
    if json:
        from nem_cli.report.tables import summary_json

        typer.echo(summary_json(finished.experiment, finished.summary))
        return
    from nem_cli.cli.tables import print_run

    print_run(finished)
