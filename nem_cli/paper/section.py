"""The pieces of a report: sections of text, pictures, tables and links, before they are a page."""

from __future__ import annotations

import re
from dataclasses import dataclass

WIDE = 450
"""Points; a narrower picture has room for another at its side."""


@dataclass(frozen=True)
class Picture:
    """A figure of the page.

    Parameters
    ----------
    svg : bytes
        A whole SVG file; the page makes its ids its own.
    alt : str
        What it shows, for those who can't see it.
    caption : str
    """

    svg: bytes
    alt: str
    caption: str = ""

    @property
    def wide(self) -> bool:
        """Whether it needs the page's whole width for its letters to be legible."""
        found = re.search(rb'viewBox="\S+ \S+ (\S+) ', self.svg)
        return found is not None and float(found[1]) > WIDE


@dataclass(frozen=True)
class Table:
    """A table of texts.

    Parameters
    ----------
    header : tuple of str
    rows : tuple of tuple of str
        The first cell names the row.
    caption : str
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""


@dataclass(frozen=True)
class Link:
    """A link to a file beside the page: its text and its relative address."""

    text: str
    address: str


@dataclass(frozen=True)
class Section:
    """A part of the report with a heading of its own, such as a study.

    Parameters
    ----------
    title : str
    paragraphs : tuple of str
        Plain text.
    pictures : tuple of Picture
    tables : tuple of Table
    code : str
        Commands, shown as they are typed.
    links : tuple of Link
        The csv files behind it.
    """

    title: str
    paragraphs: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
    tables: tuple[Table, ...] = ()
    code: str = ""
    links: tuple[Link, ...] = ()

    @property
    def anchor(self) -> str:
        """The heading's id in the page."""
        return re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")
