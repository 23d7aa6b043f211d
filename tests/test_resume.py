"""A run that was stopped, however it was, goes on and ends with the bytes of one that wasn't."""

from __future__ import annotations

import os
import shutil
import signal

import children
import psutil
import pytest

from nem_cli import sweep
from nem_cli.errors import FolderError
from nem_cli.experiment.load import load
from nem_cli.experiment.runner import Workers


@pytest.mark.parametrize("share", [0.2, 0.8])
def test_a_killed_run_goes_on_where_it_stopped(share, many_blocks, whole, tmp_path):
    folder = tmp_path / "run"
    killed = children.start("sweep", many_blocks, "--out", folder, "--jobs", 2)
    children.wait_for_blocks(killed, folder, int(share * children.BLOCKS))
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    before = children.finished_blocks(folder)
    assert int(share * children.BLOCKS) <= len(before) < children.BLOCKS
    assert not (folder / "summary.csv").exists()

    sweep(load(many_blocks), out=folder, workers=Workers(1))
    after = children.finished_blocks(folder)
    assert after[: len(before)] == before  # the same rows with the same times: none ran twice
    assert len(after) == children.BLOCKS
    assert children.results(folder) == children.results(whole)
    assert children.contents(folder).keys() == children.contents(whole).keys()


@pytest.mark.parametrize("unfinished", [".trials.csv.*", "trials.csv", "summary.csv"])
def test_a_run_killed_while_its_files_are_written(unfinished, many_blocks, whole, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    shutil.copy(whole / "trials.sqlite", folder)
    killed = children.start("sweep", many_blocks, "--out", folder, "--jobs", 1)
    children.wait(lambda: any(folder.glob(unfinished)), killed, every=0.001)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    assert not (folder / "manifest.json").exists()
    before = children.finished_blocks(folder)
    assert len(before) == children.BLOCKS
    sweep(load(many_blocks), out=folder, workers=Workers(1))
    assert children.finished_blocks(folder) == before
    assert children.results(folder) == children.results(whole)
    assert children.contents(folder).keys() == children.contents(whole).keys()  # no unfinished file is left


@pytest.mark.parametrize(
    ("target", "number"), [("group", signal.SIGINT), ("parent", signal.SIGINT), ("parent", signal.SIGTERM)]
)
def test_an_interrupt_ends_the_workers_and_keeps_what_is_done(target, number, many_blocks, whole, tmp_path):
    folder = tmp_path / "run"
    running = children.start("sweep", many_blocks, "--out", folder, "--jobs", 2)
    children.wait_for_blocks(running, folder, 10)
    workers = psutil.Process(running.pid).children(recursive=True)
    assert len(workers) >= 2
    if target == "group":
        os.killpg(running.pid, number)
    else:
        os.kill(running.pid, number)
    out, err = running.communicate(timeout=children.PATIENCE)
    assert running.returncode == 130
    assert out == ""
    message = "nem: interrupted; finished blocks are kept, and the same command goes on where this one stopped\n"
    assert err.endswith(message), err  # a worker that is just starting may have its own word before it
    _, alive = psutil.wait_procs(workers, timeout=30)
    assert not alive
    assert os.listdir(folder) == ["trials.sqlite"]  # whole: its log is merged, nothing else is left
    assert len(children.finished_blocks(folder)) < children.BLOCKS
    children.assert_goes_on(folder, many_blocks, whole)


def test_workers_end_when_their_parent_is_killed(many_blocks, tmp_path):
    folder = tmp_path / "run"
    running = children.start("sweep", many_blocks, "--out", folder, "--jobs", 2)
    children.wait_for_blocks(running, folder, 4)
    workers = psutil.Process(running.pid).children(recursive=True)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    _, alive = psutil.wait_procs(workers, timeout=30)
    assert not alive
    running.communicate()


def test_a_worker_that_dies_loses_nothing(many_blocks, whole, tmp_path):
    folder = tmp_path / "run"
    running = children.start("sweep", many_blocks, "--out", folder, "--jobs", 2)
    children.wait_for_blocks(running, folder, 10)
    workers = [
        child for child in psutil.Process(running.pid).children() if "popen_loky_posix" in " ".join(child.cmdline())
    ]
    os.kill(workers[0].pid, signal.SIGKILL)
    _, err = running.communicate(timeout=children.PATIENCE)
    assert running.returncode == 1
    assert err.startswith("nem: a worker process died")
    assert "the same command goes on" in err
    assert err.count("\n") == 1
    children.assert_goes_on(folder, many_blocks, whole)


def test_more_trials_and_more_levels_reuse_what_is_there(many_blocks, tmp_path):
    def run(name, trials, sigma):
        experiment = load(many_blocks, [f"sweep={{sigma: {sigma}}}"], trials=trials)
        folder = sweep(experiment, out=tmp_path / name, workers=Workers(1)).folder
        return children.finished_blocks(folder), children.results(folder)

    first, _ = run("grown", 250, [0, 1])
    assert len(first) == 6  # 250 trials are three blocks of 100; the last one ran whole
    second, _ = run("grown", 300, [0, 1])
    assert second == first
    third, grown = run("grown", 400, [0, 1, 3])
    assert third[:6] == first
    assert len(third) == 12
    assert grown == run("at-once", 400, [0, 1, 3])[1]
    with pytest.raises(FolderError, match="holds 400 trials a level, which 250 would replace"):
        run("grown", 250, [0, 1])
    assert children.results(tmp_path / "grown") == grown


def test_fresh_starts_over(many_blocks, tmp_path):
    def run(seed, fresh=False):
        experiment = load(many_blocks, ["sweep={sigma: [0]}"], trials=100, seed=seed)
        return sweep(experiment, out=tmp_path / "run", workers=Workers(1), fresh=fresh)

    run(7)
    with pytest.raises(FolderError, match="seed: there 7, here 8"):
        run(8)
    assert run(8, fresh=True).experiment.seed == 8
    assert len(children.finished_blocks(tmp_path / "run")) == 1
    assert "seed: 8" in (tmp_path / "run" / "config.yaml").read_text()
