"""The journal of a run: an SQLite file that holds every finished block. Only the parent process writes it."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nem_cli.errors import FolderError
from nem_cli.experiment.block import Block, trace_dtype, trial_dtype
from nem_cli.experiment.journal_check import checksum
from nem_cli.experiment.journal_file import JournalFile
from nem_cli.experiment.plan import Level


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


class Journal(JournalFile):
    """A run's finished blocks. Use it as a context manager; parameters and errors as of `JournalFile`."""

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *ended: object) -> None:
        """Close the file; what was added is in it."""
        self._db.close()

    def done(self, level: Level) -> set[int]:
        """The numbers of a level's finished blocks."""
        rows = self._rows("SELECT block FROM blocks WHERE level = ?", self._ids.get(level.key))
        finished = {number for (number,) in rows}
        if level.trial.trace is not None:  # a rescued file has lost them
            there = self._rows("SELECT name FROM sqlite_master WHERE name = 'traces'")
            query = "SELECT block FROM traces WHERE level = ?"
            finished &= {number for (number,) in self._rows(query, self._ids.get(level.key))} if there else set()
        return finished

    def add(self, level: Level, number: int, block: Block) -> None:
        """Commit a finished block.

        Raises
        ------
        RunError
            If it can't be written, or the file was moved away; what was committed before stays.
        """
        self._refuse_moved()
        data = block.trials.tobytes()
        crc = checksum(data, level.key, number, block.seconds, block.draws, block.accepted)
        try:
            self._db.execute("BEGIN")
            if level.key not in self._ids:
                cursor = self._db.execute(
                    "INSERT INTO levels (key, components, block_trials) VALUES (?, ?, ?)",
                    (level.key, level.trial.system.k, level.block_trials),
                )
                self._ids[level.key] = int(cursor.lastrowid or 0)
            self._db.execute(
                "INSERT OR REPLACE INTO blocks VALUES (?, ?, ?, ?, ?, ?, ?)",
                (self._ids[level.key], number, block.seconds, block.draws, block.accepted, crc, data),
            )
            if block.traces is not None:
                packed = zlib.compress(block.traces.tobytes(), 1)
                self._db.execute(_TRACES)
                self._db.execute(
                    "INSERT OR REPLACE INTO traces VALUES (?, ?, ?, ?)",
                    (self._ids[level.key], number, checksum(packed, level.key, number), packed),
                )
            if block.cpu not in self.cpus:
                self.cpus.append(block.cpu)
                self._set_meta("cpus", self.cpus)
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._unwritable(error) from error

    def read(self, level: Level, trials: int) -> Iterator[NDArray[np.void]]:
        """A level's first trials in order, a table of dtype `trial_dtype` a block.

        Raises
        ------
        FolderError
            If a block is missing.
        """
        dtype = trial_dtype(level.trial)
        for number, (data,) in self._finished("SELECT trials FROM blocks", level, trials):
            yield np.frombuffer(data, dtype=dtype)[: level.counted(number, trials)]

    def traces(self, level: Level, trials: int) -> Iterator[NDArray[np.void]]:
        """The traces of a level's first trials in order, a table of dtype `trace_dtype` a block.

        Raises
        ------
        FolderError
            If the run recorded none, or a block is missing or damaged.
        """
        if level.trial.trace is None:
            raise FolderError("recorded no traces: its config has no trace with a horizon", source=str(self.path))
        dtype = trace_dtype(level.trial)
        for number, (crc, packed) in self._finished("SELECT checksum, traces FROM traces", level, trials):
            if not isinstance(packed, bytes) or checksum(packed, level.key, number) != crc:
                raise self._damaged(f"the traces of block {number}, level {dict(level.settings)}, fail their checksum")
            yield np.frombuffer(zlib.decompress(packed), dtype=dtype)[: level.counted(number, trials)]

    def _finished(self, query: str, level: Level, trials: int) -> Iterator[tuple[int, Any]]:
        """The numbers of the blocks that hold a level's first trials, each with the row that the query finds."""
        for number in range(level.blocks(trials)):
            rows = self._rows(f"{query} WHERE level = ? AND block = ?", self._ids.get(level.key), number)
            if not rows:
                raise FolderError(
                    f"block {number} of level {dict(level.settings)} isn't finished", source=str(self.path)
                )
            yield number, rows[0]

    def totals(self, level: Level, trials: int) -> Totals:
        """Sums over the blocks that hold a level's first trials."""
        ((count, seconds, draws, accepted),) = self._rows(
            "SELECT count(*), total(seconds), total(draws), total(accepted) FROM blocks WHERE level = ? AND block < ?",
            self._ids.get(level.key),
            level.blocks(trials),
        )
        return Totals(count * level.block_trials, seconds, int(draws), int(accepted))


_TRACES = """
CREATE TABLE IF NOT EXISTS traces (level INTEGER NOT NULL REFERENCES levels, block INTEGER NOT NULL,
                                   checksum INTEGER NOT NULL, traces BLOB NOT NULL, PRIMARY KEY (level, block));
"""
"""Made where a run records traces; journals of other runs have none."""
