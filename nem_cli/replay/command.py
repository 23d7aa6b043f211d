"""`nem replay`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
        Path | None,
        typer.Option(
            "--out", parser=options.folder, help="Folder for the csv and the figure.", show_default="the run's"
        ),
    ] = None,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    """Run one trial of a run again and print its iterates; it must end as it did in the run.

    Example: nem replay results/mnem --sigma 0.44 --trial 17
    """
    from nem_cli.errors import RunError
    from nem_cli.experiment.load import assign
    from nem_cli.experiment.paths import flatten
    from nem_cli.replay.replay import replay as run_again
    from nem_cli.replay.replay import write
    from nem_cli.terminal.words import words

    chosen: dict[str, Any] = {}
    for each in settings or ():
        assign(chosen, each)
    found = run_again(run, sigma, trial, flatten(chosen))
    path = write(found, out or run)
    if json:
        _print_json(found)
    elif not quiet:
        _print_table(found)
        typer.echo(words("replay", "ending.txt", found=found))
        typer.echo(f"Written to {path}, .png and .svg")
    if found.differences:
        raise RunError(
            f"{run}: trial {trial} doesn't end as {found.checked_with} recorded: {'; '.join(found.differences)}. "
            "Another numpy, another kind of processor or another version of nem can do that; see manifest.json"
        )


def _print_json(found: Replay) -> None:
    from json import dumps, loads

    result = {
        "settings": dict(found.level.settings),
        "trial": found.trial,
        "status": found.status.label,
        "iterates": [dataclasses.asdict(row) for row in found.iterates],
        "checked_with": found.checked_with or None,
        "differences": list(found.differences),
    }
    plain = loads(dumps(result), parse_constant=lambda _: None)  # JSON has no NaN: a degenerate start has no density
    typer.echo(dumps(plain, indent=2))


def _print_table(found: Replay) -> None:
    import numpy as np

    from nem_cli.experiment.describe import curve_name
    from nem_cli.statistics.table import Column, Table

    console = terminal.console()
    console.print(f"{found.experiment.name}: trial {found.trial} at {curve_name(found.level.settings)}", style="bold")
    names = list(found.iterates[0].parameters)
    columns = [Column("k", "d"), Column("scale", ".4g"), Column("noise, %", ".1f"), Column("log-lik.", ".4f")]
    rows = [
        [
            row.k,
            row.noise_scale,
            None if row.injected is None else 100 * row.injected,
            row.log_likelihood,
            *(" ".join(f"{value:.4g}" for value in np.ravel(row.parameters[name])) for name in names),
        ]
        for row in found.iterates
    ]
    terminal.print_table(Table([*columns, *map(Column, names)], rows).rich())
    console.print("k: M-steps done. Scale: the noise's standard deviation. Noise: share of the samples that got any.")
