"""`nem figures`."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from nem_cli.terminal import messages as terminal
from nem_cli.terminal import options


@terminal.resumable
def figures(
    out: options.Root = Path("results"),
    trials: options.Trials = None,
    jobs: options.Jobs = None,
    backend: options.Backend = "loky",
    scheduler: options.Scheduler = "",
    timeout: options.Timeout = None,
    everything: Annotated[bool, typer.Option("--all", help="Run every study too, and put it into the report.")] = False,
    fresh: options.Fresh = False,
    check: Annotated[
        bool,
        typer.Option("--check", help="Run everything afresh elsewhere and compare its csv files with those there."),
    ] = False,
    quiet: options.Quiet = False,
    json: options.Json = False,
    dry_run: options.DryRun = False,
) -> None:
    """Make the paper's figures from simulated trials, the comparison of the modes, and the reproduction report.

    Runs that are there already are used, and a stopped one goes on.

    Example: nem figures --trials 200 --out results-of-200
    """
    from nem_cli.experiment.runner import Workers
    from nem_cli.paper import check as checking
    from nem_cli.paper.claims import WIDTHS, verdict_json, verdict_table
    from nem_cli.paper.figures import figures as make
    from nem_cli.paper.figures import outlook_of

    workers = Workers(jobs, backend, scheduler, timeout)
    progress = partial(terminal.progress, quiet=quiet or json)
    if dry_run:
        terminal.print_plan(outlook_of(trials, workers, everything=everything or check), json)
        return
    if check:
        _check(out, partial(checking.check, out, trials=trials, workers=workers, progress=progress), quiet, json)
        return
    made = make(
        out,
        trials=trials,
        workers=workers,
        progress=progress,
        everything=everything,
        fresh=fresh,
        command=["nem", *sys.argv[1:]],
    )
    if json:
        typer.echo(verdict_json(made.rows))
    elif not quiet:
        for run in made.runs:
            typer.echo(f"{run.folder / 'figure.png'}: {run.experiment.title}")
        for folder in made.comparisons:
            typer.echo(f"{folder / 'comparison.png'}: the modes compared at their optima")
        terminal.print_table(verdict_table(made.rows).rich(WIDTHS))
        typer.echo(f"{made.report}: the report; its table is in {made.verdict}")


@terminal.command
def _check(out: Path, find: Callable[[], Sequence[Any]], quiet: bool, json: bool) -> None:
    """`--check`: a command of its own, since one that is interrupted keeps nothing."""
    from json import dumps

    from nem_cli.errors import RunError

    found = find()
    if json:
        typer.echo(dumps([dataclasses.asdict(each) for each in found], indent=2))
    elif not quiet:
        for each in found:
            typer.echo(each)
    if found:
        raise RunError(
            f"{out}: csv files differ from those made afresh (differences: {len(found)}); the first: {found[0]}"
        )
    if not (quiet or json):
        typer.echo(f"{out}: the csv files agree with those made afresh")
