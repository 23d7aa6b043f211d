"""A finished search as its files have it, and what can be read from them."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from nem_cli.errors import FolderError
from nem_cli.paper.protocols.config import Rule
from nem_cli.paper.protocols.search import LEVEL
from nem_cli.statistics.study import MODES, STATISTICS
from nem_cli.statistics.table import Column, Table

RULE = tuple(field.name for field in fields(Rule))
CLAIMS = (*STATISTICS, "shape")


@dataclass(frozen=True)
class Share:
    """A setting's value: per cent of the protocols where EM takes about 10 M-steps that have it, and of the set."""

    setting: str
    value: str
    survivors: float
    members: float


@dataclass(frozen=True)
class Protocols:
    """A finished search, as its files have it.

    Parameters
    ----------
    rows : list of dict
        A row a protocol that survived the first stage: its settings as in a config, its numbers as floats, NaN where
        it didn't get so far.
    settings : tuple of str
        The columns that are settings.
    summary : dict
        ``summary.json``: declared, families (in all, and left by each stage), candidates, members.
    """

    rows: list[dict[str, Any]]
    settings: tuple[str, ...]
    summary: dict[str, Any]

    @property
    def members(self) -> list[dict[str, Any]]:
        """The rows in the confidence set."""
        return [row for row in self.rows if in_set(row)]

    def base_rate(self, claim: str) -> float:
        """The share of the rows that some size of study makes compatible with a printed number, or with the shape.

        Those that an earlier stage dropped count as failing.
        """
        return _mean(row[f"p_{claim}"] >= LEVEL for row in self.rows)

    @property
    def faster(self) -> float:
        """The share of the rows in which both modes take fewer M-steps than EM at the paper's levels."""
        return _mean(all(row[f"{mode}_saving"] > 0 for mode in MODES) for row in self.rows)

    @property
    def whole_tol(self) -> bool:
        """Whether a protocol with a whole tol is in the set."""
        return any(float(row["tol"]).is_integer() for row in self.members)

    def shares(self) -> list[Share]:
        """Each setting's values, and how frequent they are."""
        groups = self.rows, self.members
        return [
            Share(name, shown(value), *(100 * _mean(row[name] == value for row in rows) for rows in groups))
            for name in self.settings
            for value in values(self.rows, name)
        ]

    def shared(self) -> dict[str, str]:
        """The settings that all in the set have alike."""
        found = {name: {row[name] for row in self.members} for name in self.settings}
        return {name: shown(each.pop()) for name, each in found.items() if len(each) == 1}


def _mean(holds: Iterable[bool]) -> float:
    """The share of those that hold; 0 of none."""
    return float(np.mean(list(holds) or [False]))


def in_set(row: dict[str, Any]) -> bool:
    """Whether a row belongs to the confidence set."""
    return bool(row["p_joint"] >= LEVEL)


def values(rows: Sequence[dict[str, Any]], name: str) -> list[Any]:
    """A column's values, each once and in order; of names the order in which they come."""
    found = list(dict.fromkeys(row[name] for row in rows if row[name] != ""))
    try:
        return sorted(found, key=lambda value: value if isinstance(value, float) else json.loads(value))
    except ValueError:
        return found


def shown(value: Any) -> str:
    """A setting's value as tables and figures have it: numbers short, lists without brackets."""
    if isinstance(value, float):
        return f"{value:g}"
    if not value.startswith("["):
        return str(value)
    return ", ".join(f"{each:g}" if isinstance(each, float) else str(each) for each in json.loads(value))


def read(folder: Path) -> Protocols:
    """A finished search from its folder.

    Raises
    ------
    FolderError
        If it holds none.
    """
    try:
        with (folder / "protocols.csv").open(encoding="utf-8", newline="") as file:
            lines = csv.DictReader(file)
            columns = tuple(lines.fieldnames or ())
            names = columns[: columns.index(RULE[-1]) + 1]
            rows = [{name: _value(name, text, names) for name, text in line.items()} for line in lines]
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FolderError(f"holds no finished search through protocols ({error})", source=str(folder)) from None
    return Protocols(rows, names, summary)


def _value(name: str, text: str, names: Sequence[str]) -> Any:
    if name not in names:
        return float(text) if text else math.nan
    if name in ("tol", "sample_size"):
        return float(text)
    return text


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


def stages_table(protocols: Protocols) -> Table:
    """How many path families each stage left, and what the last one keeps."""
    summary = protocols.summary
    looked = [f"savings explained, {trials} trials" for trials in summary["trials"]["paper_levels"]]
    names = ["declared", "EM takes the paper's 10", *looked]
    counts = [summary["declared"], len(protocols.rows), *[None] * len(looked)]
    families = {tuple(row[name] for name in protocols.settings if name not in RULE) for row in protocols.members}
    rows = [
        *zip(names, summary["families"], counts, strict=True),
        ("in the confidence set", len(families), len(protocols.members)),
    ]
    return Table([Column("stage"), Column("path families", ",d"), Column("protocols", ",d")], rows)


def settings_table(protocols: Protocols) -> Table:
    """Each setting's share among the protocols in which EM takes the paper's 10 M-steps, and in the set."""
    columns = [
        Column("setting"),
        Column("value"),
        Column("of the first stage, %", ".0f"),
        Column("of the set, %", ".0f"),
    ]
    return Table(columns, [astuple(share) for share in protocols.shares()])
