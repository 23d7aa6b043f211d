"""The house: each floor imports only from floors below; the core is numpy and scipy; help is quick to start."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import nem_cli

PACKAGE = Path(nem_cli.__file__).parent
FLOORS = ["em", "experiment", "statistics", "drawing", "terminal"]
WINGS = ["sweep", "compare", "verify", "replay", "fit", "paper"]
ABOVE = ["cli"]
MAY_IMPORT = {"compare": {"sweep"}, "paper": {"sweep", "compare"}}
"""Which other wings a wing may import."""
FILES = sorted(PACKAGE.rglob("*.py"))


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            found |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def rooms_above(room):
    """What a room may not import."""
    if room in FLOORS:
        return {*FLOORS[FLOORS.index(room) + 1 :], *WINGS, *ABOVE}
    return {*WINGS, *ABOVE} - {room} - MAY_IMPORT.get(room, set())


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_each_room_imports_only_from_floors_below_and_wings_before_it(path):
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if room in {*FLOORS, *WINGS}:
        above = {("nem_cli", name) for name in rooms_above(room)}
        assert not [name for name in imports(path) if tuple(name.split(".")[:2]) in above]
    elif room in {"version", "errors"}:
        assert not [name for name in imports(path) if name.split(".")[0] == "nem_cli"]
    if room not in {"__init__", "__main__"}:
        assert "nem_cli" not in {name for name in imports(path) if name == "nem_cli"}, "the package's face"


def test_the_picture_in_contributing_is_this_house():
    text = (PACKAGE.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    drawn = re.findall(r"^(\w+)/  ", text, flags=re.M)
    assert drawn == [*ABOVE, *reversed(WINGS), *reversed(FLOORS)]
    assert set(drawn) <= {path.name for path in PACKAGE.iterdir() if path.is_dir()}
    for file in re.findall(r"`(\w+/[\w/]+\.py)", text):
        assert (PACKAGE / file).exists() or file.endswith("NAME.py"), file


def test_the_em_floor_is_pure_numpy_and_scipy():
    allowed = {"numpy", "scipy", "nem_cli", *sys.stdlib_module_names}
    for path in (PACKAGE / "em").rglob("*.py"):
        assert {name.split(".")[0] for name in imports(path)} <= allowed


def test_there_are_files_to_look_at():
    assert len(FILES) > 50


def test_no_global_random_state():
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Attribute)
                and node.value.attr == "random"
            ):
                assert node.attr in {"Generator", "SFC64", "SeedSequence", "default_rng"}, f"{path}:{node.lineno}"


@pytest.mark.parametrize("arguments", [["--help"], ["sweep", "--help"], ["--version"]])
def test_help_imports_neither_scipy_nor_matplotlib(arguments):
    code = (
        "import sys\n"
        "from nem_cli.cli.app import main\n"
        f"sys.argv = ['nem', *{arguments!r}]\n"
        "try:\n    main()\nexcept SystemExit as done:\n    assert not done.code, done.code\n"
        "loaded = {'scipy', 'matplotlib', 'sklearn', 'pandas'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
