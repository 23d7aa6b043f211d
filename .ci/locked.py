"""Whether results/ is made again to the byte here: exit 0, or 1 with what differs from the lock, constraints.txt."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np


def here(name: str) -> str | None:
    """What this machine has of one of the lock's lines; None where no number can depend on it."""
    if name == "Python":
        return platform.python_version()
    if name == "processor":
        found = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
        return f"{platform.machine()} with {max((each for each in found if each.startswith('X86_V')), default='less')}"
    try:
        return version(name)
    except PackageNotFoundError:
        return None


lines = (Path(__file__).parents[1] / "constraints.txt").read_text(encoding="utf-8").splitlines()
locked = dict(line.removeprefix("# ").split("==") for line in lines if "==" in line)
differ = [
    f"{name} {here(name)} instead of {wanted}" for name, wanted in locked.items() if here(name) not in (wanted, None)
]
if differ:
    print("results/ was made with other versions or on another processor:", *differ, sep="\n  ")
    sys.exit(1)
