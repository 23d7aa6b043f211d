"""The files of a run's folder: found, read and written whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import tempfile
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from nem_cli.errors import ConfigError, FolderError, NemWarning, RunError, suggest
from nem_cli.experiment.config import Experiment
from nem_cli.experiment.dialect import dump
from nem_cli.experiment.identity import Identity
from nem_cli.experiment.load import load
from nem_cli.experiment.shipped import shipped_configs

RESULTS = Path("results")
JOURNAL = "trials.sqlite"
WRITTEN = ("config.yaml", "trials.csv", "summary.csv", "manifest.json", "timing.json", "figure.png", "figure.svg")
"""What a finished run writes beside its journal."""
_UNFINISHED = ".nem-tmp"


def find_config(given: str | Path) -> Path:
    """A config's file: a path, or the bare name of a shipped one.

    Raises
    ------
    ConfigError
        If there is no such file; the message lists the shipped configs.
    """
    path = Path(given)
    try:
        if path.is_file():
            return path
    except OSError as error:  # a name too long, a folder that may not be searched
        raise ConfigError(f"can't be read: {error.strerror}", source=str(given)) from None
    shipped = shipped_configs()
    if path.name.removesuffix(".yaml") in shipped and path.parent == Path("."):
        return shipped[path.name.removesuffix(".yaml")]
    if path.is_dir():
        raise ConfigError("is a folder, not a config file", source=str(given))
    hint = suggest(path.name.removesuffix(".yaml"), shipped)
    raise ConfigError(
        f"there is no such config file, nor a shipped config of that name; {hint}shipped are "
        f"{', '.join(sorted(shipped))}",
        source=str(given),
    )


def find_run(given: str | Path) -> Path:
    """A run's folder.

    Raises
    ------
    FolderError
        If there is no such folder, or it holds no run.
    """
    folder = Path(given)
    if not folder.is_dir():
        problem = "is a file, not a run's folder" if folder.exists() else "there is no such folder"
        hint = f"; did you mean {RESULTS / folder}?" if (RESULTS / folder).is_dir() else ""
        raise FolderError(problem + hint, source=str(folder))
    read_text(folder / "config.yaml")
    return folder


def refuse_unwritable(folder: Path) -> None:
    """Refuse a folder for results before any work is done for it.

    Raises
    ------
    FolderError
        If it is a file, lies in one, or may not be written.
    """
    there = next(path for path in (folder, *folder.absolute().parents) if os.path.exists(path))
    if not there.is_dir():
        raise FolderError("is a file, or lies in one; results need a folder", source=str(folder))
    if not os.access(there, os.W_OK | os.X_OK):
        raise FolderError(f"can't be written: {os.strerror(errno.EACCES)}; choose another `out`", source=str(folder))


def refuse_foreign(folder: Path, identity: Identity) -> None:
    """Refuse a folder without a journal whose files, called as a run's, aren't this experiment's.

    Raises
    ------
    FolderError
    """
    found = _written(folder)
    if not found:
        return
    if not {"config.yaml", "manifest.json"} <= set(found):
        raise _foreign(folder, found)
    try:
        made_with = read_json(folder / "manifest.json")
        theirs = replace(Identity.of(load(folder / "config.yaml")), sources=made_with.get("plugins", {}))
        identity.refuse(theirs, folder)
    except FolderError:
        raise
    except (ConfigError, ValueError, AttributeError, TypeError) as error:
        raise FolderError(
            f"holds a config.yaml and a manifest.json that aren't a run's ({error}); they are left untouched. Give "
            "another `out`",
            source=str(folder),
        ) from error


def refuse_fewer(folder: Path, experiment: Experiment) -> None:
    """Refuse to replace a finished run of the experiment by one with fewer trials.

    Raises
    ------
    FolderError
    """
    if not {"config.yaml", "manifest.json"} <= set(_written(folder)):
        return
    try:
        there = load(folder / "config.yaml").trials
    except ConfigError:  # damaged: the journal, which is whole, makes it again
        return
    if there > experiment.trials:
        raise FolderError(
            f"holds {there:,} trials a level, which {experiment.trials:,} would replace; ask for as many, or give "
            "another `out`, or `fresh` to throw them away",
            source=str(folder),
        )


def clear(folder: Path) -> None:
    """Remove a run's files: it starts over.

    Raises
    ------
    FolderError
        If files called as a run's aren't.
    """
    found = _written(folder)
    if found and not (folder / JOURNAL).exists() and not {"config.yaml", "manifest.json"} <= set(found):
        raise _foreign(folder, found)
    for name in (*found, JOURNAL, f"{JOURNAL}-wal", f"{JOURNAL}-shm"):
        (folder / name).unlink(missing_ok=True)


def _written(folder: Path) -> list[str]:
    return [name for name in WRITTEN if os.path.lexists(folder / name)]


def _foreign(folder: Path, found: list[str]) -> FolderError:
    return FolderError(
        f"holds {', '.join(found)}, which no run of nem has finished there; it is left untouched. Give another `out`",
        source=str(folder),
    )


def unfinished(path: Path) -> Path:
    """An empty file beside a file, to be written and then renamed to it.

    Raises
    ------
    OSError
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=_UNFINISHED, dir=path.parent)
    os.close(handle)
    return Path(name)


def write(path: Path, content: str | bytes | Iterable[str]) -> None:
    """Write a file under a temporary name, then rename it: readers see the old file or the new one.

    Raises
    ------
    RunError
        If it can't be written; the old file is left as it was.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        name = unfinished(path)
        try:
            with name.open("wb") as file:
                for part in [content] if isinstance(content, str | bytes) else content:
                    file.write(part if isinstance(part, bytes) else part.encode())
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, 0o644)
            os.replace(name, path)
        except BaseException:
            name.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise RunError(f"{path}: can't be written: {error.strerror}") from error


def write_over(path: Path, content: str) -> None:
    """As `write`, with a warning where that replaces other content."""
    if path.is_file() and path.read_bytes() != content.encode():
        warnings.warn(NemWarning(f"{path}: another result stood here and was replaced"), stacklevel=2)
    write(path, content)


def remove_leftovers(folder: Path) -> None:
    """Remove the unfinished files that a killed run left in its folder."""
    for path in folder.glob(f".*{_UNFINISHED}"):
        path.unlink(missing_ok=True)


def config_yaml(experiment: Experiment) -> str:
    """The experiment as YAML, every default written out."""
    return dump(experiment.model_dump(mode="json"))


def indented_json(tree: Mapping[str, Any]) -> str:
    """A manifest, say, as people read it."""
    return json.dumps(tree, indent=2, ensure_ascii=False) + "\n"


def read_text(path: Path) -> str:
    """A file of a finished run.

    Raises
    ------
    FolderError
        If it isn't there: the folder is no run, or no finished one.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise FolderError(f"is no finished run: it has no readable {path.name}", source=str(path.parent)) from None


def read_json(path: Path) -> dict[str, Any]:
    """A finished run's manifest, say.

    Raises
    ------
    FolderError
        If it isn't there, or isn't a JSON object.
    """
    try:
        tree = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise FolderError(f"isn't JSON: {error}", source=str(path)) from None
    if not isinstance(tree, dict):
        raise FolderError("must be a JSON object", source=str(path))
    return tree
