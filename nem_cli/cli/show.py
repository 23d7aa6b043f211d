"""`nem show`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nem_cli.terminal import messages as terminal
from nem_cli.terminal import options


@terminal.command
def show(
    run: Annotated[Path, typer.Argument(help="A finished run's folder.")],
    json: options.Json = False,
) -> None:
    """Print the table of a finished run.

    Example: nem show results/mnem
    """
    from nem_cli.statistics.run import Run

    finished = Run.open(run)
    if json:
        from nem_cli.statistics.tables import summary_json

        typer.echo(summary_json(finished.experiment, finished.rows))
        return
    from nem_cli.terminal.tables import print_run

    print_run(finished)
