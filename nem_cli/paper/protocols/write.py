"""Writing what a search found: ``protocols.csv``, ``set.csv``, ``summary.json`` and the figures."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nem_cli.drawing.style import save_figure
from nem_cli.experiment import folder as files
from nem_cli.paper.protocols.config import settings, ways
from nem_cli.paper.protocols.figures import ridge, specification_curve
from nem_cli.paper.protocols.results import CLAIMS, RULE, Protocols, read
from nem_cli.paper.protocols.search import Candidate, Found
from nem_cli.statistics.prediction import JOINTS

_NUMBERS = ("em", "restricted", "multiplicative_saving", "additive_saving")
_SET = ("p_joint_without_se", "n_joint_without_se", "p_joint_all", "n_joint_all")


def write(found: Found, folder: Path) -> Protocols:
    """Write a search's files, its figures among them; returns what is in them.

    Raises
    ------
    RunError
        If they can't be written.
    """
    names = _varying(found)
    inside = [each for each in found.candidates if each.in_set]
    files.write(folder / "protocols.csv", _csv(found.candidates, names, of_set=False))
    files.write(folder / "set.csv", _csv(inside, names, of_set=True))
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


def summary_json(protocols: Protocols) -> str:
    """What a search found, for programs."""
    return json.dumps(
        protocols.summary
        | {
            "whole_tol_in_set": protocols.whole_tol,
            "share_faster": protocols.faster,
            "shared_by_set": protocols.shared(),
            "base_rates": {claim: protocols.base_rate(claim) for claim in CLAIMS},
        },
        indent=2,
    )


def _varying(found: Found) -> list[str]:
    """The settings that the candidates differ in."""
    every = [dict(settings(each.level)) for each in found.candidates]
    names = dict.fromkeys(name for each in every for name in each)
    return [name for name in names if len({repr(each[name]) for each in every if name in each}) > 1]


def _csv(candidates: Sequence[Candidate], names: Sequence[str], *, of_set: bool) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    passed = [f"p_{claim}" for claim in CLAIMS]
    writer.writerow([*names, *RULE, *_NUMBERS, "p_joint", "n", *(_SET if of_set else passed)])
    for each in candidates:
        flat = dict(settings(each.level))
        row = [_text(flat.get(name)) for name in names]
        row += [each.rule.norm, _text(each.rule.tol), _text(each.rule.start_counted)]
        row += [_text(value) for value in (each.em, each.restricted, each.multiplicative, each.additive)]
        keys = [f"{claim}:{what}" for claim in JOINTS for what in ("p", "n")]
        row += [_text(each.full and each.full[name]) for name in (*keys[:2], *(keys[2:] if of_set else CLAIMS))]
        writer.writerow(row)
    return buffer.getvalue()


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    return value if isinstance(value, str) else json.dumps(value)
