"""Writing what a search found: ``protocols.csv``, ``set.csv``, ``summary.json`` and the figures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from pathlib import Path

from nem_cli.drawing.style import save_figure
from nem_cli.experiment import folder as files
from nem_cli.paper.protocols.config import settings, ways
from nem_cli.paper.protocols.figures import ridge, specification_curve
from nem_cli.paper.protocols.results import CLAIMS, RULE, Protocols, read
from nem_cli.paper.protocols.search import Candidate, Found
from nem_cli.statistics.study import MODES
from nem_cli.statistics.table import csv_line
from nem_cli.statistics.tables import cell

_NUMBERS = {
    "em": "mean",
    "restricted": "restricted",
    **{f"{mode}_saving": mode for mode in MODES},
    "p_joint": "joint-fit:p",
    "n": "joint-fit:n",
}
"""Columns of both files, and what they hold of a candidate's numbers."""
_PASSED = {f"p_{claim}": claim for claim in CLAIMS}
_SET = {
    "p_joint_without_se": "joint-without-se:p",
    "n_joint_without_se": "joint-without-se:n",
    "p_joint_all": "joint:p",
    "n_joint_all": "joint:n",
}


def write(found: Found, folder: Path) -> Protocols:
    """Write a search's files, its figures among them; returns what is in them.

    Raises
    ------
    RunError
        If they can't be written.
    """
    names = _varying(found)
    inside = [each for each in found.candidates if each.in_set]
    files.write(folder / "protocols.csv", _csv(found.candidates, names, _NUMBERS | _PASSED))
    files.write(folder / "set.csv", _csv(inside, names, _NUMBERS | _SET))
    summary = {
        "declared": found.families[0] * len(ways(found.search.rules)),
        "families": list(found.families),
        "candidates": len(found.candidates),
        "members": len(inside),
        "trials": found.search.trials.model_dump(mode="json"),
        "horizon": found.search.horizon,
    }
    files.write(folder / "summary.json", json.dumps(summary, indent=2) + "\n")
    made = read(folder)
    if made.rows:
        save_figure(specification_curve(made), folder, "specification-curve")
        save_figure(ridge(made), folder, "ridge")
    return made


def _varying(found: Found) -> list[str]:
    """The settings that the candidates differ in."""
    every = [dict(settings(each.level)) for each in found.candidates]
    names = dict.fromkeys(name for each in every for name in each)
    return [name for name in names if len({repr(each[name]) for each in every if name in each}) > 1]


def _csv(candidates: Sequence[Candidate], names: Sequence[str], numbers: Mapping[str, str]) -> str:
    lines = [csv_line([*names, *RULE, *numbers])]
    for each in candidates:
        flat = dict(settings(each.level))
        cells = [*(flat.get(name) for name in names), *astuple(each.rule), *map(each.numbers.get, numbers.values())]
        lines.append(csv_line(f"{value:.6g}" if isinstance(value, float) else cell(value) for value in cells))
    return "".join(lines)
