"""The version of the installed package."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as _installed

try:
    __version__ = _installed("nem-cli")
except PackageNotFoundError:  # imported from a source tree that isn't installed
    __version__ = "unknown"
