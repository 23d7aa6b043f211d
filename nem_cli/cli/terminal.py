"""What a person sees: messages, exit codes, progress."""

from __future__ import annotations

import functools
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import ParamSpec, TypeVar

import typer

from nem_cli.errors import GO_ON, ConfigError, NemError, NemWarning

P = ParamSpec("P")
R = TypeVar("R")

FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130


def command(function: Callable[P, R]) -> Callable[P, R]:
    """Turn nem's errors into one message on standard error and an exit code."""
    return _command(function)


def resumable(function: Callable[P, R]) -> Callable[P, R]:
    """As `command`, for one that keeps what it has done when it is interrupted."""
    return _command(function, f"; {GO_ON}")


def _command(function: Callable[P, R], kept: str = "") -> Callable[P, R]:
    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            with _terminable(), _plain_warnings():
                return function(*args, **kwargs)
        except NemError as error:
            typer.echo(f"nem: {error}", err=True)
            raise typer.Exit(BAD_INPUT if isinstance(error, ConfigError) else FAILED) from None
        except KeyboardInterrupt:
            typer.echo(f"nem: interrupted{kept}", err=True)
            raise typer.Exit(INTERRUPTED) from None
        except MemoryError:
            typer.echo(f"nem: out of memory{f' (use fewer --jobs){kept}' if kept else ''}", err=True)
            raise typer.Exit(FAILED) from None

    return run


@contextmanager
def _terminable() -> Iterator[None]:
    """Take SIGTERM, which batch systems send, for Ctrl-C: finish what is being written, end the workers."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _plain_warnings() -> Iterator[None]:
    """Show nem's own warnings as a line, without the place in the code."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", NemWarning)
        shown = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *place: object, **more: object) -> None:
            if issubclass(category, NemWarning):
                typer.echo(f"nem: warning: {message}", err=True)
            else:
                shown(message, category, *place, **more)  # type: ignore[arg-type]

        warnings.showwarning = show
        yield


@contextmanager
def progress(title: str, quiet: bool = False, unit: str = "trials") -> Iterator[Callable[[int, int], None] | None]:
    """Trials, or other units, done of all and the time left, on standard error; nothing where that isn't a terminal."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(f"{unit}, left"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    ) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
