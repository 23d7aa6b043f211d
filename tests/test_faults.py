"""Surroundings and inputs that are out of order: one message and an exit code, or the right result; no traceback."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time

import children
import numpy as np
import psutil
import pytest
from command_line import invoke

from nem_cli.errors import printable

SMALL = """
mixture: {weights: [0.5, 0.5], means: [-1, 1], variances: [1, 1]}
sample_size: 20
sweep: {sigma: [0, 1]}
trials: 2000
bootstrap: {resamples: 100}
"""


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    path = tmp_path_factory.mktemp("faults") / "small.yaml"
    path.write_text(SMALL)
    return path


@pytest.fixture(scope="module")
def run(config):
    """A finished run; copy it before use."""
    folder = config.parent / "run"
    done = invoke("sweep", config, "--out", folder, "--jobs", 1, "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return folder


# --- surroundings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_with_worker_processes(closed, config, run, tmp_path):
    command = f'"$@" {closed}'
    subprocess.run(
        ["sh", "-c", command, "sh", *children.NEM, "sweep", config, "--out", tmp_path / "run", "--jobs", "2"],
        env=children.environment(), check=True, timeout=children.PATIENCE,
    )  # fmt: skip
    assert children.results(tmp_path / "run") == children.results(run)


def test_a_matplotlib_backend_that_does_not_exist(config, tmp_path):
    done = children.nem("sweep", config, "--out", tmp_path / "run", "--jobs", 1, "-q", env={"MPLBACKEND": "nothing"})
    assert (done.returncode, done.stderr) == (0, "")


def test_titles_that_the_terminal_can_not_show(config, tmp_path):
    arguments = ["sweep", config, "--out", tmp_path / "run", "--jobs", 1, "--set", "title=Größe Ω"]
    done = children.nem(*arguments, env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    assert done.returncode == 0, done.stderr
    assert "Gr\\xf6\\xdfe \\u03a9" in done.stdout


@pytest.mark.parametrize("out", ["", "a\udcffb", "a\x1b[31mb"])
def test_folders_without_a_printable_name(out, config, tmp_path):
    done = invoke("sweep", config, "--out", out, cwd=tmp_path)
    assert done.returncode == 2
    assert "Invalid value for '--out'" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_no_escape_sequence_reaches_the_terminal(tmp_path):
    assert printable("a\x1b[31mb\n\ud800\x9b") == "a\\x1b[31mb\n\\ud800\\x9b"
    assert invoke("check", "a\x1b[31m.yaml", cwd=tmp_path).stderr.startswith("nem: a\\x1b[31m.yaml: ")
    (tmp_path / "data.csv").write_text("\x1b[31mred,b\n1,2\n3,4\n7,5\n8,9\n")
    done = invoke("fit", "data.csv", "--components", 1, "--column", 1, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    assert "\\x1b[31mred" in done.stdout


def test_an_interrupt_during_an_import_ends_at_once(config, tmp_path):
    (tmp_path / "slow.py").write_text("import time\nprint('importing', flush=True)\ntime.sleep(60)\n")
    running = children.start(
        "check", config, "--set", "noise.injection=slow:Name", env={"PYTHONPATH": str(tmp_path)}
    )  # fmt: skip
    assert running.stdout.readline() == "importing\n"
    os.kill(running.pid, signal.SIGTERM)
    out, err = running.communicate(timeout=children.PATIENCE)
    assert (running.returncode, out, err) == (130, "", "nem: interrupted\n")


def test_a_config_that_is_not_trusted_imports_nothing(config, tmp_path):
    (tmp_path / "evil.py").write_text("raise SystemExit('imported')\n")
    for setting in ("noise.injection=evil:Name", "sweep={sigma: [1], noise.screen: ['none', 'evil:Name']}"):
        done = invoke("check", config, "--no-plugins", "--set", setting, cwd=tmp_path)
        children.assert_message(done, 2, "names a module, which isn't imported here (got 'evil:Name')")
    assert invoke("check", config, "--no-plugins").returncode == 0


@pytest.mark.slow  # it needs a mount namespace
def test_without_shared_memory_one_job_runs_and_two_say_why_not(config, run, tmp_path):
    def isolated(*arguments):
        return subprocess.run(
            ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o mode=000,size=4k,ro none /dev/shm && exec "$@"', "sh",
             *children.NEM, "sweep", config, *map(str, arguments)],
            env=children.environment(), capture_output=True, text=True, check=False, timeout=children.PATIENCE,
        )  # fmt: skip

    if isolated("--dry-run").returncode:
        pytest.skip("needs the right to mount")
    children.assert_message(isolated("--out", tmp_path / "two", "--jobs", 2), 1, "/dev/shm", "--jobs 1", "threading")
    for name, options in (("one", ["--jobs", 1]), ("threads", ["--jobs", 2, "--backend", "threading"])):
        done = isolated("--out", tmp_path / name, "-q", *options)
        assert (done.returncode, done.stderr) == (0, "")
        assert children.results(tmp_path / name) == children.results(run)


def test_memory_too_short_for_the_libraries_is_one_message(config):
    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (150 * 2**20, 150 * 2**20))

    children.assert_message(children.nem("check", config, preexec_fn=limit), 1, "needs at least", "use only 157 MB")


@pytest.mark.slow
def test_a_local_cluster_whose_processes_end_at_once_is_one_message(config, tmp_path):
    code = "import os, sys\nif any('spawn_main' in part for part in sys.orig_argv):\n    os._exit(3)\n"
    (tmp_path / "sitecustomize.py").write_text(code)
    done = children.nem(
        "sweep", config, "--out", tmp_path / "run", "--backend", "dask", "--jobs", 2, env={"PYTHONPATH": str(tmp_path)}
    )
    children.assert_message(done, 1, "the workers can't be used any more", "Nanny failed to start")


def test_workers_end_when_their_parent_is_killed_before_their_first_task(tmp_path):
    code = """
import itertools, os, time
from nem_cli.experiment import runner

def slow(*task):
    time.sleep(300)

runner._task = slow
tasks = ((0, None, block) for block in itertools.count())
next(runner.Workers(2).run(tasks, 0))
"""
    parent = subprocess.Popen([sys.executable, "-c", code], env=children.environment(), start_new_session=True)

    def workers_of(process):
        return [each for each in psutil.Process(process.pid).children() if "popen_loky" in " ".join(each.cmdline())]

    children.wait(lambda: len(workers_of(parent)) == 2, parent)
    workers = psutil.Process(parent.pid).children()
    parent.kill()
    parent.wait()
    _, alive = psutil.wait_procs(workers, timeout=60)
    assert not alive


def test_tasks_are_made_as_they_are_needed():
    from nem_cli.experiment.plan import levels, validate
    from nem_cli.experiment.runner import Workers

    level = levels(validate({"name": "a", "sample_size": 1, "mixture": {"weights": [1.0], "means": [0.0],
                                                                        "variances": [1.0]}}))[0]  # fmt: skip
    made = []

    def tasks():
        for block in range(10**6):
            made.append(block)
            yield 0, level, block

    blocks = Workers(2, "threading").run(tasks(), 0)
    next(blocks)
    blocks.close()
    assert len(made) < 50


def test_a_clock_that_is_set_forward_is_told_from_a_block_that_hangs(monkeypatch):
    from nem_cli.errors import RunError
    from nem_cli.experiment import runner

    with pytest.raises(RunError, match="clock was set forward"), runner._errors(runner._Clock(100.0)):
        raise TimeoutError
    clock = runner._Clock(0.01)
    time.sleep(0.02)
    with pytest.raises(RunError, match=r"no block came back for 0\.01 s"), runner._errors(clock):
        raise TimeoutError


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content", ["null", "[]", "{}", '{"until_ci": 5}', '{"until_ci": {"half_width": "a"}}', "[[[["]
)
@pytest.mark.parametrize("name", ["manifest.json", "timing.json"])
def test_show_takes_any_manifest_or_says_what_is_wrong(name, content, run, tmp_path):
    folder = shutil.copytree(run, tmp_path / "run")
    (folder / name).write_text(content)
    done = invoke("show", folder)
    if content.startswith("{"):
        assert (done.returncode, done.stderr) == (0, "")
    else:
        children.assert_message(done, 2, name)


@pytest.mark.parametrize("name", ["summary.csv", "trials.csv"])
def test_a_cell_of_absurd_size(name, run, tmp_path):
    folder = shutil.copytree(run, tmp_path / "run")
    header, line, *rest = (folder / name).read_text().splitlines()
    (folder / name).write_text("\n".join([header, "9" * 200_000 + line, *rest]))
    replay = ["replay", folder, "--trial", 1, "--sigma", 1, "-q"]
    done = invoke(*(["show", folder] if name == "summary.csv" else replay))
    if done.returncode:
        children.assert_message(done, 2, "run")


@pytest.mark.parametrize(
    "content",
    [b"\x93NUMPY\x01\x00v\x00{broken", b"PK\x03\x04garbage", b"", b"\x93NUMPY\x01\x00\x10\x00{'descr': ((((( "],
)
def test_what_is_no_array(content, tmp_path):
    (tmp_path / "data.npy").write_bytes(content)
    done = invoke("fit", tmp_path / "data.npy", "--components", 1)
    children.assert_message(done, 2, "isn't a .npy file of numbers")


def test_an_archive_of_arrays_is_no_array(tmp_path):
    np.savez(tmp_path / "data.npz", a=np.arange(3.0))
    (tmp_path / "data.npz").rename(tmp_path / "data.npy")
    done = invoke("fit", tmp_path / "data.npy", "--components", 1)
    children.assert_message(done, 2, "isn't a .npy file of numbers")


@pytest.mark.parametrize("option", ["--select", "--column", "--components", "--seed", "--means"])
def test_numbers_of_5000_digits(option, tmp_path):
    (tmp_path / "data.csv").write_text("1\n2\n4\n")
    value = ("1:" if option == "--select" else "") + "9" * 5000
    done = invoke("fit", tmp_path / "data.csv", option, value)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


# --- Dask addresses ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "tls://127.0.0.1:9", "nothing://127.0.0.1:9", "127.0.0.1",
        pytest.param("tcp://127.0.0.1:9", marks=pytest.mark.slow),  # tried again for 20 s
    ],
)  # fmt: skip
def test_a_dask_address_that_can_not_be_one(address, config, tmp_path):
    done = invoke("sweep", config, "--out", tmp_path / "run", "--backend", "dask", "--scheduler", address)
    children.assert_message(done, 1, address, "no Dask scheduler answers there")


@pytest.mark.slow  # half a minute of silence
def test_an_address_that_accepts_and_says_nothing(config, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        done = children.nem("sweep", config, "--out", tmp_path / "run", "--backend", "dask", "--scheduler", address)
        assert time.monotonic() - began < 40  # of which 20 are the limit, and some the start
    children.assert_message(done, 1, address, "no Dask scheduler answers there within 20 s")
