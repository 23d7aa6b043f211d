"""`nem check`."""

from __future__ import annotations

import typer

from nem_cli.cli import options, terminal


@terminal.command
def check(
    config: options.Config,
    overrides: options.Overrides = None,
) -> None:
    """Validate a config and say what it would run; run nothing.

    Example: nem check my-experiment.yaml --set trials=200
    """
    from nem_cli.experiment.load import load
    from nem_cli.experiment.plan import levels
    from nem_cli.workflow import folder

    path = folder.find_config(config)
    experiment = load(path, overrides or ())
    count = len(levels(experiment))
    typer.echo(f"{path}: valid; {count} levels of {experiment.trials:,} trials of {experiment.sample_size:,} samples")
