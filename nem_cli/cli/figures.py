"""`nem figures`."""

from __future__ import annotations

from pathlib import Path

import typer

from nem_cli.cli import options, terminal


@terminal.command
def figures(
    out: options.Root = Path("results"),
    trials: options.Trials = None,
    jobs: options.Jobs = None,
    backend: options.Backend = "loky",
    scheduler: options.Scheduler = "",
    timeout: options.Timeout = None,
    quiet: options.Quiet = False,
) -> None:
    """Make the paper's Figures 1 and 2 from simulated trials.

    Example: nem figures --trials 200
    """
    from nem_cli.experiment.runner import Workers
    from nem_cli.workflow.figures import figures as make

    workers = Workers(jobs, backend, scheduler, timeout)
    for run in make(out, trials=trials, workers=workers, progress=lambda name: terminal.progress(name, quiet)):
        if not quiet:
            typer.echo(f"{run.folder / 'figure.png'}: {run.experiment.title}")
