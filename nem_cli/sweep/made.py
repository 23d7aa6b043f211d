"""What is made is made again only where what it depends on has changed: a stamp of it in ``timing.json`` tells."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Iterable
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import Any

from nem_cli.errors import FolderError
from nem_cli.experiment import folder as files
from nem_cli.experiment.machine import software

STAMPS = "timing.json"


def stamp(folder: Path, outputs: Iterable[str], inputs: object) -> dict[str, Any]:
    """What files of a folder were made from, and what they are now.

    Parameters
    ----------
    inputs : object
        JSON, of all that they depend on but the code.
    """
    made_from = hashlib.sha256(f"{_code()} {json.dumps(inputs)}".encode()).hexdigest()
    there = {name: digest(folder / name) for name in outputs if (folder / name).is_file()}
    return {"made_from": made_from, "made": there}


def is_made(folder: Path, part: str, outputs: Iterable[str], inputs: object) -> bool:
    """Whether files are what the same inputs and the same code made them, untouched since.

    Parameters
    ----------
    part : str
        What the files are of, in the folder's stamps.
    outputs, inputs
        As of `stamp`.
    """
    return stamps(folder).get(part) == stamp(folder, outputs, inputs)


def make(folder: Path, part: str, outputs: Iterable[str], inputs: object, work: Callable[[], object]) -> None:
    """Do the work that writes files, unless they are made; as `is_made`."""
    if not is_made(folder, part, outputs, inputs):
        work()
        stamped = stamps(folder) | {part: stamp(folder, outputs, inputs)}
        files.write(folder / STAMPS, files.indented_json({"stamps": stamped}))


def stamps(folder: Path) -> dict[str, Any]:
    """The stamps of what was made in a folder, by part; none where they can't be read."""
    try:
        found = files.read_json(folder / STAMPS).get("stamps")
    except FolderError:
        return {}
    return found if isinstance(found, dict) else {}


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@functools.cache
def _code() -> str:
    """A digest of nem's own files, and of the versions of what makes numbers and figures."""
    package = Path(str(resources.files("nem_cli")))
    found = hashlib.sha256(f"{software()} {version('matplotlib')}".encode())
    for path in sorted(path for path in package.rglob("*") if path.is_file() and path.suffix != ".pyc"):
        found.update(path.read_bytes())
    return found.hexdigest()
