"""One look for every figure: colour-blind-safe, legible at page width, the same bytes from the same numbers."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from nem_cli.experiment.folder import write

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#7F7F00")
"""Okabe and Ito (2008), the yellow darkened to be legible on white."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DIVERGING = "PuOr"
"""Orange is harm, purple benefit; both ends are told apart by every kind of colour vision."""
BASELINE = "#555555"
INK = "#111111"
"""Of letters on a cell's own colour; they stay dark where a page's own ink is light."""
PAPER = "#AA3377"

LINES = ("-", "--", ":")
"""Told apart where the colours begin again."""


@dataclass(frozen=True)
class Look:
    """How a curve is told from the others."""

    colour: str
    marker: str
    line: str


EM_LOOK = Look(BASELINE, "o", "--")
"""Plain EM's, in every figure."""


def look(number: int) -> Look:
    """The look of the curve with that number, EM not counted."""
    again, colour = divmod(number, len(COLOURS))
    return Look(COLOURS[colour], MARKERS[1 + number % (len(MARKERS) - 1)], LINES[again % len(LINES)])


_RC: dict[str, Any] = {
    "font.size": 10,
    "font.family": "DejaVu Sans",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#E5E5E5",
    "grid.linewidth": 0.7,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "figure.dpi": 150,
    "svg.hashsalt": "nem",
    "svg.fonttype": "path",
}


@contextmanager
def style() -> Iterator[None]:
    """Draw with the project's look."""
    with matplotlib.rc_context(_RC):  # type: ignore[arg-type]
        yield


class Picture(Figure):
    """A figure that a notebook shows, whether pyplot was imported there or not."""

    def _repr_png_(self) -> bytes:
        return png(self)


def save_figure(figure: Figure, folder: Path, name: str = "figure") -> None:
    """Write ``NAME.png`` and ``NAME.svg``.

    Raises
    ------
    RunError
        If they can't be written.
    """
    write(folder / f"{name}.png", png(figure))
    figure.set_layout_engine("none")  # as it was laid out for the png: half of the time
    write(folder / f"{name}.svg", svg(figure))


def png(figure: Figure) -> bytes:
    """The figure as PNG."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def svg(figure: Figure) -> bytes:
    """The figure as SVG."""
    buffer = io.BytesIO()
    with style():
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()
