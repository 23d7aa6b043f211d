"""Dask for real: a scheduler and workers on loopback, and a local cluster."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import ExitStack

import children
import psutil
import pytest
from command_line import invoke

DEADLY = """
import os
from nem_cli.em.injections.additive import Additive

class Deadly(Additive):
    name = "deadly"

    def phi(self, y, n):
        if y.size > 5000:  # a block's data; the config's check tries a few numbers in the parent
            os._exit(9)
        return super().phi(y, n)
"""


@pytest.fixture
def cluster(tmp_path):
    """Starts ``dask`` commands and ends them; returns (scheduler's address, a function that starts a worker)."""
    with ExitStack() as stack:

        def dask(name, *arguments, env=None):
            log = tmp_path / f"{name}.log"
            with log.open("w") as file:
                process = subprocess.Popen(
                    [sys.executable, "-m", "dask", name.split("-")[0], *arguments], stdout=file, stderr=file,
                    env=children.environment(env), cwd=tmp_path, start_new_session=True,
                )  # fmt: skip

            def end():
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()

            stack.callback(end)
            return process, log

        _, log = dask("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show")
        children.wait(lambda: re.search(r"Scheduler at:\s+(tcp://127\.0\.0\.1:\d+)", log.read_text()))
        address = re.search(r"tcp://127\.0\.0\.1:\d+", log.read_text()).group()

        def worker(number, env=None):
            process, log = dask(
                f"worker-{number}", address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1",
                env=env,
            )  # fmt: skip
            children.wait(lambda: "Registered to" in log.read_text())
            return process

        yield address, worker


def test_a_worker_killed_midway_changes_no_byte(cluster, many_blocks, whole, tmp_path):
    address, worker = cluster
    first, _second = worker(1), worker(2)
    folder = tmp_path / "run"
    running = children.start("sweep", many_blocks, "--out", folder, "--backend", "dask", "--scheduler", address, "-q")
    children.wait_for_blocks(running, folder, 20)
    os.kill(first.pid, signal.SIGKILL)
    out, err = running.communicate(timeout=children.PATIENCE)
    assert (running.returncode, out) == (0, ""), err
    assert "Traceback" not in err
    assert len(children.finished_blocks(folder)) == children.BLOCKS
    assert children.results(folder) == children.results(whole)


@pytest.fixture
def other_version(tmp_path):
    """Changes to the environment in which nem is another version."""
    metadata = tmp_path / "other" / "nem_cli-9.9.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: nem-cli\nVersion: 9.9\n")
    return {"PYTHONPATH": str(metadata.parent)}


def test_other_versions_on_a_worker_are_refused(cluster, other_version, many_blocks, tmp_path):
    address, worker = cluster
    worker(1, env=other_version)
    done = children.nem("sweep", many_blocks, "--out", tmp_path / "run", "--backend", "dask", "--scheduler", address)
    children.assert_message(done, 1, "nem 9.9 there, ", " here")


@pytest.mark.slow
def test_other_versions_on_a_worker_that_joins_late_end_the_run(cluster, other_version, many_blocks, tmp_path):
    address, worker = cluster
    worker(1)
    folder = tmp_path / "run"
    running = children.start(
        "sweep", many_blocks, "--out", folder, "--backend", "dask", "--scheduler", address, "--trials", 100_000, "-q"
    )
    children.wait_for_blocks(running, folder, 4)
    worker(2, env=other_version)
    out, err = running.communicate(timeout=children.PATIENCE)
    assert (running.returncode, out) == (1, "")
    assert err.startswith("nem: a worker that joined has other versions: nem 9.9 there, ")
    assert err.count("\n") == 1
    assert len(children.finished_blocks(folder)) >= 4


@pytest.mark.slow
def test_a_worker_that_is_stopped_ends_the_run_by_the_timeout(cluster, many_blocks, whole, tmp_path):
    """It is alive as far as the system can tell, so that nobody gives its block to another worker."""
    address, worker = cluster
    stopped = worker(1)
    folder = tmp_path / "run"
    running = children.start(
        "sweep", many_blocks, "--out", folder, "--backend", "dask", "--scheduler", address, "--timeout", 15, "-q"
    )
    children.wait_for_blocks(running, folder, 10)
    os.kill(stopped.pid, signal.SIGSTOP)
    out, err = running.communicate(timeout=children.PATIENCE)
    assert (running.returncode, out) == (1, "")
    assert err.startswith("nem: no block came back for 15 s: its worker hangs")
    assert err.count("\n") == 1
    children.assert_goes_on(folder, many_blocks, whole)


def test_a_local_cluster_gives_the_same_bytes_and_ends(many_blocks, whole, tmp_path):
    done = children.nem("sweep", many_blocks, "--out", tmp_path / "run", "--backend", "dask", "--jobs", 2, "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert children.results(tmp_path / "run") == children.results(whole)


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])  # joblib itself would run one job's blocks in this process
def test_a_block_that_kills_its_workers_ends_by_the_timeout(jobs, many_blocks, tmp_path):
    (tmp_path / "deadly.py").write_text(DEADLY)
    folder = tmp_path / "run"
    done = children.nem(
        "sweep", many_blocks, "--out", folder, "--backend", "dask", "--jobs", jobs, "--timeout", 8, "--trials", 200,
        "--set", "sweep={sigma: [0, 1], noise.injection: [additive, 'deadly:Deadly']}",
        env={"PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "no block came back for 8 s" in done.stderr
    assert len(children.finished_blocks(folder)) >= 2


def test_a_missing_extra_and_a_scheduler_that_is_not_there(many_blocks, tmp_path):
    hide = "import sys; sys.modules['distributed'] = None; from nem_cli.cli.app import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", hide, "sweep", many_blocks, "--out", tmp_path / "run", "--backend", "dask"],
        env=children.environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    children.assert_message(done, 2, 'pip install "nem-cli[dask]"')
    assert not (tmp_path / "run").exists()
    for options in (("--scheduler", "tcp://127.0.0.1:1"), ("--backend", "dask", "--scheduler", "a b")):
        done = invoke("sweep", many_blocks, "--out", tmp_path / "run", *options)
        children.assert_message(done, 2, "--scheduler")
    assert not (tmp_path / "run").exists()


def test_a_scheduler_that_dies_in_mid_run_is_one_message(cluster, many_blocks, whole, tmp_path):
    address, worker = cluster
    worker(1)
    folder = tmp_path / "run"
    running = children.start("sweep", many_blocks, "--out", folder, "--backend", "dask", "--scheduler", address, "-q")
    children.wait_for_blocks(running, folder, 10)
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or []
        if "scheduler" in command and address.rpartition(":")[2] in {str(c.laddr.port) for c in listening(process)}:
            process.kill()
    began = time.monotonic()
    out, err = running.communicate(timeout=children.PATIENCE)
    assert time.monotonic() - began < 45
    assert (running.returncode, out) == (1, "")
    assert "Traceback" not in err
    assert "the same command goes on where this one stopped" in err
    children.assert_goes_on(folder, many_blocks, whole)


def listening(process):
    try:
        return process.net_connections("tcp")
    except psutil.Error:
        return []


def test_ctrl_c_with_a_local_cluster_is_one_message(many_blocks, tmp_path):
    folder = tmp_path / "run"
    running = children.start("sweep", many_blocks, "--out", folder, "--backend", "dask", "--jobs", 2, "--quiet")
    children.wait_for_blocks(running, folder, 6)
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does: the workers get it too
    out, err = running.communicate(timeout=children.PATIENCE)
    assert (running.returncode, out) == (130, "")
    assert err == "nem: interrupted; finished blocks are kept, and the same command goes on where this one stopped\n"
