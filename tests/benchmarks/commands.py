"""Whole commands, each in a process of its own: start-up, a large sweep, all figures, memory."""

from __future__ import annotations

import resource
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from figure import Figure, seconds


def nem(*arguments: str) -> tuple[float, float]:
    """Seconds that a command takes, and those of its processors."""
    command = [sys.executable, "-m", "nem_cli", *arguments]
    before = processors()
    taken = seconds(lambda: subprocess.run(command, capture_output=True, check=True))
    return taken, processors() - before


def processors() -> float:
    """Processor time of the processes that have ended, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def start_up(repeats: int) -> list[Figure]:
    found = []
    for arguments, target in ((["--help"], "at most 0.4"), (["sweep", "mnem", "--dry-run"], "")):
        times = tuple(nem(*arguments)[0] for _ in range(repeats))
        found.append(Figure("start-up", f"nem {' '.join(arguments)}", "s", times, target))
    return found


def commands(repeats: int) -> list[Figure]:
    """Processor time of a command from nothing, and of the same command again, over that of its trials' Algorithm 1."""
    found = []
    sweep = ["sweep", "anem", "--set", "sweep.sigma=[0,1.9]", "--trials", "50000", "--jobs", "1"]
    for arguments, targets in ((sweep, ("at most 1.2", "")), (["figures"], ("at most 1.3", "at most 0.2"))):
        label = f"nem {' '.join(arguments)}"
        taken, ratios = [], []
        for _ in range(max(1, repeats // 3)):
            with tempfile.TemporaryDirectory() as folder:
                command = [*arguments, "--out", f"{folder}/out", "--quiet"]
                times = [nem(*command) for _ in range(2)]
                own = trials_seconds(Path(folder))
            taken.append([seconds for seconds, _ in times])
            ratios.append([used / own for _, used in times])
        for when, waited, over, target in zip(
            ("", ", again"), zip(*taken, strict=True), zip(*ratios, strict=True), targets, strict=True
        ):
            found.append(Figure("commands", f"{label}{when}", "s", waited))
            found.append(Figure("commands", f"{label}{when}, over its trials' own time", "ratio", over, target))
    return found


def trials_seconds(root: Path) -> float:
    """Processor time of Algorithm 1 in all journals below a folder."""
    total = 0.0
    for path in root.rglob("trials.sqlite"):
        with closing(sqlite3.connect(path)) as db:
            total += db.execute("SELECT total(seconds) FROM blocks").fetchone()[0]
    return total


def memory() -> list[Figure]:
    """Peak resident memory of a run with a sample of 10^6."""
    code = (
        "import resource; from pathlib import Path; from nem_cli.experiment.load import load;"
        "from nem_cli.experiment.shipped import shipped_configs; from nem_cli.experiment.plan import levels;"
        "from nem_cli.experiment.block import run_block;"
        "e = load(shipped_configs()['anem'], ['sample_size=1000000', 'sweep.sigma=[1.9]']);"
        "run_block(levels(e)[1], 1, 0);"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [
        Figure("memory", "a block of one trial of 10^6 samples", "MB", (float(done.stdout),), "at most 400"),
        Figure("memory", "this benchmark", "MB", (own,)),
    ]
