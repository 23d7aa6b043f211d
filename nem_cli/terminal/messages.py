"""What a person sees: messages, exit codes, progress."""

from __future__ import annotations

import errno
import functools
import os
import re
import shutil
import signal
import sys
import textwrap
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, ParamSpec, TypeVar, get_type_hints

import typer
from typer.models import OptionInfo

from nem_cli.errors import GO_ON, ConfigError, NemError, NemWarning, printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from nem_cli.statistics.table import Table as Plan

P = ParamSpec("P")
R = TypeVar("R")

FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130
LOG_SECONDS = 30.0
"""Between two lines of progress where there is no terminal."""


def command(function: Callable[P, R], kept: str = "") -> Callable[P, R]:
    """Turn nem's errors into one message on standard error and an exit code; `kept` ends that of an interruption."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            with _terminable(kept), _plain_warnings():
                return function(*args, **kwargs)
        except NemError as error:
            say(f"nem: {_as_typed(str(error), function)}")
            raise typer.Exit(BAD_INPUT if isinstance(error, ConfigError) else FAILED) from None
        except OSError as error:
            if error.errno == errno.EPIPE:  # whoever reads the output has had enough, which isn't worth a word
                raise
            say(f"nem: {error}")
            raise typer.Exit(FAILED) from None
        except KeyboardInterrupt:
            say(f"nem: interrupted{kept}")
            raise typer.Exit(INTERRUPTED) from None
        except MemoryError:
            say(f"nem: out of memory{f' (use fewer --jobs){kept}' if kept else ''}")
            raise typer.Exit(FAILED) from None
        except ImportError as error:  # a library that is damaged, or for which there is no memory
            say(f"nem: a library can't be loaded: {str(error).strip().splitlines()[-1]}")
            raise typer.Exit(FAILED) from None

    return run


def resumable(function: Callable[P, R]) -> Callable[P, R]:
    """As `command`, for one that goes on where it was interrupted."""
    return command(function, f"; {GO_ON}")


def _as_typed(message: str, function: Callable[..., object]) -> str:
    """A message in which the parameters that a library call would take, in backticks, are the options as typed."""
    typed = {argument.partition("=")[0] for argument in sys.argv[1:]}
    names: dict[str, str] = {}
    for name, hint in get_type_hints(function, include_extras=True).items():
        for info in getattr(hint, "__metadata__", ()):
            if isinstance(info, OptionInfo):
                options = [str(info.default), *(info.param_decls or ())]  # to typer the first is a default
                names[name] = next((option for option in options if option in typed), options[0])
    return re.sub(r"`(\w+)`", lambda found: names.get(found[1], found[0]), message)


def say(message: str) -> None:
    """A message on standard error; on a terminal lines break between words, elsewhere each stays whole."""
    message = printable(message)
    if sys.stderr.isatty():
        width = shutil.get_terminal_size().columns
        lines = (
            textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False) for line in message.split("\n")
        )
        message = "\n".join("\n".join(line) for line in lines)
    typer.echo(message, err=True)


def console(stderr: bool = False) -> Console:
    """A console that prints texts as they are: no colours for numbers, nothing taken for markup or an emoji."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, markup=False, emoji=False)


def print_table(table: Table) -> None:
    """Print a table as wide as the terminal, or wider where its numbers need that: none is cut off."""
    from rich.measure import Measurement

    place = console()
    place.width = max(place.width, Measurement.get(place, place.options.update(max_width=1000), table).minimum)
    place.print(table)


def print_plan(plan: Plan, as_json: bool) -> None:
    """What `--dry-run` would run: a table, or its records as JSON."""
    if as_json:
        import json

        typer.echo(json.dumps(plan.records(), indent=2))
        return
    print_table(plan.rich())
    console().print(plan.caption)


@contextmanager
def _terminable(kept: str) -> Iterator[None]:
    """Take SIGTERM, which batch systems send, for Ctrl-C: finish what is being written, end the workers."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        while frame:
            if "importlib._bootstrap" in frame.f_code.co_filename:  # half a module is of no use to what comes after
                say(f"nem: interrupted{kept}")
                os._exit(INTERRUPTED)
            frame = frame.f_back
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _plain_warnings() -> Iterator[None]:
    """Show nem's own warnings as a line, without the place in the code."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", NemWarning)
        shown = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *place: object, **more: object) -> None:
            if issubclass(category, NemWarning):
                say(f"nem: warning: {message}")
            else:
                shown(message, category, *place, **more)  # type: ignore[arg-type]

        warnings.showwarning = show
        yield


@contextmanager
def progress(title: str, quiet: bool = False, unit: str = "trials") -> Iterator[Callable[[int, int], None] | None]:
    """Trials, or other units, done of all and the time left, on standard error; a line now and then in a log."""
    if quiet:
        yield None
        return
    if not sys.stderr.isatty():
        yield _lines(title, unit)
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),  # so that there is room in 80 columns
        MofNCompleteColumn(),
        TextColumn(f"{unit}, left"),
        TimeRemainingColumn(),
        console=console(stderr=True),
    ) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _lines(title: str, unit: str) -> Callable[[int, int], None]:
    """Progress where nobody looks at a bar: a line every `LOG_SECONDS`, from then on."""
    said = time.monotonic()

    def report(done: int, total: int) -> None:
        nonlocal said
        if time.monotonic() - said >= LOG_SECONDS:
            said = time.monotonic()
            typer.echo(f"{title}: {done:,} of {total:,} {unit}", err=True)

    return report
