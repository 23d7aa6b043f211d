"""The configs that come with nem. Nothing heavy is imported here: shell completion lists them at every press of Tab."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

FIGURE_CONFIGS = {"additive": "anem", "multiplicative": "mnem"}
"""The shipped config of each of the paper's modes."""


def shipped_configs() -> dict[str, Path]:
    """The configs that come with nem, by name."""
    package = Path(str(resources.files("nem_cli")))
    inside = package / "configs"
    folder = inside if inside.is_dir() else package.parent / "configs"  # a source tree keeps them beside the package
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}
