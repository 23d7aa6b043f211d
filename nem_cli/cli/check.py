"""`nem check`."""

from __future__ import annotations

import typer

from nem_cli.terminal import messages as terminal
from nem_cli.terminal import options


@terminal.command
def check(
    config: options.Config,
    overrides: options.Overrides = None,
) -> None:
    """Validate a config and say what it would run; run nothing.

    Example: nem check my-experiment.yaml --set trials=200
    """
    from nem_cli.experiment import folder
    from nem_cli.experiment.load import load
    from nem_cli.experiment.plan import levels

    path = folder.find_config(config)
    experiment = load(path, overrides or ())
    count = len(levels(experiment))
    typer.echo(f"{path}: valid; {count} levels of {experiment.trials:,} trials of {experiment.sample_size:,} samples")
