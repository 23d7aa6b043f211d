"""The journal's file: opened, checked, and refused where it can't be continued."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import numpy as np

from nem_cli.errors import FolderError, RunError
from nem_cli.experiment.identity import refuse_other

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


class JournalFile:
    """An SQLite file with a journal's tables, open for reading or, by one process, for writing.

    Parameters
    ----------
    path : Path
        ``trials.sqlite``; made where there is none, unless it is opened to read.
    identity : dict, optional
        What makes another experiment, by dotted path; see `Experiment.identity`. None opens the file to read.
    swept : set of str
        The settings that this run's sweep sets, which may differ from the journal's.

    Raises
    ------
    FolderError
        If the file is damaged, was made by another version, or holds another experiment; it is left as it was.
    RunError
        If the disk has no room.
    """

    def __init__(self, path: Path, identity: dict[str, Any] | None, swept: set[str]) -> None:
        self.path = path
        self.db = sqlite3.connect(":memory:")
        try:
            if identity is None:
                self._open_to_read()
            else:
                self._open(identity, swept)
        except (sqlite3.DatabaseError, ValueError, TypeError) as error:  # the last two: contents that make no sense
            self.close()
            raise self.trouble(error) from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file; what was committed is in it."""
        self.db.close()

    def rows(self, query: str, *parameters: object) -> list[Any]:
        """The rows that a query finds."""
        try:
            return self.db.execute(query, parameters).fetchall()
        except sqlite3.DatabaseError as error:
            raise self.trouble(error) from error

    def meta(self, key: str) -> Any:
        """What the journal says of itself; None where it says nothing."""
        row = self.db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else json.loads(row[0])

    def set_meta(self, key: str, value: Any) -> None:
        """Replace it."""
        self.db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, json.dumps(value)))

    def trouble(self, error: Exception) -> FolderError | RunError:
        """What an error of SQLite, or contents that make no sense, mean."""
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
            return self.unwritable(error)
        if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
            return FolderError(f"can't be written ({error}); choose another --out", source=str(self.path))
        return self.damaged(error)

    def unwritable(self, error: Exception) -> RunError:
        """That the file can't be written, and how to go on."""
        return RunError(
            f"{self.path}: can't be written ({error}); finished blocks are kept. "
            "Make room or mend the permissions, then give the same command again to go on"
        )

    def damaged(self, what: object) -> FolderError:
        """That the file is damaged."""
        return FolderError(
            f"the journal is damaged or can't be used ({what}); it is left as it was. Mend or move it, give another "
            "--out, or start over with --fresh",
            source=str(self.path),
        )

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
                raise self.damaged("it is too short")
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
        self.db.execute("PRAGMA locking_mode = EXCLUSIVE")  # no shared-memory file; works on network disks
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = NORMAL")
        if not self._has_tables():
            self._create(identity, swept)
        else:
            if logged:
                self._check_sound()
            self._check_format()
            self._check_identity(identity, swept)
            self._merge_identity(identity, swept)
        self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # so that the check above needs the file alone

    def _connect(self, mode: str) -> None:
        self.db.close()
        self.db = sqlite3.connect(f"{self.path.absolute().as_uri()}?{mode}", uri=True, isolation_level=None)

    def _has_log(self) -> bool:
        """Whether there is a write-ahead log: a run is going on, or was killed."""
        log = self.path.with_name(f"{self.path.name}-wal")
        return log.exists() and log.stat().st_size > 0

    def _has_tables(self) -> bool:
        return bool(self.db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])

    def _create(self, identity: dict[str, Any], swept: set[str]) -> None:
        self.db.executescript(f"BEGIN; {_SCHEMA}")
        meta = {
            "format": FORMAT,
            "algorithm": ALGORITHM,
            "numpy": np.__version__,
            "identity": identity,
            "swept": sorted(swept),
            "cpus": [],
        }
        for key, value in meta.items():
            self.set_meta(key, value)
        self.db.execute("COMMIT")

    def _check_whole_pages(self) -> None:
        if self.path.stat().st_size % self.db.execute("PRAGMA page_size").fetchone()[0]:
            raise self.damaged("it ends in the middle of a page")

    def _check_sound(self) -> None:
        found = self.db.execute("PRAGMA quick_check").fetchone()[0]
        if found != "ok":
            raise self.damaged(found)

    def _check_format(self) -> None:
        theirs = self.meta("format")
        if theirs != FORMAT:
            raise FolderError(
                f"was made by another version of nem (journal format {theirs}, here {FORMAT}); use that version, "
                "another --out, or --fresh to start over",
                source=str(self.path),
            )

    def _check_identity(self, identity: dict[str, Any], swept: set[str]) -> None:
        for name, here in (("algorithm", ALGORITHM), ("numpy", np.__version__)):
            theirs = self.meta(name)
            if theirs != here:
                raise FolderError(
                    f"was made with {name} {theirs}, here is {here}, so its numbers can't be continued; "
                    "use that version, another --out, or --fresh to start over",
                    source=str(self.path),
                )
        refuse_other(self.path.parent, self.meta("identity"), identity, swept | set(self.meta("swept")))

    def _merge_identity(self, identity: dict[str, Any], swept: set[str]) -> None:
        """From now on the settings that this run's sweep sets belong to the levels."""
        self.db.execute("BEGIN")
        either = swept | set(self.meta("swept"))
        self.set_meta("identity", self.meta("identity") | {path: identity[path] for path in identity if path in either})
        self.set_meta("swept", sorted(either))
        self.db.execute("COMMIT")
