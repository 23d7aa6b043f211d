"""Bounded memory, and trials until the intervals are narrow enough."""

from __future__ import annotations

import json
import subprocess
import sys

import children
import pytest

from nem_cli import sweep
from nem_cli.errors import ConfigError
from nem_cli.experiment.load import load
from nem_cli.experiment.runner import Workers
from nem_cli.sweep.precision import Precision, widest

MEASURED = """
import resource, sys, threading, time
import psutil
from nem_cli.cli.app import main

worker = 0

def watch():  # the system tells a parent of ended children only, and the workers end after it
    global worker
    while True:
        for child in psutil.Process().children():
            try:
                if "popen_loky_posix" in " ".join(child.cmdline()):
                    worker = max(worker, child.memory_info().rss)
            except psutil.Error:
                pass
        time.sleep(0.01)

threading.Thread(target=watch, daemon=True).start()
try:
    main()
finally:
    unit = 1 if sys.platform == "darwin" else 1024
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit // 10**6, worker // 10**6)
"""
SETTINGS = ("--set", "sweep={sigma: [0, 1]}", "--set", "bootstrap.resamples=1000", "--quiet")


def peak_megabytes(*arguments):
    """Peak resident memory of a run's parent and of its largest worker."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, "sweep", *map(str, arguments)],
        env=children.environment(), capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return tuple(map(int, done.stdout.split()))


@pytest.mark.parametrize(("trials", "samples"), [(50_000, 5), (2, 500_000)])
def test_memory_is_bounded(trials, samples, many_blocks, tmp_path):
    parent, worker = peak_megabytes(
        many_blocks, "--out", tmp_path / "run", "--jobs", 2, "--trials", trials, *SETTINGS,
        "--set", f"sample_size={samples}", "--set", "stop.max_iterations=4",
    )  # fmt: skip
    assert parent < 600
    assert 20 < worker < 400  # above 20: there was one to measure


def test_trials_are_added_until_every_interval_is_narrow(many_blocks, tmp_path):
    def run(name, width=0.12, until=None, trials=100):
        experiment = load(many_blocks, ["sweep={sigma: [0, 2]}"], trials=trials)
        until = until or Precision(width, 5000)
        return sweep(experiment, out=tmp_path / name, workers=Workers(1), until=until)

    reached = run("one")
    assert 100 < reached.experiment.trials < 5000
    assert reached.experiment.trials in Precision(0.12, 5000).looks(load_levels(many_blocks), 100)
    assert widest(reached.rows) <= 0.12
    assert json.loads((reached.folder / "manifest.json").read_text())["until_ci"]["reached"]
    assert f"trials: {reached.experiment.trials}" in (reached.folder / "config.yaml").read_text()
    # The same command again, after a coarser run, or as a plain run of that many trials: the same bytes.
    again = children.results(run("one").folder)
    run("coarse", width=1.0)
    assert again == children.results(run("coarse").folder)
    plain = sweep(
        load(many_blocks, ["sweep={sigma: [0, 2]}"], trials=reached.experiment.trials), out=tmp_path / "plain",
        workers=Workers(1),
    )  # fmt: skip
    assert again == children.results(plain.folder)
    bounded = run("bounded", until=Precision(1e-6, 250))
    assert bounded.experiment.trials == 250
    assert not bounded.manifest["until_ci"]["reached"]


def load_levels(config):
    from nem_cli.experiment.plan import levels

    return levels(load(config))


@pytest.mark.parametrize(("width", "most"), [(0, 10), (-1, 10), (float("nan"), 10), (float("inf"), 10), (1, 0)])
def test_widths_and_bounds_that_mean_nothing(width, most):
    with pytest.raises(ConfigError):
        Precision(width, most)
