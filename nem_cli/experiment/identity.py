"""Whether a folder's results belong to the experiment at hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nem_cli.errors import FolderError


def refuse_other(folder: Path, theirs: dict[str, Any], ours: dict[str, Any], swept: set[str]) -> None:
    """Refuse a folder that holds another experiment.

    Parameters
    ----------
    theirs, ours : dict
        Settings by dotted path; see `Experiment.identity`.
    swept : set of str
        Settings that either sweep sets: they belong to the levels and may differ.

    Raises
    ------
    FolderError
        With a line for each setting that differs.
    """
    missing = object()
    differing = [
        f"  {path}: there {_shown(theirs.get(path, missing), missing)}, here {_shown(ours.get(path, missing), missing)}"
        for path in sorted(theirs.keys() | ours.keys())
        if not _is_swept(path, swept) and theirs.get(path, missing) != ours.get(path, missing)
    ]
    if differing:
        raise FolderError(
            "holds another experiment; it is left untouched. These settings differ:\n"
            + "\n".join(differing)
            + "\nGive another --out or another name, or --fresh to start over",
            source=str(folder),
        )


def _is_swept(path: str, swept: set[str]) -> bool:
    return any(path == other or path.startswith(f"{other}.") or other.startswith(f"{path}.") for other in swept)


def _shown(value: object, missing: object) -> str:
    return "not set" if value is missing else json.dumps(value)
