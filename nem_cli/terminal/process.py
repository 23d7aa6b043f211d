"""The command's own process, before anything heavy is imported."""

from __future__ import annotations

import os
import resource
import sys
from typing import Any, TextIO

BLAS_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
LEAST_MEMORY = 200 * 2**20
"""Bytes of address space below which a library asks for more for ever while it is loaded, deaf to signals."""


def prepare() -> None:
    """Make standard streams usable and the environment harmless; exit with a message where memory is too short."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:  # closed by whoever started us: the next file that is opened would be taken for it
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # workers need streams too
    sys.stdin = _stream(sys.stdin, 0, "r")
    sys.stdout = _stream(sys.stdout, 1, "w")
    sys.stderr = _stream(sys.stderr, 2, "w")
    os.environ.pop("MPLBACKEND", None)  # figures go to files; matplotlib refuses names that it doesn't know
    for name in BLAS_THREADS:  # as in the workers; many threads may also need more memory than there is
        os.environ.setdefault(name, "1")
    memory, _ = resource.getrlimit(resource.RLIMIT_AS)
    if memory != resource.RLIM_INFINITY and memory < LEAST_MEMORY:
        sys.exit(
            f"nem: needs at least {LEAST_MEMORY / 1e6:.0f} MB of memory to load its libraries, but this process may "
            f"use only {memory / 1e6:.0f} MB; raise the limit (ulimit -v)"
        )


def _stream(stream: TextIO | None, number: int, mode: str) -> Any:
    """A standard stream that takes every character."""
    found: Any = open(number, mode, encoding="utf-8", closefd=False) if stream is None else stream  # noqa: SIM115
    if hasattr(found, "reconfigure"):
        found.reconfigure(errors="surrogateescape" if mode == "r" else "backslashreplace")
    return found
