"""The application: its commands and what every one of them has in common."""

from __future__ import annotations

import typer

from nem_cli.cli import check, figures, show, sweep

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
app.command("figures")(figures.figures)
app.command("check")(check.check)
app.command("show")(show.show)


@app.callback()
def common(
    version: bool = typer.Option(False, "--version", help="Print the version and exit.", is_eager=True),
) -> None:
    """Noisy Expectation-Maximization: does noise speed up EM, by how much, and when does it harm?"""
    if version:
        from nem_cli.experiment.machine import package_version

        typer.echo(f"nem {package_version()}")
        raise typer.Exit


def main() -> None:
    """Entry point of ``nem``."""
    app(prog_name="nem")
