"""The reproduction report: one page that needs nothing but itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from nem_cli.drawing.inline_svg import inline_svg
from nem_cli.paper import verdict
from nem_cli.paper.claims import Row
from nem_cli.paper.section import Picture, Section
from nem_cli.statistics import published as paper

_POWER = re.compile(r"(?<=\w)\^(-?\w+(?:\.\d+)?)")


@dataclass(frozen=True)
class Page:
    """What the report holds.

    Parameters
    ----------
    summary : tuple of str
        The first paragraphs.
    rows : tuple of Row
        The verdict table.
    sections : tuple of Section
        All that follows the table, studies among them.
    """

    summary: tuple[str, ...]
    rows: tuple[Row, ...]
    sections: tuple[Section, ...]


def render(page: Page) -> str:
    """The page as HTML."""
    environment = Environment(
        loader=PackageLoader("nem_cli.paper"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["powers"] = powers
    return environment.get_template("report.html").render(
        page=page,
        groups=_groups(page.rows),
        rule=verdict.RULE,
        paper=paper,
        pictures={section.anchor: _pictures(section) for section in page.sections},
    )


def powers(written: str) -> Markup:
    """Plain text as HTML, powers such as 10^-2 as superscripts."""
    return Markup(_POWER.sub(r"<sup>\1</sup>", str(escape(written))))  # noqa: S704  (escaped)


def _groups(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    return [(name, list(each)) for name, each in groupby(rows, key=lambda row: row.claim.group)]


def _pictures(section: Section) -> list[tuple[Markup, Picture]]:
    return [
        (Markup(inline_svg(picture.svg, f"{section.anchor}-{number}", picture.alt)), picture)  # noqa: S704  (ours)
        for number, picture in enumerate(section.pictures, start=1)
    ]
