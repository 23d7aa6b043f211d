"""Sentences: a template of the wing that says them, filled with numbers."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


def words(wing: str, template: str, **values: Any) -> str:
    """A wing's plain-text template filled in, a line a paragraph."""
    environment = Environment(  # noqa: S701  (text for a terminal, not HTML)
        loader=PackageLoader(f"nem_cli.{wing}"), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template(template).render(**values)
