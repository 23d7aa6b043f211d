"""Whether a run's files are what its journal, its config and this version of nem would make again."""

from __future__ import annotations

import functools
import hashlib
from importlib import resources
from pathlib import Path
from typing import Any

from nem_cli.errors import FolderError
from nem_cli.experiment import folder as files
from nem_cli.experiment.config import Experiment

MADE = ("config.yaml", "trials.csv", "summary.csv", "figure.png", "figure.svg", "manifest.json")


def stamp(folder: Path, experiment: Experiment) -> dict[str, Any]:
    """What ``timing.json`` says of the files that were made, and of what they were made from."""
    there = [name for name in MADE if (folder / name).is_file()]
    return {"made_from": _inputs(experiment), "made": {name: _digest(folder / name) for name in there}}


def is_made(folder: Path, experiment: Experiment) -> bool:
    """Whether every file is there, as it was made, from the same config by the same code.

    The journal must hold all blocks, unchanged since: its blocks are never replaced by others.
    """
    try:
        found = files.read_json(folder / "timing.json")
    except FolderError:
        return False
    return {key: found.get(key) for key in ("made_from", "made")} == stamp(folder, experiment)


def _inputs(experiment: Experiment) -> str:
    return hashlib.sha256(f"{_source()} {experiment.model_dump_json()}".encode()).hexdigest()


@functools.cache
def _source() -> str:
    """A digest of nem's own code and templates."""
    package = Path(str(resources.files("nem_cli")))
    found = hashlib.sha256()
    for path in sorted(path for path in package.rglob("*") if path.suffix in {".py", ".txt", ".html"}):
        found.update(path.read_bytes())
    return found.hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
