"""`nem verify`."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated

import typer

from nem_cli.terminal import messages as terminal
from nem_cli.terminal import options

if TYPE_CHECKING:
    from nem_cli.verify.condition import Estimate
    from nem_cli.verify.verification import Verification


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
    from nem_cli.experiment import folder
    from nem_cli.experiment.load import load
    from nem_cli.verify.text import sentences
    from nem_cli.verify.verify import verify as measure
    from nem_cli.verify.verify import write

    experiment = load(folder.find_config(config), overrides or (), seed=seed)
    place = out or folder.RESULTS / experiment.name
    folder.refuse_unwritable(place)
    with terminal.progress(experiment.name, quiet or json, unit="M-steps") as progress:
        found = measure(experiment, sigma=sigma, samples=samples, progress=progress)
    write(found, place)
    if json:
        _print_json(found, sentences(found))
    elif not quiet:
        _print_table(found, sentences(found))
        typer.echo(f"Written to {place / 'verify.csv'}, verify.png and verify.svg")


def _print_json(found: Verification, said: list[str]) -> None:
    from json import dumps

    result = dataclasses.asdict(dataclasses.replace(found, experiment=None))  # type: ignore[arg-type]
    result["experiment"] = found.experiment.model_dump(mode="json")
    typer.echo(dumps(result | {"sentences": said}, indent=2))


def _print_table(found: Verification, said: list[str]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from nem_cli.verify.text import name

    console = terminal.console()
    experiment = found.experiment
    console.print(f"The NEM condition along EM's path: {experiment.name}", style="bold")
    console.print(
        f"{experiment.noise.injection} noise, sigma {found.sigma:g}; {found.samples:,} samples; nats a sample"
    )
    count = len(experiment.mixture.weights)
    components = range(1, count + 1 if count <= _MOST_COMPONENTS else 1)
    for screen in found.screens:
        table = Table(title=name(screen), title_justify="left", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
        for column in ("k", "scale", "(10), 95 % CI", *(f"comp. {j}" for j in components), "(12) at k-1, 95 % CI"):
            table.add_column(column, justify="right", no_wrap=True)
        for row in found.of(screen):
            table.add_row(
                str(row.k),
                f"{row.scale:.3g}",
                _interval(row.condition),
                *(f"{row.components[j - 1].mean:.4f}" for j in components),
                _interval(row.at_estimate.difference),
            )
        terminal.print_table(table)
    shares = "comp. j: what component j adds to it." if components else "What each component adds is in verify.csv."
    console.print(
        f"(10): the expectation, at theta* (there the sides of (12) differ by the same). {shares} (12) at k-1: left "
        "minus right side, Y from the current estimate. Intervals are pointwise."
    )
    for sentence in said:
        console.print(sentence)


def _interval(estimate: Estimate) -> str:
    return f"{estimate.low:.4f} to {estimate.high:.4f}"
