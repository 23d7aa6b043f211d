"""`nem sweep`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from nem_cli.errors import ConfigError
from nem_cli.terminal import messages as terminal
from nem_cli.terminal import options


@terminal.resumable
def sweep(
    config: options.Config,
    overrides: options.Overrides = None,
    trials: options.Trials = None,
    seed: options.Seed = None,
    out: options.Out = None,
    jobs: options.Jobs = None,
    backend: options.Backend = "loky",
    scheduler: options.Scheduler = "",
    timeout: options.Timeout = None,
    half_width: Annotated[
        float | None,
        typer.Option(
            "--until-ci",
            metavar="HALF_WIDTH",
            help="Add trials until every level's interval is at most so many M-steps to either side. An interval that "
            "decides when to stop is a little too narrow.",
        ),
    ] = None,
    max_trials: Annotated[
        int | None, typer.Option("--max-trials", help="Where --until-ci ends.", show_default="100,000")
    ] = None,
    fresh: options.Fresh = False,
    notes: options.Notes = False,
    quiet: options.Quiet = False,
    json: options.Json = False,
    dry_run: options.DryRun = False,
) -> None:
    """Run an experiment's grid: a table, and a folder with csv files and a figure.

    A run that was stopped goes on where it stopped when the same command is given again.

    Example: nem sweep mnem --trials 200 --set noise.decay=1 --out results/slow-cooling
    """
    from nem_cli.experiment import folder
    from nem_cli.experiment.load import load
    from nem_cli.experiment.runner import Workers
    from nem_cli.sweep.outlook import outlook
    from nem_cli.sweep.precision import MAX_TRIALS, Precision
    from nem_cli.sweep.sweep import sweep as run_sweep

    experiment = load(folder.find_config(config), overrides or (), trials=trials, seed=seed)
    workers = Workers(jobs, backend, scheduler, timeout)
    until = None
    if half_width is not None:
        until = Precision(half_width, MAX_TRIALS if max_trials is None else max_trials)
    elif max_trials is not None:
        raise ConfigError("needs `half_width`", source="`max_trials`")
    if dry_run:
        terminal.print_plan(outlook([(experiment.name, experiment, False)], workers), json)
        return
    with terminal.progress(experiment.name, quiet or json) as progress:
        run = run_sweep(
            experiment,
            out=out,
            workers=workers,
            fresh=fresh,
            until=until,
            progress=progress,
            command=["nem", *sys.argv[1:]],
        )
    if json:
        from nem_cli.statistics.tables import summary_json

        typer.echo(summary_json(run.experiment, run.rows))
    elif not quiet:
        from nem_cli.sweep.table import print_run

        print_run(run, notes)
