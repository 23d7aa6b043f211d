"""The tables of a finished search."""

from __future__ import annotations

from typing import Any

from nem_cli.paper.protocols.results import Protocols
from nem_cli.statistics.table import Column, Table


def stages_table(protocols: Protocols) -> Table:
    """How many path families each stage left, and what the last one keeps."""
    families = protocols.summary["families"]
    looked = [f"savings explained, {trials} trials" for trials in protocols.summary["trials"]["paper_levels"]]
    names = ["declared", "EM takes the paper's 10", *looked]
    rows: list[tuple[str, int | None, int | None]] = [
        (name, count, None) for name, count in zip(names, families, strict=True)
    ]
    rows[0] = (*rows[0][:2], protocols.summary["declared"])
    rows[1] = (*rows[1][:2], len(protocols.rows))
    rows.append(
        ("in the confidence set", len({_family(protocols, row) for row in protocols.members}), len(protocols.members))
    )
    return Table([Column("stage"), Column("path families", ",d"), Column("protocols", ",d")], rows)


def settings_table(protocols: Protocols) -> Table:
    """Each setting's share among the protocols in which EM takes the paper's 10 M-steps, and in the set."""
    rows = [(each.setting, each.value, each.survivors, each.members) for each in protocols.shares()]
    columns = [
        Column("setting"),
        Column("value"),
        Column("of the first stage, %", ".0f"),
        Column("of the set, %", ".0f"),
    ]
    return Table(columns, rows)


def _family(protocols: Protocols, row: dict[str, Any]) -> str:
    return repr([row[name] for name in protocols.settings if name not in ("norm", "tol", "start_counted")])
