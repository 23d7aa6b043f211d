"""nem as child processes, and looking into the journal that one of them is writing."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from nem_cli import sweep
from nem_cli.experiment.load import load
from nem_cli.experiment.runner import Workers

NEM = [sys.executable, "-m", "nem_cli"]
RESULTS = ("trials.csv", "summary.csv")
PATIENCE = 120

MANY_BLOCKS = """
mixture: {family: gaussian, weights: [0.5, 0.5], means: [-2, 2], variances: [4, 4]}
sample_size: 2000
start: {weights: [0.5, 0.5], means: [-3, 3], variances: [9, 9]}
noise: {injection: additive}
stop: {rule: euclidean, tol: 1.2, max_iterations: 8}
sweep: {sigma: [0, 1, 2, 4]}
trials: 1000
seed: 7
bootstrap: {resamples: 300}
"""
BLOCKS = 4 * 1000 // 100
"""Blocks of that experiment, about a twentieth of a second each."""


def nem(*arguments, cwd=None, env=None, **options):
    """Run nem to its end."""
    return subprocess.run(
        [*NEM, *map(str, arguments)], cwd=cwd, env=environment(env), capture_output=True, text=True, timeout=PATIENCE,
        check=False, **options,
    )  # fmt: skip


def start(*arguments, env=None):
    """Start nem in a process group of its own."""
    return subprocess.Popen(
        [*NEM, *map(str, arguments)], env=environment(env), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip


def environment(changes=None):
    """This process's environment, where children find the nem under test wherever they run."""
    source = str(Path(__file__).resolve().parent.parent)
    paths = [source, *(changes or {}).get("PYTHONPATH", "").split(os.pathsep)]
    return os.environ | (changes or {}) | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}


def finished_blocks(folder):
    """(rowid, level, block, seconds, checksum) of the blocks in a journal, in the order of their insertion.

    Works on a copy of its files, since a running process keeps the journal to itself.
    """
    with tempfile.TemporaryDirectory() as copy:
        for name in ("trials.sqlite", "trials.sqlite-wal"):
            if (folder / name).exists():
                shutil.copy(folder / name, copy)
        try:
            journal = sqlite3.connect(Path(copy) / "trials.sqlite")
            try:
                query = "SELECT rowid, level, block, seconds, checksum FROM blocks ORDER BY rowid"
                return journal.execute(query).fetchall()
            finally:
                journal.close()
        except sqlite3.DatabaseError:  # not made yet, or copied while it was written
            return []


def wait_for_blocks(process, folder, count):
    """Wait until a running nem has committed that many blocks."""
    wait(lambda: len(finished_blocks(folder)) >= count, process)


def wait(condition, process=None, every=0.01):
    """Wait until a condition holds, looked at so often (seconds)."""
    for _ in range(int(PATIENCE / every)):
        if condition():
            return
        if process is not None and process.poll() is not None:
            raise AssertionError(f"nem ended too early: {process.communicate()}")
        time.sleep(every)
    raise AssertionError("waited in vain")


def results(folder):
    """The bytes of a run's csv files."""
    return {name: (folder / name).read_bytes() for name in RESULTS}


def contents(folder):
    """Every file below a folder with its bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def assert_message(done, code, *parts):
    """One message on standard error, no traceback, nothing on standard output, and that exit code."""
    assert done.returncode == code, (done.returncode, done.stderr)
    assert "Traceback" not in done.stderr, done.stderr
    assert done.stderr.count("nem: ") == 1, done.stderr
    assert done.stderr.startswith("nem: ")
    assert done.stdout == ""
    for part in parts:
        assert part in done.stderr, (part, done.stderr)


def assert_goes_on(folder, config, whole, least=10):
    """Whatever stopped a run, at least so many blocks are kept, and it goes on to the results of a whole one."""
    before = finished_blocks(folder)
    assert least <= len(before) <= BLOCKS
    sweep(load(config), out=folder, workers=Workers(1))
    assert finished_blocks(folder)[: len(before)] == before
    assert results(folder) == results(whole)
