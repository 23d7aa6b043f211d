"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nem_cli.terminal import completion


def folder(given: str | Path) -> Path:
    """A folder's name; an empty one, as of a variable that isn't set, would be the current folder."""
    if not given or not str(given).isprintable():  # a default is a Path already
        raise typer.BadParameter("must be a folder's name, in characters that can be printed")
    return Path(given)


Config = Annotated[
    str,
    typer.Argument(
        help="A config file, or the bare name of a shipped one such as mnem.", autocompletion=completion.configs
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Override one setting, such as noise.decay=1. Repeatable."),
]
Trials = Annotated[int | None, typer.Option("--trials", help="Trials a level, instead of the config's.")]
Seed = Annotated[int | None, typer.Option("--seed", help="Seed, instead of the config's.")]
Out = Annotated[
    Path | None,
    typer.Option("--out", parser=folder, metavar="FOLDER", help="The run's folder.", show_default="results/NAME"),
]
Root = Annotated[
    Path, typer.Option("--out", parser=folder, metavar="FOLDER", help="The folder that holds the runs' folders.")
]
Jobs = Annotated[int | None, typer.Option("--jobs", "-j", help="Blocks of trials at once.", show_default="all cores")]
Backend = Annotated[str, typer.Option("--backend", help="loky (processes), threading or dask.")]
Scheduler = Annotated[
    str,
    typer.Option(
        "--scheduler",
        metavar="TCP://HOST:PORT",
        help="A Dask scheduler's address, for --backend dask. Traffic is pickled and unauthenticated.",
    ),
]
Timeout = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        metavar="SECONDS",
        help="Give up when no block of trials has come back for so long; what is done is kept.",
        show_default="an hour with dask, else never",
    ),
]
Notes = Annotated[bool, typer.Option("--notes", help="Say all that one must know to read the tables.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no table.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON, and nothing else, on standard output.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would run and about how long; run nothing.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Throw away what the folder holds and start over.")]
