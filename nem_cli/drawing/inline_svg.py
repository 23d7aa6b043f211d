"""SVG files made part of a page: ids that don't clash, a text for those who can't see, no fixed size."""

from __future__ import annotations

import re
from html import escape

_ID = re.compile(r'\sid="([^"]+)"')
_DATA = re.compile(r'\s(?:d|x|y)="[^"]*"')
_LONG = re.compile(r"(\.\d\d)\d+")
_USED = re.compile(r'(?:href="#|url\(#)([^")]+)')


def inline_svg(svg: bytes, prefix: str, alt: str) -> str:
    """An SVG file as an element of a page.

    Ids that nothing refers to are dropped, the others get a prefix: matplotlib numbers its parts from 1 in every file.
    Coordinates keep two decimals, hundredths of a point.

    Parameters
    ----------
    svg : bytes
        A whole SVG file.
    prefix : str
        Of the page's own, one a picture.
    alt : str
        Becomes the element's accessible name.
    """
    text = svg.decode("utf-8")
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = text.replace("xlink:href=", "href=").replace(' xmlns:xlink="http://www.w3.org/1999/xlink"', "")
    used = set(_USED.findall(text))
    text = _ID.sub(lambda found: f' id="{prefix}-{found[1]}"' if found[1] in used else "", text)
    text = re.sub(r'href="#', f'href="#{prefix}-', text)
    text = text.replace("url(#", f"url(#{prefix}-")
    text = text.replace("*{stroke-linejoin", f".{prefix} *{{stroke-linejoin")  # a page has one style sheet for all
    text = _DATA.sub(lambda found: _LONG.sub(r"\1", found[0]).replace(" \n", " "), text)
    text = re.sub(r"\n\s*", "\n", text)
    return text.replace("<svg", f'<svg class="{prefix}" role="img" aria-label="{escape(alt, quote=True)}"', 1)
