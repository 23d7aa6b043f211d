"""Tiles: a step's arrays stay in the second-level cache."""

from __future__ import annotations

from collections.abc import Iterator

TILE = 1 << 15
"""How many responsibilities, or coordinates of data, are worked on at once."""
WHOLE_TILE = 1 << 19
"""The same where trials stay whole: a recursion over the samples works on a sample of all trials at a time."""


def tiles(shape: tuple[int, int], width: int, whole: bool = False) -> Iterator[tuple[slice, slice]]:
    """Split a batch of data into (trials, samples) ranges of at most `TILE` (`WHOLE_TILE`) values.

    Parameters
    ----------
    shape : tuple of int
        (trials, samples).
    width : int
        Values a sample: the number of components, or of coordinates where that is larger.
    whole : bool
        Never split a trial, which may then be larger.
    """
    trials, samples = shape
    size = max(1, (WHOLE_TILE if whole else TILE) // width)
    rows = max(1, size // samples)
    columns = samples if whole else min(samples, size)
    for row in range(0, trials, rows):
        for column in range(0, samples, columns):
            yield slice(row, row + rows), slice(column, column + columns)
