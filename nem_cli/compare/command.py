"""`nem compare`."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nem_cli.terminal import completion, options
from nem_cli.terminal import messages as terminal

if TYPE_CHECKING:
    from nem_cli.compare.comparison import Comparison

_GIVEN = typer.Argument(
    help="An injection mode (its figure config), a config, or a finished run's folder.",
    autocompletion=completion.modes_and_configs,
)


@terminal.resumable
def compare(
    a: Annotated[str, _GIVEN],
    b: Annotated[str, _GIVEN],
    bootstraps: Annotated[int, typer.Option("--bootstraps", help="Bootstrap resamples.")] = 10_000,
    trials: Annotated[
        int | None, typer.Option("--trials", help="Fresh trials.", show_default="as many as in the sweep")
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option("--seed", help="The fresh trials have this seed + 1 and + 2.", show_default="the sweep's"),
    ] = None,
    out: options.Root = Path("results"),
    jobs: options.Jobs = None,
    backend: options.Backend = "loky",
    scheduler: options.Scheduler = "",
    timeout: options.Timeout = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Start over with runs and fresh trials; folders that are given stay.")
    ] = False,
    notes: options.Notes = False,
    quiet: options.Quiet = False,
    json: options.Json = False,
    dry_run: options.DryRun = False,
) -> None:
    """Test the difference of two optimal mean counts, on fresh trials, by the bootstrap.

    Runs that are missing are made first; finished ones are used as they are.

    Example: nem compare additive multiplicative --bootstraps 10000
    """
    from nem_cli.compare.compare import outlook_of, run_plan
    from nem_cli.compare.plan import plan
    from nem_cli.experiment.runner import Workers

    asked = plan(a, b, bootstraps=bootstraps, trials=trials, seed=seed, out=out, fresh=fresh)
    workers = Workers(jobs, backend, scheduler, timeout)
    if dry_run:
        terminal.print_plan(outlook_of(asked, workers), json)
        return
    found = run_plan(asked, workers, partial(terminal.progress, quiet=quiet or json), command=["nem", *sys.argv[1:]])
    if json:
        typer.echo(found.json())
    elif not quiet:
        _print(found, asked.folder, notes)


def _print(found: Comparison, folder: Path, notes: bool) -> None:
    """The two sides, their difference in both designs, and what follows."""
    from nem_cli.compare.comparison import CONFIDENCES
    from nem_cli.statistics.optimum import METHOD
    from nem_cli.statistics.published import P_VALUE
    from nem_cli.statistics.summary import ENOUGH
    from nem_cli.statistics.table import Column, Table
    from nem_cli.terminal.words import words

    a, b = found.a, found.b
    sides = Table(
        [Column(f"{a.trials:,} trials"), Column("sigma*", "g"), Column("M-steps", ".2f"), Column("95 % CI", ".2f"),
         Column("fewer %", ".1f")],
        [("EM", 0.0, float(a.em.mean()), None, None)] + [
            (side.name, side.optimum.best, side.mean.value, (side.mean.low, side.mean.high), side.speedup_percent)
            for side in (a, b)
        ],
    )  # fmt: skip
    columns = {"a - b": ["difference", "std. error", *(f"{100 * each:g} % CI" for each in CONFIDENCES), "p-value"]}
    for name, design in (("paired", found.paired), ("unpaired", found.unpaired)):
        intervals = [design.interval(confidence) for confidence in CONFIDENCES]
        ends = [f"{each.low:.2f} to {each.high:.2f}" for each in intervals]
        columns[name] = [f"{design.difference:.3f}", f"{design.standard_error:.3f}", *ends, f"{design.p_value:.3g}"]
    if found.published:
        ends = [f"{low:.2f} to {high:.2f}" for low, high in found.published]
        columns["the paper"] = ["", "", *ends, P_VALUE.written]
    label, *numbers = columns
    differences = Table(
        [Column(label), *(Column(name, "s") for name in numbers)], list(zip(*columns.values(), strict=True))
    )
    console = terminal.console()
    console.print(f"{a.name} against {b.name} at their optima", style="bold")
    terminal.print_table(sides.rich())
    console.print()
    terminal.print_table(differences.rich())
    console.print(words("compare", "words.txt", c=found, notes=notes, enough=ENOUGH, method=METHOD).strip())
    console.print(f"Written to {folder}", soft_wrap=True)
