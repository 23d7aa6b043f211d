"""What stands around a figure's axes: its title and legend above, its caption below."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

TITLE_SIZE = 11
CAPTION_SIZE = 8
LONG = 48
"""Characters of a name, above which it needs a line of its own."""
CHARACTERS = 16.5
"""Of a caption, an inch."""
_TITLE_CHARACTERS = 11.0
"""Of a title, an inch."""


def add_title(figure: Figure, written: str) -> None:
    """Put a title above a figure that has no legend of its own, at the left; a dollar sign is a dollar sign."""
    figure.suptitle(_wrapped(figure, written), x=0.01, ha="left", fontsize=TITLE_SIZE, parse_math=False)


def add_caption(figure: Figure, written: str) -> None:
    """Put the caption under the axes, powers as superscripts."""
    width = int(CHARACTERS * figure.get_figwidth())
    lines = [part for line in written.split("\n") for part in textwrap.wrap(line, width, break_on_hyphens=False)]
    shown = re.sub(r"(\w+)\^(-?[\d.]+)", r"$\1^{\2}$", "\n".join(lines))
    figure.supxlabel(shown, fontsize=CAPTION_SIZE, color="#333333", x=0.01, ha="left", linespacing=1.35)


def add_legend(figure: Figure, columns: Sequence[Axes], ncols: int = 2, title: str = "") -> None:
    """One legend above all axes, under the title, each name once, where it hides no data; long names in one column."""
    entries: dict[str, Any] = {}
    for axes in columns:
        for handle, name in zip(*axes.get_legend_handles_labels(), strict=True):
            entries.setdefault(name, handle)
    if any(len(name) > LONG for name in entries):
        ncols = 1
    if entries:
        legend = figure.legend(
            list(entries.values()), list(entries), loc="outside upper left", ncols=min(ncols, len(entries)),
            title=_wrapped(figure, title) or None, title_fontsize=TITLE_SIZE, alignment="left",
        )  # fmt: skip
        legend.get_title().set_parse_math(False)


def _wrapped(figure: Figure, title: str) -> str:
    return "\n".join(textwrap.wrap(title, int(_TITLE_CHARACTERS * figure.get_figwidth())))
