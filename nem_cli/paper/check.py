"""`nem figures --check`: the csv files of a fresh run beside those that are there."""

from __future__ import annotations

import csv
import math
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nem_cli.experiment.runner import Workers
from nem_cli.paper.figures import figures
from nem_cli.sweep.sweep import Shown

RELATIVE = 1e-6
"""What any number may differ by: another processor's exponential differs in the last bit, and EM magnifies that."""

SHARE = 1e-3
"""The share of trials that may count one M-step more or less, or end otherwise: a last bit decides at a threshold."""

ALLOWED = {
    **dict.fromkeys(("mean_iterations", "mean_iterations_converged", "standard_error", "ci_low", "ci_high"), SHARE),
    **dict.fromkeys(("speedup_percent", "speedup_ci_low", "speedup_ci_high"), 100 * SHARE),
}
"""What such trials may move a column by: M-steps, and per cent."""

ENDINGS = ("converged", "max_iterations", "degenerate")
"""Columns that count trials."""

UNTRACKED = {"trials.csv"}

SEARCH = "protocols"
"""The folder of `nem protocols`, which the verdict reads and nothing here makes."""


@dataclass(frozen=True)
class Difference:
    """Where two csv files differ: row 1 is the first below the header, row 0 the header or the file as a whole."""

    file: str
    row: int
    column: str
    there: str
    fresh: str

    def __str__(self) -> str:
        column = f", column {self.column}" if self.column else ""
        return f"{self.file}, row {self.row}{column}: {self.there} there, {self.fresh} afresh"


def check(there: Path, *, trials: int | None, workers: Workers, progress: Shown) -> list[Difference]:
    """Run everything afresh in a scratch folder, and compare.

    Parameters
    ----------
    there : Path
        The results that are checked.
    trials : int, optional
        A level, instead of the configs'.
    progress : callable
        Opens a progress display of that title.
    """
    with tempfile.TemporaryDirectory(prefix="nem-check-") as scratch:
        fresh = Path(scratch)
        if (there / SEARCH).is_dir():
            shutil.copytree(there / SEARCH, fresh / SEARCH, ignore=shutil.ignore_patterns("*.sqlite*"))
        figures(fresh, trials=trials, workers=workers, progress=progress, everything=True)
        return list(differences(there, fresh))


def differences(there: Path, fresh: Path) -> Iterator[Difference]:
    """Every difference between the csv files of `fresh` and the same files below `there`, in the order of files.

    Parameters
    ----------
    there : Path
        The results that are checked; what they hold beside the files of `fresh` isn't looked at.
    fresh : Path
        The same results made again.
    """
    for path in sorted(fresh.rglob("*.csv")):
        name = path.relative_to(fresh).as_posix()
        if path.name in UNTRACKED:
            continue
        if (there / name).is_file():
            yield from _in_file(name, _rows(there / name), _rows(path))
        else:
            yield Difference(name, 0, "", "no such file", f"{len(_rows(path)) - 1} rows")


def _in_file(name: str, there: list[list[str]], fresh: list[list[str]]) -> Iterator[Difference]:
    header = fresh[0]
    if there[:1] != [header]:
        yield Difference(name, 0, "", ",".join(there[0]) if there else "", ",".join(header))
        return
    if len(there) != len(fresh):
        yield Difference(name, 0, "", f"{len(there) - 1} rows", f"{len(fresh) - 1} rows")
        return
    for number, (old, new) in enumerate(zip(there[1:], fresh[1:], strict=True), start=1):
        trials = float(dict(zip(header, new, strict=True)).get("trials") or 0)
        if len(old) != len(header):
            yield Difference(name, number, "", f"{len(old)} cells", f"{len(header)} cells")
            continue
        for column, before, after in zip(header, old, new, strict=True):
            if not _agree(column, before, after, trials):
                yield Difference(name, number, column, before, after)


def _agree(column: str, there: str, fresh: str, trials: float) -> bool:
    if there == fresh:
        return True
    try:
        before, after = float(there), float(fresh)
    except ValueError:
        return False
    allowed = SHARE * trials if column in ENDINGS else ALLOWED.get(column, 0.0)
    return math.isclose(before, after, rel_tol=RELATIVE, abs_tol=allowed)


def _rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))
