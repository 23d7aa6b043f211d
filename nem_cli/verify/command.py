"""`nem verify`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from nem_cli.terminal import messages as terminal
from nem_cli.terminal import options

if TYPE_CHECKING:
    from nem_cli.statistics.table import Table
    from nem_cli.verify.verify import Verification

_MOST_COMPONENTS = 2
"""With more, their columns don't fit a terminal."""


@terminal.command
def verify(
    config: options.Config,
    overrides: options.Overrides = None,
    sigma: Annotated[
        float | None,
        typer.Option(
            "--sigma",
            min=0,
            help="Initial noise standard deviation.",
            show_default="the paper's optimum if swept, else the middle level",
        ),
    ] = None,
    samples: Annotated[int, typer.Option("--samples", min=2, max=10_000_000, help="Samples of Y.")] = 100_000,
    seed: options.Seed = None,
    out: options.Out = None,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    """Measure the theorem's condition (10) and both sides of (12) along EM's path.

    For the config's noise, and for blind and reversed noise of the same injection.

    Example: nem verify mnem --sigma 0.44
    """
    from dataclasses import asdict
    from json import dumps

    from nem_cli.experiment import folder
    from nem_cli.experiment.load import load
    from nem_cli.terminal.words import words
    from nem_cli.verify.verify import verify as measure
    from nem_cli.verify.verify import write

    experiment = load(folder.find_config(config), overrides or (), seed=seed)
    place = out or folder.RESULTS / experiment.name
    folder.refuse_unwritable(place)
    with terminal.progress(experiment.name, quiet or json, unit="M-steps") as progress:
        found = measure(experiment, sigma=sigma, samples=samples, progress=progress)
    write(found, place)
    said = words("verify", "verify.txt", found=found).splitlines()
    if json:
        record = asdict(found) | {"experiment": experiment.model_dump(mode="json"), "sentences": said}
        typer.echo(dumps(record, indent=2))
    elif not quiet:
        noise, console = experiment.noise, terminal.console()
        console.print(f"The NEM condition along EM's path: {experiment.name}", style="bold")
        console.print(f"{noise.injection} noise, sigma {found.sigma:g}; {found.samples:,} samples; nats a sample")
        for screen in found.screens:
            console.print(f"\n{'blind' if screen == 'none' else screen} noise", style="bold")
            terminal.print_table(_table(found, screen).rich())
        console.print(
            "(10): the expectation, at theta* (there the sides of (12) differ by the same). Comp. j: what component j "
            "adds to it. (12) at k-1: left minus right side, Y from the current estimate. Intervals: 95 %, pointwise."
        )
        for sentence in said:
            console.print(sentence)
        typer.echo(f"Written to {place / 'verify.csv'}, verify.png and verify.svg")


def _table(found: Verification, screen: str) -> Table:
    from nem_cli.statistics.table import Column, Table

    measured = found.of(screen)
    count = len(measured[0].components)
    shown = range(count if count <= _MOST_COMPONENTS else 0)
    names = [f"comp. {j + 1}" for j in shown]
    columns = [
        Column("k", "d"),
        Column("scale", ".3g"),
        *(Column(n, ".4f") for n in ("(10), 95 % CI", *names, "(12) at k-1")),
    ]
    return Table(
        columns,
        [
            [
                row.k,
                row.scale,
                (row.condition.low, row.condition.high),
                *(row.components[j].value for j in shown),
                (row.at_estimate.difference.low, row.at_estimate.difference.high),
            ]
            for row in measured
        ],
    )
