"""What a trial's numbers may depend on besides the config: the software's versions and the processor."""

from __future__ import annotations

import functools
import platform
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import numpy as np

from nem_cli.version import __version__


@functools.cache
def software() -> dict[str, str]:
    """The versions that must agree between the parent and its workers: those of this process."""
    return {
        "nem": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": version("scipy"),
    }


def differences(there: dict[str, str], here: dict[str, str]) -> str:
    """What differs between the versions of two processes; empty where nothing does."""
    return "; ".join(f"{name} {there[name]} there, {here[name]} here" for name in here if there[name] != here[name])


@functools.cache
def cpu() -> str:
    """The processor's name and the vector instructions that numpy uses on it, as far as it tells."""
    name = platform.processor()
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), name)
    found = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    return f"{name or platform.machine()} [{' '.join(found)}]"
