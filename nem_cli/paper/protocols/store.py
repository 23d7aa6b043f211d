"""What a search has measured already: a file that a stopped search goes on from.

An entry's key is a digest of all that its numbers depend on, so entries of another config do no harm and none can be
taken for another's.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Sequence
from contextlib import closing
from dataclasses import astuple
from pathlib import Path

import numpy as np

from nem_cli.em.arrays import FloatArray
from nem_cli.errors import FolderError, RunError
from nem_cli.experiment.identity import ALGORITHM
from nem_cli.experiment.plan import Level
from nem_cli.paper.protocols.config import Rule, Search

FORMAT = 2
"""Changes with what an entry means."""


class Store:
    """Arrays by key, in an SQLite file. Use it as a context manager.

    Raises
    ------
    FolderError
        If the file is damaged.
    RunError
        If it can't be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db = sqlite3.connect(path, isolation_level=None)
        try:
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, width INTEGER, checksum INTEGER, data BLOB)"
            )
        except sqlite3.DatabaseError as error:
            self._db.close()
            raise self._damaged(error) from error

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *ended: object) -> None:
        self._db.close()

    def get(self, key: str) -> FloatArray | None:
        """An entry, shape (rules, columns); None where there is none yet."""
        try:
            with closing(self._db.execute("SELECT width, checksum, data FROM entries WHERE key = ?", (key,))) as found:
                row = found.fetchone()
        except sqlite3.DatabaseError as error:
            raise self._damaged(error) from error
        if row is None:
            return None
        width, checksum, data = row
        if zlib.crc32(data) != checksum:
            raise self._damaged("an entry fails its checksum")
        return np.frombuffer(data).reshape(-1, width)

    def put(self, key: str, table: FloatArray) -> None:
        """Commit an entry."""
        data = table.astype("<f8").tobytes()
        try:
            self._db.execute(
                "INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?)", (key, table.shape[1], zlib.crc32(data), data)
            )
        except sqlite3.Error as error:
            raise RunError(f"{self._path}: can't be written ({error}); what is there is kept") from error

    def _damaged(self, what: object) -> FolderError:
        return FolderError(f"is damaged ({what}); move it away, or start over with --fresh", source=str(self._path))


def key(stage: str, search: Search, level: Level, rules: Sequence[Rule]) -> str:
    """A digest of all that a stage's numbers of a family depend on."""
    of_all = {"trials": search.trials.model_dump(), "sigma": search.sigma.model_dump(), "studies": search.studies}
    parts = [
        *(FORMAT, ALGORITHM, np.__version__, stage, search.seed, search.horizon, level.trial.flat()),
        {} if stage == "em" else of_all,
        [astuple(rule) for rule in rules],
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
