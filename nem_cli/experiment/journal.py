"""The journal of a run: an SQLite file that holds every finished block. Only the parent process writes it."""

from __future__ import annotations

import json
import os
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nem_cli.errors import FolderError, RunError
from nem_cli.experiment.block import Block, trial_dtype
from nem_cli.experiment.identity import refuse_other
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
    RunError
        If the disk has no room.
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
        self._db = sqlite3.connect(":memory:")
        try:
            if read_only:
                self._open_to_read()
            else:
                self._open(identity or {}, swept or set())
            self._ids = {key: number for number, key in self._db.execute("SELECT id, key FROM levels")}
            self._cpus: list[str] = self._meta("cpus") or []
        except (sqlite3.DatabaseError, ValueError, TypeError) as error:  # the last two: contents that make no sense
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
        self._db.close()

    @property
    def cpus(self) -> list[str]:
        """The processors that made its blocks."""
        return list(self._cpus)

    def done(self, level: Level) -> set[int]:
        """The numbers of a level's finished blocks."""
        rows = self._rows("SELECT block FROM blocks WHERE level = ?", self._ids.get(level.key))
        return {number for (number,) in rows}

    def add(self, level: Level, number: int, block: Block) -> None:
        """Commit a finished block.

        Raises
        ------
        RunError
            If it can't be written; what was committed before stays.
        """
        data = block.trials.tobytes()
        checksum = _checksum(level, number, block.seconds, block.draws, block.accepted, data)
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
                (self._ids[level.key], number, block.seconds, block.draws, block.accepted, checksum, data),
            )
            if block.cpu not in self._cpus:
                self._cpus.append(block.cpu)
                self._set_meta("cpus", self._cpus)
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._unwritable(error) from error

    def read(self, level: Level, trials: int) -> Iterator[NDArray[np.void]]:
        """A level's first trials in order, a table of dtype `trial_dtype` a block.

        Raises
        ------
        FolderError
            If a block is missing or damaged.
        """
        dtype = trial_dtype(level.components)
        for number in range(level.blocks(trials)):
            rows = self._rows(
                "SELECT seconds, draws, accepted, trials, checksum FROM blocks WHERE level = ? AND block = ?",
                self._ids.get(level.key),
                number,
            )
            if not rows:
                raise FolderError(
                    f"block {number} of level {dict(level.settings)} isn't finished", source=str(self.path)
                )
            ((seconds, draws, accepted, data, checksum),) = rows
            if not isinstance(data, bytes) or _checksum(level, number, seconds, draws, accepted, data) != checksum:
                raise self._damaged(f"block {number} of level {dict(level.settings)} fails its checksum")
            table = np.frombuffer(data, dtype=dtype)
            yield table[: trials - number * level.block_trials]

    def totals(self, level: Level, trials: int) -> Totals:
        """Sums over the blocks that hold a level's first trials."""
        ((count, seconds, draws, accepted),) = self._rows(
            "SELECT count(*), total(seconds), total(draws), total(accepted) FROM blocks WHERE level = ? AND block < ?",
            self._ids.get(level.key),
            level.blocks(trials),
        )
        return Totals(count * level.block_trials, seconds, int(draws), int(accepted))

    def _rows(self, query: str, *parameters: object) -> list[Any]:
        try:
            return self._db.execute(query, parameters).fetchall()
        except sqlite3.DatabaseError as error:
            raise self._trouble(error) from error

    def _open_to_read(self) -> None:
        if not self.path.exists():
            raise FolderError(
                "has no journal (trials.sqlite), so its trials aren't known here", source=str(self.path.parent)
            )
        self._connect("mode=ro" if self._has_log() else "immutable=1")
        if not self._has_tables():
            raise FolderError("holds no finished block", source=str(self.path))
        self._check_sound()
        self._check_format()

    def _open(self, identity: dict[str, Any], swept: set[str]) -> None:
        """Refuse what can't be continued before anything is opened for writing."""
        logged = self._has_log()
        if self.path.exists() and self.path.stat().st_size:
            if self.path.stat().st_size < 512:  # SQLite's smallest page; it takes less for an empty database
                raise self._damaged("it is too short")
            # A kill or a full disk may have left the file half-way behind its log: then only the log's word counts.
            with suppress(sqlite3.DatabaseError) if logged else nullcontext():
                self._connect("immutable=1")
                if self._has_tables():
                    if not logged:
                        self._check_whole_pages()
                        self._check_sound()
                    self._check_format()
                    self._check_identity(identity, swept)
        if self.path.exists() and not os.access(self.path, os.W_OK):  # SQLite would open it for reading
            raise FolderError("can't be written: it is read-only; choose another --out", source=str(self.path))
        self._connect("mode=rwc")
        self._db.execute("PRAGMA locking_mode = EXCLUSIVE")  # no shared-memory file; works on network disks
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        if not self._has_tables():
            self._create(identity, swept)
        else:
            if logged:
                self._check_sound()
            self._check_format()
            self._check_identity(identity, swept)
            self._merge_identity(identity, swept)
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # so that the check above needs the file alone

    def _connect(self, mode: str) -> None:
        self._db.close()
        self._db = sqlite3.connect(f"{self.path.absolute().as_uri()}?{mode}", uri=True, isolation_level=None)

    def _has_log(self) -> bool:
        """Whether there is a write-ahead log: a run is going on, or was killed."""
        log = self.path.with_name(f"{self.path.name}-wal")
        return log.exists() and log.stat().st_size > 0

    def _has_tables(self) -> bool:
        return bool(self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])

    def _create(self, identity: dict[str, Any], swept: set[str]) -> None:
        self._db.executescript(f"BEGIN; {_SCHEMA}")
        meta = {
            "format": FORMAT,
            "algorithm": ALGORITHM,
            "numpy": np.__version__,
            "identity": identity,
            "swept": sorted(swept),
            "cpus": [],
        }
        for key, value in meta.items():
            self._set_meta(key, value)
        self._db.execute("COMMIT")

    def _meta(self, key: str) -> Any:
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else json.loads(row[0])

    def _set_meta(self, key: str, value: Any) -> None:
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, json.dumps(value)))

    def _check_whole_pages(self) -> None:
        if self.path.stat().st_size % self._db.execute("PRAGMA page_size").fetchone()[0]:
            raise self._damaged("it ends in the middle of a page")

    def _check_sound(self) -> None:
        found = self._db.execute("PRAGMA quick_check").fetchone()[0]
        if found != "ok":
            raise self._damaged(found)

    def _check_format(self) -> None:
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
        refuse_other(self.path.parent, self._meta("identity"), identity, swept | set(self._meta("swept")))

    def _merge_identity(self, identity: dict[str, Any], swept: set[str]) -> None:
        """From now on the settings that this run's sweep sets belong to the levels."""
        self._db.execute("BEGIN")
        either = swept | set(self._meta("swept"))
        self._set_meta(
            "identity", self._meta("identity") | {path: identity[path] for path in identity if path in either}
        )
        self._set_meta("swept", sorted(either))
        self._db.execute("COMMIT")

    def _trouble(self, error: Exception) -> FolderError | RunError:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
            return self._unwritable(error)
        if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
            return FolderError(f"can't be written ({error}); choose another --out", source=str(self.path))
        return self._damaged(error)

    def _unwritable(self, error: Exception) -> RunError:
        return RunError(
            f"{self.path}: can't be written ({error}); finished blocks are kept. "
            "Make room or mend the permissions, then give the same command again to go on"
        )

    def _damaged(self, what: object) -> FolderError:
        return FolderError(
            f"the journal is damaged or can't be used ({what}); it is left as it was. Mend or move it, give another "
            "--out, or start over with --fresh",
            source=str(self.path),
        )


def _checksum(level: Level, number: int, seconds: float, draws: int, accepted: int, data: bytes) -> int:
    """Of all that a block's row says, and of what it belongs to."""
    return zlib.crc32(data, zlib.crc32(f"{level.key} {number} {seconds!r} {draws} {accepted}".encode()))
