"""The errors that nem raises on purpose: each names the place, the offending value, and what is allowed."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

GO_ON = "finished blocks are kept, and the same command goes on where this one stopped"
"""What a run that couldn't end tells the person who runs the command."""


class NemError(Exception):
    """Base of every error that nem raises on purpose; its text is written for the person who runs the command."""


class ConfigError(NemError):
    """Bad input: a setting, an option or a data value that nem refuses.

    Parameters
    ----------
    problem : str
        What is wrong and what is allowed, as one sentence without the place.
    path : str, optional
        The setting's dotted path, such as ``noise.decay``.
    value : object, optional
        The offending value, shown as it was given.
    source : str, optional
        The file, or the option, that the value came from.
    """

    def __init__(self, problem: str, *, path: str = "", value: object = None, source: str = "") -> None:
        self.problem = problem
        self.path = path
        self.value = value
        self.source = source
        place = ": ".join(part for part in (source, path) if part)
        shown = "" if value is None else f" (got {shorten(' '.join(repr(value).split()), 80)})"
        super().__init__(f"{place}: {problem}{shown}" if place else f"{problem}{shown}")


class PluginError(ConfigError):
    """A user's own injection, screen, family, start or stop rule can't be loaded or breaks its contract."""


class SupportError(ConfigError):
    """Noise that nothing rejects takes data out of the support of their family."""


class RunError(NemError):
    """A run that can't go on; what it finished is in its journal."""


class FolderError(ConfigError):
    """A results folder that can't be used: another experiment, another process, a damaged journal."""


class NemWarning(UserWarning):
    """Something that the person who runs the command should know; the run goes on."""


def suggest(name: str, allowed: Iterable[str]) -> str:
    """A hint for a misspelt name: ``did you mean additive? ``, or nothing where no allowed name is near."""
    near = difflib.get_close_matches(name, list(allowed), n=1, cutoff=0.5)
    return f"did you mean {near[0]}? " if near else ""


def printable(text: str) -> str:
    """A text whose control characters are written out, so that none of them reaches a terminal."""
    return "".join(
        letter if letter.isprintable() or letter == "\n" else letter.encode("unicode_escape").decode()
        for letter in text
    )


def shorten(text: str, width: int) -> str:
    """A text of at most that many characters."""
    return text if len(text) <= width else f"{text[: width - 3]}..."
