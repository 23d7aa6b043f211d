"""The journal's file: opened, checked, mended, and refused where it can't be continued."""

from __future__ import annotations

import json
import os
import sqlite3
import warnings
from contextlib import nullcontext, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nem_cli.errors import FolderError, NemWarning, RunError
from nem_cli.experiment.config import Experiment
from nem_cli.experiment.folder import refuse_foreign, unfinished
from nem_cli.experiment.identity import Identity
from nem_cli.experiment.journal_check import SCHEMA, find_problem, problem_of, rescue

FORMAT = 2
"""Changes with the journal's tables."""


class JournalFile:
    """An SQLite file with a journal's tables, open for reading or, by one process, for writing.

    Parameters
    ----------
    path : Path
        ``trials.sqlite``; made where there is none, unless it is opened to read.
    experiment : Experiment, optional
        What goes on, or begins; None opens what is there to read.

    Raises
    ------
    FolderError
        If the file can't be read at all, was made by another version, or holds another experiment; or is damaged, and
        opened to read. It is left as it was.
    RunError
        If the disk has no room.

    Warns
    -----
    NemWarning
        If it was damaged. What is whole is kept; the rest counts as not finished.
    """

    cpus: list[str]
    """The processors that made its blocks."""

    def __init__(self, path: Path, experiment: Experiment | None = None) -> None:
        identity = Identity.of(experiment) if experiment else None
        self.path = path
        self._db = sqlite3.connect(":memory:")
        try:
            if identity is None:
                self._open_to_read()
            else:
                self._open(identity)
                self._place = _place(path)
            self._ids: dict[str, int] = dict(self._rows("SELECT key, id FROM levels"))
            self.cpus = self._meta("cpus") or []
        except (sqlite3.DatabaseError, ValueError, TypeError, LookupError) as error:  # contents without sense
            self._db.close()
            raise self._trouble(error) from error
        except BaseException:
            self._db.close()
            raise

    def _rows(self, query: str, *parameters: object) -> list[Any]:
        """The rows that a query finds."""
        try:
            return self._db.execute(query, parameters).fetchall()
        except sqlite3.DatabaseError as error:
            raise self._trouble(error) from error

    def _meta(self, key: str) -> Any:
        """What the journal says of itself; None where it says nothing."""
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else json.loads(row[0])

    def _set_meta(self, key: str, value: Any) -> None:
        """Replace it."""
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, json.dumps(value)))

    def _refuse_moved(self) -> None:
        """Refuse to write on if the file isn't where it was any more: another run may be at that place now.

        Raises
        ------
        RunError
        """
        if _place(self.path) != self._place:
            raise RunError(
                f"{self.path}: was moved or removed while the run was going on; what it finished is in that file, "
                "wherever it is now"
            )

    def _trouble(self, error: Exception) -> FolderError | RunError:
        """What an error of SQLite, or contents that make no sense, mean."""
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
            return self._unwritable(error)
        if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
            return FolderError(f"can't be written ({error}); choose another `out`", source=str(self.path))
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return FolderError("is in use by another process", source=str(self.path))
        return self._damaged(error)

    def _unwritable(self, error: Exception) -> RunError:
        """That the file can't be written, and how to go on."""
        return RunError(
            f"{self.path}: can't be written ({error}); finished blocks are kept. "
            "Make room or mend the permissions, then give the same command again to go on"
        )

    def _damaged(self, what: object) -> FolderError:
        """That nothing in the file can be used."""
        return FolderError(
            f"the journal is damaged or can't be used ({what}); it is left as it was. Move it, give another `out`, or "
            "start over with `fresh`",
            source=str(self.path),
        )

    def _open_to_read(self) -> None:
        if not self.path.exists():
            raise FolderError(
                "has no journal (trials.sqlite), so its trials aren't known here", source=str(self.path.parent)
            )
        logged = self._has_log()
        self._connect("mode=ro" if logged else "immutable=1")
        if not self._has_tables():
            raise FolderError("holds no finished block", source=str(self.path))
        self._check_format()
        if problem := problem_of(self.path, os.stat(self.path)) if not logged else find_problem(self._db, self.path):
            raise FolderError(
                f"is damaged ({problem}); give the command that made it again: it keeps what is whole and makes the "
                "rest anew",
                source=str(self.path),
            )

    def _open(self, identity: Identity) -> None:
        """Refuse what can't be continued before anything is opened for writing."""
        logged = self._has_log()
        holds = False
        if self.path.exists() and self.path.stat().st_size:
            if self.path.stat().st_size < 512:  # SQLite's smallest page; it takes less for an empty database
                raise self._damaged("it is too short")
            # A kill or a full disk may have left the file half-way behind its log: then only the log's word counts.
            with suppress(sqlite3.DatabaseError) if logged else nullcontext():
                self._connect("immutable=1")
                holds = self._has_tables()
                if holds:
                    self._check(identity)
        if not holds and not logged:
            refuse_foreign(self.path.parent, identity)
        if self.path.exists() and not os.access(self.path, os.W_OK):  # SQLite would open it for reading
            raise FolderError("can't be written: it is read-only; choose another `out`", source=str(self.path))
        if holds and not logged and (problem := find_problem(self._db, self.path)):
            self._mend(problem)
        self._connect_to_write()
        if not self._has_tables():
            self._create(identity)
        else:
            self._check(identity)
            if logged and (problem := find_problem(self._db, self.path)):
                self._mend(problem)
                self._connect_to_write()
            self._set_identity(identity.joined(self._identity()))
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # so that the check above needs the file alone

    def _connect(self, mode: str) -> None:
        self._db.close()
        self._db = sqlite3.connect(f"{self.path.absolute().as_uri()}?{mode}", uri=True, isolation_level=None)
        self._db.execute("PRAGMA writable_schema = ON")  # SQLite then reads what a truncated file still holds

    def _connect_to_write(self) -> None:
        self._connect("mode=rwc")
        self._db.execute("PRAGMA writable_schema = OFF")
        self._db.execute("PRAGMA locking_mode = EXCLUSIVE")  # no shared-memory file; works on network disks
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")

    @property
    def _log(self) -> Path:
        return self.path.with_name(f"{self.path.name}-wal")

    def _has_log(self) -> bool:
        """Whether there is a write-ahead log: a run is going on, or was killed."""
        return self._log.exists() and self._log.stat().st_size > 0

    def _has_tables(self) -> bool:
        return bool(self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])

    def _create(self, identity: Identity) -> None:
        self._db.executescript(f"BEGIN; {SCHEMA}")
        self._set_meta("format", FORMAT)
        self._set_meta("cpus", [])
        self._db.execute("COMMIT")
        self._set_identity(identity)

    def _check(self, identity: Identity) -> None:
        self._check_format()
        identity.refuse(self._identity(), self.path.parent)

    def _check_format(self) -> None:
        theirs = self._meta("format")
        if theirs is None:
            raise self._damaged("it doesn't say its format")
        if theirs != FORMAT:
            raise FolderError(
                f"was made by another version of nem (journal format {theirs}, here {FORMAT}); use that version, "
                "another `out`, or `fresh` to start over",
                source=str(self.path),
            )

    def _identity(self) -> Identity:
        found = self._meta("identity")
        return Identity(**found | {"swept": set(found["swept"])})

    def _set_identity(self, identity: Identity) -> None:
        self._set_meta("identity", asdict(identity) | {"swept": sorted(identity.swept)})

    def _mend(self, problem: str) -> None:
        """Put what is whole into a new file, and that in the place of the old one."""
        found = unfinished(self.path)
        try:
            kept = rescue(self._db, self.path, found)
            self._db.close()
            self._log.unlink(missing_ok=True)
            os.replace(found, self.path)
        finally:
            found.unlink(missing_ok=True)
        warnings.warn(
            f"{self.path}: was damaged ({problem}); {kept:,} whole blocks are kept, the others are made anew",
            NemWarning,
            stacklevel=2,
        )


def _place(path: Path) -> tuple[int, int] | None:
    """What tells a file from another one of the same name; None where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
