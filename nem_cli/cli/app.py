"""The application: its commands and what every one of them has in common."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from nem_cli.cli import check, compare, figures, fit, replay, schema, show, sweep, verify

app = typer.Typer(
    name="nem",
    help="Noisy Expectation-Maximization: does noise speed up EM, by how much, and when does it harm?",
    epilog="Example: nem sweep mnem   (runs the experiment of the paper's Figure 1)",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
)
app.command("sweep")(sweep.sweep)
app.command("compare")(compare.compare)
app.command("figures")(figures.figures)
app.command("fit")(fit.fit)
app.command("verify")(verify.verify)
app.command("replay")(replay.replay)
app.command("check")(check.check)
app.command("schema")(schema.schema)
app.command("show")(show.show)


def _print_version(wanted: bool) -> None:
    if wanted:
        import nem_cli

        typer.echo(f"nem {nem_cli.__version__}")
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
    sys.path.append("")  # package.module:Name may be a file in the current folder; last, so that it shadows nothing
    app(prog_name="nem")
