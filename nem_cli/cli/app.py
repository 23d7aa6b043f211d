"""The application: its commands and what every one of them has in common."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from nem_cli.cli import check, schema, settings, show
from nem_cli.compare import command as compare
from nem_cli.fit import command as fit
from nem_cli.paper import command as figures
from nem_cli.paper.protocols import command as protocols
from nem_cli.replay import command as replay
from nem_cli.sweep import command as sweep
from nem_cli.terminal.process import prepare
from nem_cli.verify import command as verify

app = typer.Typer(
    name="nem",
    epilog="Example: nem sweep mnem   (runs the experiment of the paper's Figure 1)",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
)
app.command("sweep", short_help="Run an experiment: a table, csv files and a figure.")(sweep.sweep)
app.command("compare", short_help="Test the difference between two modes at their optima.")(compare.compare)
app.command("figures", short_help="Make the paper's figures, the comparison and the report.")(figures.figures)
app.command("protocols", short_help="Which protocols could have given the paper's numbers?")(protocols.protocols)
app.command("fit", short_help="Fit a mixture or a chain to your own data.")(fit.fit)
app.command("verify", short_help="Measure the NEM condition along EM's path.")(verify.verify)
app.command("replay", short_help="Run one trial of a run again and print its iterates.")(replay.replay)
app.command("check", short_help="Validate a config; run nothing.")(check.check)
app.command("settings", short_help="Explain the settings of a config.")(settings.settings)
app.command("schema", short_help="Print the JSON Schema of a config, for editors.")(schema.schema)
app.command("show", short_help="Print the table of a finished run.")(show.show)


def _print_version(wanted: bool) -> None:
    if wanted:
        from nem_cli.version import __version__

        typer.echo(f"nem {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Noisy Expectation-Maximization: does noise speed up EM, by how much, and when does it harm?"""


def main() -> None:
    """Entry point of ``nem``."""
    prepare()
    sys.path.append("")  # package.module:Name may be a file in the current folder; last, so that it shadows nothing
    app(prog_name="nem")
