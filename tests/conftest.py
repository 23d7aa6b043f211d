"""Fixtures that several test files share."""

from __future__ import annotations

import fcntl

import children
import pytest

from nem_cli.experiment import plan


@pytest.fixture(scope="session")
def many_blocks(tmp_path_factory):
    """The config of an experiment of many short blocks."""
    path = tmp_path_factory.mktemp("config") / "many.yaml"
    path.write_text(children.MANY_BLOCKS)
    return path


@pytest.fixture(scope="session")
def whole(many_blocks, tmp_path_factory, worker_id):
    """The folder of that experiment, run by one job and never interrupted: once for all of pytest's processes."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    folder = shared / "whole" / "run"
    with (shared / "whole.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            done = children.nem("sweep", many_blocks, "--out", folder, "--jobs", 1, "--quiet")
            assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return folder


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of 20 trials, in this process: few trials then cost little."""
    monkeypatch.setattr(plan, "BLOCK_TRIALS", 20)
    monkeypatch.setattr(plan, "BLOCK_STARTS", 20)
    monkeypatch.setattr(plan, "BLOCK_NUMBERS", 40_000)
