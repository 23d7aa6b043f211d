"""When does noise harm? Start variances from far below to far above the true ones, with noise screened and blind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nem_cli.paper.studies.study import Collect, Runs, Study
from nem_cli.statistics.estimate import Sign
from nem_cli.statistics.run import Run
from nem_cli.statistics.study import MODES
from nem_cli.statistics.summary import Row


@dataclass(frozen=True)
class Side:
    """Starts on one side of the true variances.

    Parameters
    ----------
    screen : str
        screened or blind.
    side : str
        below, at, above.
    levels, slower, faster : int
        Cells of the grid with noise, and those whose interval says slower or faster than EM.
    worst, best : float
        Per cent fewer M-steps than EM, the least and the most.
    """

    screen: str
    mode: str
    side: str
    levels: int
    slower: int
    faster: int
    worst: float
    best: float


def measure(runs: Runs, collect: Collect) -> list[Side]:
    return [*_sides(runs["harm"], "screened"), *_sides(runs["harm-blind"], "blind")]


def _sides(run: Run, screen: str) -> Iterator[Side]:
    truth = run.experiment.system.values()["variances"]
    for mode in MODES:
        rows = [row for row in run.where({"noise.injection": mode}) if row.sigma]
        groups: dict[str, list[Row]] = {"below": [], "at": [], "above": []}
        for row in rows:
            start = row["start.variances"][0]
            groups["below" if start < min(truth) else "above" if start > max(truth) else "at"].append(row)
        for side, group in groups.items():
            saved = [found for row in group if (found := run.estimate(row, "speedup_percent"))]
            signs, values = [each.sign for each in saved], [each.value for each in saved]
            if values:
                slower, faster = signs.count(Sign.BELOW), signs.count(Sign.ABOVE)
                yield Side(screen, mode, side, len(values), slower, faster, min(values), max(values))


STUDY = Study(("harm", "harm-blind"), Side, measure)
