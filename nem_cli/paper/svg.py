"""Figures as parts of a page: ids that don't clash, colours that follow the page, native tooltips on markers."""

from __future__ import annotations

import re
from html import escape

import numpy as np
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure

from nem_cli.drawing.style import svg

_ID = re.compile(r'\sid="([^"]+)"')
_DATA = re.compile(r'\s(?:d|x|y)="[^"]*"')
_LONG = re.compile(r"(\.\d\d)\d+")
_USED = re.compile(r'(?:href="#|url\(#)([^")]+)')
_COLOURS = {"#000000": "currentColor", "#333333": "currentColor", "#555555": "var(--soft)",
            "#e5e5e5": "var(--line)"}  # fmt: skip
"""Ink, captions, plain EM and the grid take the page's colours, light or dark."""
_TIP = "tip-"


def page_svg(figure: Figure, prefix: str, alt: str) -> str:
    """A figure as an element of a page.

    Parameters
    ----------
    figure : Figure
        Gets tooltips on the points of its curves.
    prefix : str
        Of the ids, one a picture.
    alt : str
        What it shows, for those who can't see it.
    """
    for patch in (figure.patch, *(axes.patch for axes in figure.axes)):
        patch.set_facecolor("none")
    tips = _add_tips(figure)
    return inline_svg(svg(figure), prefix, alt, tips)


def inline_svg(picture: bytes, prefix: str, alt: str, tips: list[str] | None = None) -> str:
    """An SVG file as an element of a page.

    Ids that nothing refers to are dropped, the others get a prefix: matplotlib numbers its parts from 1 in every file.
    Coordinates keep two decimals, hundredths of a point.

    Parameters
    ----------
    picture : bytes
        A whole SVG file.
    prefix, alt : str
        As of `page_svg`.
    tips : list of str, optional
        The texts of the groups whose ids are tip-0, tip-1, ...
    """
    text = picture.decode("utf-8")
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = text.replace("xlink:href=", "href=").replace(' xmlns:xlink="http://www.w3.org/1999/xlink"', "")
    for number, tip in enumerate(tips or ()):
        text = text.replace(f'<g id="{_TIP}{number}">', f"<g><title>{escape(tip)}</title>", 1)
    used = set(_USED.findall(text))
    text = _ID.sub(lambda found: f' id="{prefix}-{found[1]}"' if found[1] in used else "", text)
    text = re.sub(r'href="#', f'href="#{prefix}-', text)
    text = text.replace("url(#", f"url(#{prefix}-")
    text = text.replace("*{stroke-linejoin", f".{prefix} *{{stroke-linejoin")  # a page has one style sheet for all
    text = _DATA.sub(lambda found: _LONG.sub(r"\1", found[0]).replace(" \n", " "), text)
    for ours, theirs in _COLOURS.items():
        text = re.sub(rf"(fill|stroke): {ours}", rf"\1: {theirs}", text)
    text = re.sub(r"\n\s*", "\n", text)
    return text.replace("<svg", f'<svg class="{prefix}" role="img" aria-label="{escape(alt, quote=True)}"', 1)


def _add_tips(figure: Figure) -> list[str]:
    """Put an invisible marker with an id of its own on every point of a curve with intervals; returns their texts."""
    tips: list[str] = []
    for axes in figure.axes:
        for curve in [each for each in axes.containers if isinstance(each, ErrorbarContainer)]:
            for x, y in np.asarray(curve.lines[0].get_xydata(), dtype=float):
                axes.plot(x, y, "o", markersize=10, alpha=0, gid=f"{_TIP}{len(tips)}", scalex=False, scaley=False)
                tips.append(f"{curve.get_label()} at {x:g}: {y:.4g}".replace("$", "").replace("\\", ""))
    return tips
