"""`nem replay`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nem_cli.terminal import messages as terminal
from nem_cli.terminal import options

if TYPE_CHECKING:
    from nem_cli.replay.replay import Replay


@terminal.command
def replay(
    run: Annotated[Path, typer.Argument(help="A run's folder.")],
    sigma: Annotated[float, typer.Option("--sigma", help="Initial noise standard deviation, one of the run's levels.")],
    trial: Annotated[int, typer.Option("--trial", help="The trial's number, from 0 on, as in trials.csv.")],
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Value of another swept setting. Repeatable."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the csv and the figure.", show_default="the run's")
    ] = None,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    """Run one trial of a run again and print its iterates; it must end as it did in the run.

    Example: nem replay results/mnem --sigma 0.44 --trial 17
    """
    from nem_cli.errors import RunError
    from nem_cli.replay.replay import replay as run_again
    from nem_cli.replay.replay import write

    found = run_again(run, sigma, trial, settings or ())
    path = write(found, out or run)
    if json:
        _print_json(found)
    elif not quiet:
        _print_table(found)
        typer.echo(_checked(found))
        typer.echo(f"Written to {path}, .png and .svg")
    if found.differences:
        raise RunError(
            f"{run}: trial {trial} doesn't end as {found.checked_with} recorded: {'; '.join(found.differences)}. "
            "Another numpy, another kind of processor or another version of nem can do that; see manifest.json"
        )


def _checked(found: Replay) -> str:
    if not found.checked_with:
        return "The run's folder holds neither trials.sqlite nor trials.csv, so the ending couldn't be checked."
    if found.differences:
        return f"It doesn't end as {found.checked_with} recorded."
    return f"It ends exactly as {found.checked_with} recorded. {found.ending.status.sentence}"


def _print_json(found: Replay) -> None:
    from json import dumps, loads

    result = {
        "settings": dict(found.level.settings),
        "trial": found.trial,
        "status": found.ending.status.label,
        "iterates": [dataclasses.asdict(row) for row in found.iterates],
        "checked_with": found.checked_with or None,
        "differences": list(found.differences),
    }
    plain = loads(dumps(result), parse_constant=lambda _: None)  # JSON has no NaN: a degenerate start has no density
    typer.echo(dumps(plain, indent=2))


def _print_table(found: Replay) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from nem_cli.em.parameters import PARAMETERS
    from nem_cli.experiment import describe as text

    console = terminal.console()
    console.print(
        f"{found.experiment.name}: trial {found.trial} at {text.curve_name(found.level.settings)}", style="bold"
    )
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1), collapse_padding=True)
    for column in ("k", "scale", "noise", "log-lik.", "weights", "means", "variances"):
        table.add_column(column, justify="right", no_wrap=column not in PARAMETERS)
    for row in found.iterates:
        parameters = [
            " ".join(f"{value:.4g}" for value in values) for values in (row.weights, row.means, row.variances)
        ]
        scale = "" if row.noise_scale is None else f"{row.noise_scale:.4g}"
        share = "" if row.injected is None else f"{100 * row.injected:.1f} %"
        table.add_row(str(row.k), scale, share, f"{row.log_likelihood:.4f}", *parameters)
    terminal.print_table(table)
    console.print("k: M-steps done. Scale: the noise's standard deviation. Noise: share of the samples that got any.")
