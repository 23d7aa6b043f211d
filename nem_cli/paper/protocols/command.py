"""`nem protocols`."""

from __future__ import annotations

from typing import Annotated

import typer

from nem_cli.terminal import completion, options
from nem_cli.terminal import messages as terminal


@terminal.resumable
def protocols(
    config: Annotated[
        str,
        typer.Argument(help="A search's config, or the bare name of a shipped one.", autocompletion=completion.configs),
    ] = "protocols",
    overrides: options.Overrides = None,
    seed: options.Seed = None,
    out: options.Out = None,
    jobs: options.Jobs = None,
    backend: options.Backend = "loky",
    scheduler: options.Scheduler = "",
    timeout: options.Timeout = None,
    fresh: options.Fresh = False,
    quiet: options.Quiet = False,
    json: options.Json = False,
    dry_run: options.DryRun = False,
) -> None:
    """Race many declared protocols against the paper's numbers: which could have given them?

    A search that was stopped goes on where it stopped when the same command is given again.

    Example: nem protocols --jobs 2
    """
    from nem_cli.experiment import folder as files
    from nem_cli.experiment.runner import Workers
    from nem_cli.paper.protocols.config import families, load, ways
    from nem_cli.paper.protocols.results import settings_table, stages_table, summary_json
    from nem_cli.paper.protocols.search import find
    from nem_cli.paper.protocols.write import write

    search = load(files.find_config(config), overrides or (), seed=seed)
    workers = Workers(jobs, backend, scheduler, timeout)
    if dry_run:
        count = len(families(search))
        typer.echo(f"{search.name}: {count:,} path families, {count * len(ways(search.rules)):,} protocols")
        return
    folder = files.RESULTS / search.name if out is None else out
    with terminal.progress(search.name, quiet or json, unit="families") as progress:
        found = find(search, folder, workers=workers, fresh=fresh, progress=progress)
    made = write(found, folder)
    if json:
        typer.echo(summary_json(made))
    elif not quiet:
        for table in (stages_table(made), settings_table(made)):
            terminal.print_table(table.rich())
        typer.echo(f"Written to {folder}")
