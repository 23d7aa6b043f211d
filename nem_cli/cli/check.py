"""`nem check`."""

from __future__ import annotations

from typing import Annotated

import typer

from nem_cli.terminal import messages as terminal
from nem_cli.terminal import options


@terminal.command
def check(
    config: options.Config,
    overrides: options.Overrides = None,
    plugins: Annotated[
        bool,
        typer.Option("--plugins/--no-plugins", help="Import the modules that the config names, or refuse to."),
    ] = True,
) -> None:
    """Validate a config and say what it would run; run nothing.

    A config may name Python modules (package.module:Name), which are then imported, from the current folder too: check
    a config that you don't trust with --no-plugins.

    Example: nem check my-experiment.yaml --set trials=200
    """
    from nem_cli.experiment import folder
    from nem_cli.experiment.load import read
    from nem_cli.experiment.plan import levels, validate
    from nem_cli.paper.protocols import config as protocols

    path = folder.find_config(config)
    tree = read(path, overrides or (), plugins=plugins)
    if protocols.is_search(tree):
        search = protocols.validate(tree, str(path))
        families = len(protocols.families(search))
        declared = families * len(protocols.ways(search.rules))
        typer.echo(f"{path}: valid; a search through {declared:,} protocols of {families:,} path families")
        return
    experiment = validate(tree, str(path))
    experiment.system.require()
    count = len(levels(experiment))
    typer.echo(f"{path}: valid; {count} levels of {experiment.trials:,} trials of {experiment.sample_size:,} samples")
