"""What a trial's numbers may depend on besides the config: the software's versions and the processor."""

from __future__ import annotations

import functools
import platform
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from nem_cli.version import __version__


@dataclass(frozen=True)
class Software:
    """The versions that must agree between the parent and its workers."""

    nem: str
    python: str
    numpy: str
    scipy: str

    def differences(self, expected: Software) -> str:
        """What differs from the versions that are expected; empty where nothing does."""
        return "; ".join(
            f"{name} {there} there, {here} here"
            for (name, there), here in zip(asdict(self).items(), asdict(expected).values(), strict=True)
            if there != here
        )


@functools.cache
def software() -> Software:
    """The versions of this process."""
    return Software(__version__, platform.python_version(), np.__version__, version("scipy"))


@functools.cache
def cpu() -> str:
    """The processor's name and the vector instructions that numpy uses on it, as far as it tells."""
    name = platform.processor()
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    found = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    return f"{name or platform.machine()} [{' '.join(found)}]"
