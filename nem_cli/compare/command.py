"""`nem compare`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from nem_cli.terminal import completion, options
from nem_cli.terminal import messages as terminal

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
    quiet: options.Quiet = False,
    json: options.Json = False,
    dry_run: options.DryRun = False,
) -> None:
    """Test the difference of two optimal mean counts, on fresh trials, by the bootstrap.

    Runs that are missing are made first; finished ones are used as they are.

    Example: nem compare additive multiplicative --bootstraps 10000
    """
    from nem_cli.compare.compare import estimates, run_plan
    from nem_cli.compare.plan import plan
    from nem_cli.experiment.runner import Workers

    asked = plan(a, b, bootstraps=bootstraps, trials=trials, seed=seed, root=out, anew=fresh)
    workers = Workers(jobs, backend, scheduler, timeout)
    if dry_run:
        for sentence in estimates(asked, workers):
            terminal.console().print(sentence)
        return
    found = run_plan(
        asked, workers, lambda title: terminal.progress(title, quiet or json), command=["nem", *sys.argv[1:]]
    )
    if json:
        from nem_cli.compare.text import comparison_json

        typer.echo(comparison_json(found))
    elif not quiet:
        from nem_cli.compare.tables import print_comparison

        print_comparison(found, asked.folder)
