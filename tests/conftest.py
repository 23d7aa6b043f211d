"""Fixtures that several test files share."""

from __future__ import annotations

import children
import pytest


@pytest.fixture(scope="session")
def many_blocks(tmp_path_factory):
    """The config of an experiment of many short blocks."""
    path = tmp_path_factory.mktemp("config") / "many.yaml"
    path.write_text(children.MANY_BLOCKS)
    return path


@pytest.fixture(scope="session")
def whole(many_blocks, tmp_path_factory):
    """The folder of that experiment, run by one job and never interrupted."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    done = children.nem("sweep", many_blocks, "--out", folder, "--jobs", 1, "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return folder
