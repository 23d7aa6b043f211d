"""What the Tab key offers; it mustn't be slow, so no floor below is imported but a light file."""

from __future__ import annotations

from collections.abc import Iterable

from nem_cli.experiment.shipped import FIGURE_CONFIGS, shipped_configs


def configs(incomplete: str) -> list[str]:
    """Names of shipped configs; where none fits, the shell completes files."""
    return _fitting(shipped_configs(), incomplete)


def modes_and_configs(incomplete: str) -> list[str]:
    """The same, and the injection modes that have a figure config."""
    return _fitting([*FIGURE_CONFIGS, *shipped_configs()], incomplete)


def _fitting(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
