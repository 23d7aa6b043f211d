"""How a trial ended."""

from __future__ import annotations

from enum import IntEnum


class Status(IntEnum):
    """How a trial ended; the numbers are what the journal stores."""

    CONVERGED = 0
    MAX_ITERATIONS = 1
    DEGENERATE = 2

    @property
    def label(self) -> str:
        """The name in csv files and tables."""
        return self.name.lower().replace("_", "-")

    @property
    def sentence(self) -> str:
        """One sentence for a person."""
        return _SENTENCES[self]


_SENTENCES = {
    Status.CONVERGED: "The stop rule held.",
    Status.MAX_ITERATIONS: "The cap on M-steps was reached before the stop rule held.",
    Status.DEGENERATE: "A component collapsed: its weight fell below 1e-8, or its variance below 1e-9 of the sample's.",
}
