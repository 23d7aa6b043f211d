"""The journal's tables: what is whole in a damaged file."""

from __future__ import annotations

import functools
import os
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE levels (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, components INTEGER NOT NULL,
                     block_trials INTEGER NOT NULL);
CREATE TABLE blocks (level INTEGER NOT NULL REFERENCES levels, block INTEGER NOT NULL, seconds REAL NOT NULL,
                     draws INTEGER NOT NULL, accepted INTEGER NOT NULL, checksum INTEGER NOT NULL,
                     trials BLOB NOT NULL, PRIMARY KEY (level, block));
"""
_BLOCKS = """
SELECT key, blocks.* FROM blocks LEFT JOIN levels ON levels.id = blocks.level
"""
_SMALLEST_BLOCK = 64
"""Bytes that a block takes at the least."""


def checksum(content: bytes, *about: object) -> int:
    """Of a block's trials or traces, and of all that says what they are: the level's key, the block's number, ..."""
    return zlib.crc32(content, zlib.crc32(" ".join(map(str, about)).encode()))


def find_problem(db: sqlite3.Connection, path: Path) -> str:
    """What is wrong with the file's pages or with one of its blocks; empty where all is whole."""
    try:
        if path.stat().st_size % db.execute("PRAGMA page_size").fetchone()[0]:
            return "it ends in the middle of a page"
        found: str = db.execute("PRAGMA integrity_check").fetchone()[0]
        if found != "ok":
            return found
        for row in db.execute(_BLOCKS):
            if not _is_whole(row):
                return f"block {row[2]} of level {row[0]} fails its checksum"
    except sqlite3.DatabaseError as error:
        return str(error)
    return ""


@functools.lru_cache(maxsize=128)
def problem_of(path: Path, state: os.stat_result) -> str:
    """As `find_problem`, with the file read once in each of its states."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)) as db:
        return find_problem(db, path)


def rescue(db: sqlite3.Connection, path: Path, into: Path) -> int:
    """Copy what is whole into a new file; returns the number of blocks.

    Looks for every row by its number: a scan would end at the first bad page.
    """
    last = path.stat().st_size // _SMALLEST_BLOCK

    def whatever_is_there(query: str) -> Iterator[Any]:
        for number in range(1, last):
            with suppress(sqlite3.DatabaseError):
                yield from db.execute(query, (number,)).fetchall()

    kept = 0
    with closing(sqlite3.connect(into, isolation_level=None)) as new:
        new.executescript(f"{SCHEMA} BEGIN;")
        for row in whatever_is_there("SELECT * FROM meta WHERE rowid = ?"):
            new.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", row)
        for row in whatever_is_there("SELECT * FROM levels WHERE id = ?"):
            new.execute("INSERT OR IGNORE INTO levels VALUES (?, ?, ?, ?)", row)
        for row in whatever_is_there(f"{_BLOCKS} WHERE blocks.rowid = ?"):
            if _is_whole(row):
                kept += new.execute("INSERT OR IGNORE INTO blocks VALUES (?, ?, ?, ?, ?, ?, ?)", row[1:]).rowcount
        new.execute("COMMIT")
    return kept


def _is_whole(row: Any) -> bool:
    key, _, number, seconds, draws, accepted, written, trials = row
    return isinstance(trials, bytes) and checksum(trials, key, number, seconds, draws, accepted) == written
