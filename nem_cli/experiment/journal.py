"""The journal of a run: an SQLite file that holds every finished block. Only the parent process writes it."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nem_cli.errors import FolderError, RunError
from nem_cli.experiment.block import Block, trial_dtype
from nem_cli.experiment.plan import Level

FORMAT = 1
"""Changes with the tables below."""
ALGORITHM = 1
"""Changes with anything that changes a trial's numbers: the loop, the draws, the streams, the size of a block."""

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE levels (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, components INTEGER NOT NULL,
                     block_trials INTEGER NOT NULL);
CREATE TABLE blocks (level INTEGER NOT NULL REFERENCES levels, block INTEGER NOT NULL, seconds REAL NOT NULL,
                     draws INTEGER NOT NULL, accepted INTEGER NOT NULL, checksum INTEGER NOT NULL,
                     trials BLOB NOT NULL, PRIMARY KEY (level, block));
"""


@dataclass(frozen=True)
class Totals:
    """Sums over a level's finished blocks, surplus trials included."""

    trials: int
    seconds: float
    draws: int
    accepted: int

    @property
    def acceptance_rate(self) -> float | None:
        """Accepted draws over all; None where noise came from a closed form."""
        return self.accepted / self.draws if self.draws else None


class Journal:
    """A run's finished blocks. Use it as a context manager.

    Parameters
    ----------
    path : Path
        ``trials.sqlite``; made where there is none.
    identity : dict
        What makes another experiment, by dotted path; see `Experiment.identity`.
    swept : set of str
        The settings that this run's sweep sets, which may differ from the journal's.
    read_only : bool
        Open what is there and check nothing but its soundness.

    Raises
    ------
    FolderError
        If the file is damaged, was made by another version, or holds another experiment; it is left as it was.
    """

    def __init__(
        self,
        path: Path,
        identity: dict[str, Any] | None = None,
        swept: set[str] | None = None,
        *,
        read_only: bool = False,
    ) -> None:
        self.path = path
        fresh = not path.exists()
        if read_only and fresh:
            raise FolderError(
                "has no journal (trials.sqlite), so its trials aren't known here", source=str(path.parent)
            )
        try:
            if read_only:
                # Without a log nobody is writing, and an immutable file is read without leaving a trace beside it.
                unchanging = "" if path.with_name(f"{path.name}-wal").exists() else "&immutable=1"
                self._db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro{unchanging}", uri=True)
            else:
                self._db = sqlite3.connect(path, isolation_level=None)
                self._db.execute("PRAGMA locking_mode = EXCLUSIVE")  # no shared-memory file; works on network disks
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = NORMAL")
            if fresh or not self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                self._create(identity or {}, swept or set())
            else:
                self._check_sound()
                if not read_only:
                    self._check_identity(identity or {}, swept or set())
            self._ids = {key: number for number, key in self._db.execute("SELECT id, key FROM levels")}
        except sqlite3.DatabaseError as error:
            self.close()
            raise self._trouble(error) from error
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what was added is in it."""
        if hasattr(self, "_db"):
            self._db.close()

    def done(self, level: Level) -> set[int]:
        """The numbers of a level's finished blocks."""
        rows = self._db.execute("SELECT block FROM blocks WHERE level = ?", (self._ids.get(level.key),))
        return {number for (number,) in rows}

    def add(self, level: Level, number: int, block: Block) -> None:
        """Commit a finished block.

        Raises
        ------
        RunError
            If it can't be written; what was committed before stays.
        """
        data = block.trials.tobytes()
        try:
            self._db.execute("BEGIN")
            if level.key not in self._ids:
                cursor = self._db.execute(
                    "INSERT INTO levels (key, components, block_trials) VALUES (?, ?, ?)",
                    (level.key, level.components, level.block_trials),
                )
                self._ids[level.key] = int(cursor.lastrowid or 0)
            self._db.execute(
                "INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?, ?)",
                (self._ids[level.key], number, block.seconds, block.draws, block.accepted, zlib.crc32(data), data),
            )
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise RunError(
                f"{self.path}: can't be written ({error}); finished blocks are kept. "
                "Make room or mend the permissions, then give the same command again to go on"
            ) from error

    def read(self, level: Level, trials: int) -> Iterator[NDArray[np.void]]:
        """A level's first trials in order, a table of dtype `trial_dtype` a block.

        Raises
        ------
        FolderError
            If a block is missing or damaged.
        """
        dtype = trial_dtype(level.components)
        for number in range(level.blocks(trials)):
            try:
                row = self._db.execute(
                    "SELECT trials, checksum FROM blocks WHERE level = ? AND block = ?",
                    (self._ids.get(level.key), number),
                ).fetchone()
            except sqlite3.DatabaseError as error:
                raise self._trouble(error) from error
            if row is None:
                raise FolderError(
                    f"block {number} of level {dict(level.settings)} isn't finished", source=str(self.path)
                )
            if zlib.crc32(row[0]) != row[1]:
                raise self._trouble(f"block {number} of level {dict(level.settings)} fails its checksum")
            table = np.frombuffer(row[0], dtype=dtype)
            yield table[: trials - number * level.block_trials]

    def totals(self, level: Level, trials: int) -> Totals:
        """Sums over the blocks that hold a level's first trials."""
        count, seconds, draws, accepted = self._db.execute(
            "SELECT count(*), total(seconds), total(draws), total(accepted) FROM blocks WHERE level = ? AND block < ?",
            (self._ids.get(level.key), level.blocks(trials)),
        ).fetchone()
        return Totals(count * level.block_trials, seconds, int(draws), int(accepted))

    def _create(self, identity: dict[str, Any], swept: set[str]) -> None:
        self._db.executescript(_SCHEMA)
        meta = {
            "format": FORMAT,
            "algorithm": ALGORITHM,
            "numpy": np.__version__,
            "identity": identity,
            "swept": sorted(swept),
        }
        self._db.executemany(
            "INSERT INTO meta VALUES (?, ?)", [(key, json.dumps(value)) for key, value in meta.items()]
        )

    def _meta(self, key: str) -> Any:
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else json.loads(row[0])

    def _check_sound(self) -> None:
        found = self._db.execute("PRAGMA quick_check").fetchone()[0]
        if found != "ok":
            raise self._trouble(found)
        theirs = self._meta("format")
        if theirs != FORMAT:
            raise FolderError(
                f"was made by another version of nem (journal format {theirs}, here {FORMAT}); use that version, "
                "another --out, or --fresh to start over",
                source=str(self.path),
            )

    def _check_identity(self, identity: dict[str, Any], swept: set[str]) -> None:
        for name, here in (("algorithm", ALGORITHM), ("numpy", np.__version__)):
            theirs = self._meta(name)
            if theirs != here:
                raise FolderError(
                    f"was made with {name} {theirs}, here is {here}, so its numbers can't be continued; "
                    "use that version, another --out, or --fresh to start over",
                    source=str(self.path),
                )
        either = swept | set(self._meta("swept"))
        refuse_other(self.path.parent, self._meta("identity"), identity, either)
        merged = self._meta("identity") | {path: value for path, value in identity.items() if path in either}
        self._db.execute("BEGIN")
        self._db.execute("UPDATE meta SET value = ? WHERE key = 'swept'", (json.dumps(sorted(either)),))
        self._db.execute("UPDATE meta SET value = ? WHERE key = 'identity'", (json.dumps(merged),))
        self._db.execute("COMMIT")

    def _trouble(self, what: object) -> FolderError:
        return FolderError(
            f"the journal is damaged or can't be used ({what}); it is left as it was. Mend or move it, give another "
            "--out, or start over with --fresh",
            source=str(self.path),
        )


def refuse_other(folder: Path, theirs: dict[str, Any], ours: dict[str, Any], swept: set[str]) -> None:
    """Refuse a folder that holds another experiment.

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
