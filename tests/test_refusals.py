"""Folders that can't be used: one message, and nothing in them is touched."""

from __future__ import annotations

import itertools
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import warnings

import children
import pytest
from command_line import invoke

from nem_cli import sweep
from nem_cli.errors import FolderError, NemError, NemWarning, RunError
from nem_cli.experiment.journal import Journal
from nem_cli.experiment.load import load
from nem_cli.experiment.lock import FolderLock
from nem_cli.experiment.plan import levels
from nem_cli.experiment.runner import Workers

NOBODY = 65534
SMALL = ("--trials", "300", "--set", "sweep={sigma: [0, 1]}", "--quiet", "--jobs", "1")


@pytest.fixture(scope="module")
def small(many_blocks, tmp_path_factory):
    """A finished run of six blocks; copy it before use."""
    folder = tmp_path_factory.mktemp("small") / "run"
    again(many_blocks, folder)
    return folder


def again(config, folder, **settings):
    """Give a small run's command (again), in this process."""
    experiment = load(config, ["sweep={sigma: [0, 1]}"], trials=300, **settings)
    return sweep(experiment, out=folder, workers=Workers(1))


def change(folder, statement, *values):
    journal = sqlite3.connect(folder / "trials.sqlite", isolation_level=None)
    journal.execute(statement, values)
    journal.close()


def test_another_experiment_is_refused_with_its_differences(many_blocks, small, tmp_path):
    folder = shutil.copytree(small, tmp_path / "run")
    before = children.contents(folder)
    done = invoke(
        "sweep", many_blocks, "--out", folder, *SMALL, "--seed", 9, "--set", "noise.decay=1",
        "--set", "mixture.means=[-1, 1]",
    )  # fmt: skip
    children.assert_message(
        done, 2, str(folder), "another experiment", "untouched", "seed: there 7, here 9",
        "noise.decay: there 2.0, here 1.0", "mixture.means: there [-2.0, 2.0], here [-1.0, 1.0]", "--fresh",
    )  # fmt: skip
    assert "sample_size" not in done.stderr
    assert children.contents(folder) == before


def test_a_killed_run_of_another_experiment_is_untouched_too(many_blocks, tmp_path):
    folder = tmp_path / "run"
    killed = children.start("sweep", many_blocks, "--out", folder, "--jobs", 1)
    children.wait_for_blocks(killed, folder, 3)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    before = children.contents(folder)
    assert {"trials.sqlite", "trials.sqlite-wal", ".lock"} <= before.keys()
    with pytest.raises(FolderError, match="sample_size: there 2000, here 100"):
        sweep(load(many_blocks, ["sample_size=100"]), out=folder, workers=Workers(1))
    assert children.contents(folder) == before


def test_results_without_their_journal_are_another_experiments_too(many_blocks, small, tmp_path):
    folder = shutil.copytree(small, tmp_path / "run")
    (folder / "trials.sqlite").unlink()  # as in a clone: journals aren't committed
    before = children.contents(folder)
    with pytest.raises(FolderError, match="seed: there 7, here 9"):
        again(many_blocks, folder, seed=9)
    assert children.contents(folder) == before
    again(many_blocks, folder)
    assert children.results(folder) == children.results(small)


def test_settings_that_change_no_number_may_differ(many_blocks, small, tmp_path):
    folder = shutil.copytree(small, tmp_path / "run")
    blocks = children.finished_blocks(folder)
    experiment = load(many_blocks, ["sweep={sigma: [0, 1]}", "bootstrap.resamples=50"], trials=300, title="Another")
    sweep(experiment, out=folder, workers=Workers(1))
    assert children.finished_blocks(folder) == blocks


def test_a_second_process_on_a_folder_is_refused(many_blocks, tmp_path):
    folder = tmp_path / "run"
    first = children.start("sweep", many_blocks, "--out", folder, "--jobs", 1, "--trials", 100_000)
    children.wait_for_blocks(first, folder, 1)
    done = invoke("sweep", many_blocks, "--out", folder)
    children.assert_message(done, 2, str(folder), f"in use by process {first.pid} on ")
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    again_done = invoke("sweep", many_blocks, "--out", folder, "--trials", 100, "--jobs", 1, "--quiet")
    assert (again_done.returncode, again_done.stderr) == (0, "")  # the killed process left no lock


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (None, 1, "journal format 1, here 2"),
        ("$.versions.algorithm", 99, "algorithm: there 99, here"),
        ("$.versions.numpy", "9.9", 'numpy: there "9.9", here'),
        ("$.versions.scipy", "9.9", 'scipy: there "9.9", here'),
    ],
)
def test_a_journal_from_another_version_is_refused(path, value, says, many_blocks, small, tmp_path):
    folder = shutil.copytree(small, tmp_path / "run")
    if path is None:
        change(folder, "UPDATE meta SET value = ? WHERE key = 'format'", value)
    else:
        change(folder, "UPDATE meta SET value = json_set(value, ?, ?) WHERE key = 'identity'", path, value)
    before = children.contents(folder)
    with pytest.raises(FolderError, match=says):
        again(many_blocks, folder)
    assert children.contents(folder) == before


def blocks(folder):
    """A run's blocks, with their times: one that is made anew is another one."""
    return {row[1:] for row in children.finished_blocks(folder)}


@pytest.mark.parametrize("size", [1, 100, 511])
def test_a_journal_that_holds_nothing_any_more_is_refused(size, many_blocks, small, tmp_path):
    folder = shutil.copytree(small, tmp_path / "run")
    journal = folder / "trials.sqlite"
    journal.write_bytes(journal.read_bytes()[:size])
    before = children.contents(folder)
    with pytest.raises(FolderError, match="damaged"):
        again(many_blocks, folder)
    assert children.contents(folder) == before


def test_a_journal_that_has_lost_its_own_description_is_damaged(many_blocks, small, tmp_path):
    folder = shutil.copytree(small, tmp_path / "run")
    change(folder, "DELETE FROM meta")
    before = children.contents(folder)
    with pytest.raises(FolderError, match=r"damaged.*doesn't say its format"):
        again(many_blocks, folder)
    assert children.contents(folder) == before


@pytest.mark.parametrize(("share", "least"), [(0.7, 2), (0.8, 3), (0.999, 5)])
def test_whole_blocks_of_a_truncated_journal_are_kept(share, least, many_blocks, small, tmp_path):
    folder = shutil.copytree(small, tmp_path / "run")
    before = blocks(small)
    journal = folder / "trials.sqlite"
    journal.write_bytes(journal.read_bytes()[: int(share * journal.stat().st_size)])
    with pytest.warns(NemWarning, match=r"was damaged \(.*\); . whole blocks are kept, the others are made anew"):
        again(many_blocks, folder)
    after = blocks(folder)
    assert least <= len(before & after) < len(before) == len(after)
    assert children.results(folder) == children.results(small)


def test_a_block_whose_bytes_have_changed_is_made_anew_alone(many_blocks, small, tmp_path):
    folder = shutil.copytree(small, tmp_path / "run")
    change(folder, "UPDATE blocks SET trials = zeroblob(length(trials)) WHERE level = 2 AND block = 1")
    damaged = children.contents(folder)
    with pytest.raises(FolderError, match=r"fails its checksum.*give the command that made it again"):
        Journal(folder / "trials.sqlite")
    with pytest.raises(FolderError, match="seed: there 7, here 9"):  # and still another experiment's
        again(many_blocks, folder, seed=9)
    assert children.contents(folder) == damaged
    done = invoke("sweep", many_blocks, "--out", folder, *SMALL)
    assert done.returncode == 0
    assert done.stderr.count("\n") == 1
    for part in (
        "nem: warning: ",
        "trials.sqlite",
        "block 1 of level",
        "fails its checksum",
        "5 whole blocks are kept",
    ):
        assert part in done.stderr
    assert len(blocks(folder) & blocks(small)) == 5
    assert children.results(folder) == children.results(small)
    assert children.contents(folder).keys() == damaged.keys()


def test_no_damage_to_a_journal_gives_wrong_numbers_or_a_traceback(many_blocks, small, tmp_path):
    experiment = load(many_blocks, ["sweep={sigma: [0, 1]}"], trials=300)
    path = tmp_path / "trials.sqlite"
    whole = (small / "trials.sqlite").read_bytes()
    with Journal(small / "trials.sqlite") as journal:
        right = {
            (level.key, number): table.tobytes()
            for level in levels(experiment)
            for number, table in enumerate(journal.read(level, 300))
        }
    rng = random.Random(1)
    refused = mended = kept = 0
    for _ in range(400):
        damaged = bytearray(whole)
        first = rng.randrange(len(whole)) if rng.random() < 0.5 else rng.randrange(4096)
        for place in range(first, min(len(whole), first + rng.choice([1, 8, 500]))):
            damaged[place] ^= rng.randrange(1, 256)
        path.write_bytes(damaged)
        try:
            with warnings.catch_warnings(record=True) as said:
                warnings.simplefilter("always", NemWarning)
                with Journal(path, experiment) as journal:
                    there = [(level, sorted(journal.done(level))) for level in levels(experiment)]
                    found = {
                        (level.key, number): next(itertools.islice(journal.read(level, 300), number, None)).tobytes()
                        for level, numbers in there
                        for number in numbers
                        if set(range(number)) <= set(numbers)
                    }
        except NemError as error:
            refused += 1
            assert str(path) in str(error) or str(tmp_path) in str(error)  # noqa: PT017
        else:
            mended += len(said)
            kept += sum(len(numbers) for _, numbers in there) if said else 0
            assert said or len(found) == len(right)
            assert found.items() <= right.items()
        for left in tmp_path.glob("*trials.sqlite*"):
            left.unlink()
    assert mended > 50
    assert kept > 4 * mended  # of six blocks
    assert refused < 50  # only the header and the tables of names can make a file useless
    assert refused + mended < 400  # much of the file is unused space


@pytest.mark.parametrize("content", [b"", "empty database"])
def test_a_journal_without_tables_is_no_licence_to_overwrite_results(content, many_blocks, small, tmp_path):
    folder = shutil.copytree(small, tmp_path / "run")
    (folder / "trials.sqlite").unlink()
    if content:
        change(folder, "PRAGMA user_version = 1")
    else:
        (folder / "trials.sqlite").write_bytes(content)
    before = children.contents(folder)
    with pytest.raises(FolderError, match="seed: there 7, here 9"):
        again(many_blocks, folder, seed=9)
    assert children.contents(folder) == before
    again(many_blocks, folder)
    assert children.results(folder) == children.results(small)


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("name", ["summary.csv", "figure.png", "config.yaml", "manifest.json"])
def test_files_that_no_run_wrote_are_not_replaced(name, fresh, many_blocks, tmp_path):
    (tmp_path / name).write_text("mine")
    with pytest.raises(FolderError, match=f"holds {name}, which no run of nem"):
        sweep(load(many_blocks, trials=2), out=tmp_path, workers=Workers(1), fresh=fresh)
    assert children.contents(tmp_path) == {name: b"mine"}


def test_a_config_in_its_own_folder_is_not_rewritten(many_blocks, tmp_path):
    shutil.copy(many_blocks, tmp_path / "config.yaml")
    before = children.contents(tmp_path)
    children.assert_message(invoke("sweep", "config.yaml", "--out", ".", cwd=tmp_path), 2, "holds config.yaml")
    nowhere = invoke("sweep", "config.yaml", "--out", "", cwd=tmp_path)
    assert nowhere.returncode == 2
    assert "Invalid value for '--out'" in nowhere.stderr
    assert children.contents(tmp_path) == before


def test_a_lock_is_neither_a_link_nor_somebody_elses_file(many_blocks, tmp_path):
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "run").mkdir()
    lock = tmp_path / "run" / ".lock"
    lock.symlink_to(tmp_path / "mine")
    with pytest.raises(FolderError, match="symbolic link"):
        again(many_blocks, tmp_path / "run")
    lock.unlink()
    lock.write_text("mine")
    with pytest.raises(FolderError, match="isn't nem's"):
        again(many_blocks, tmp_path / "run")
    assert lock.read_text() == (tmp_path / "mine").read_text() == "mine"


@pytest.mark.parametrize("how", ["moved", "removed"])
def test_a_folder_that_goes_in_mid_run_is_noticed(how, many_blocks, tmp_path):
    folder = tmp_path / "run"
    running = children.start("sweep", many_blocks, "--out", folder, "--jobs", 1)
    children.wait_for_blocks(running, folder, 3)
    if how == "moved":
        folder.rename(tmp_path / "elsewhere")
    else:
        shutil.rmtree(folder)
    out, err = running.communicate(timeout=children.PATIENCE)
    assert (running.returncode, out) == (1, "")
    assert err.startswith(f"nem: {folder}/trials.sqlite: was moved or removed")
    assert err.count("\n") == 1
    assert not folder.exists()


def test_a_lock_that_can_not_be_removed_hides_no_error(tmp_path):
    """The lock can't be removed then, which is no news."""
    with FolderLock(tmp_path / "run"):
        shutil.rmtree(tmp_path / "run")
    assert not (tmp_path / "run").exists()


AS_NOBODY = f"""
import os, sys
import email.policy, distributed, nem_cli.experiment.cluster
import nem_cli.sweep.figure, nem_cli.drawing.style, nem_cli.sweep.outlook, nem_cli.sweep.sweep
from nem_cli.cli.app import main
from nem_cli.experiment.load import load
from nem_cli.experiment.lock import FolderLock
load(nem_cli.experiment.folder.Path(sys.argv[2]))  # loads the modules that it names: nobody may not read them
if os.getuid() == 0:
    os.setgroups([])
    os.setgid({NOBODY})
    os.setuid({NOBODY})
main()
"""
"""nem as a user without rights, where the tests run as root."""


def open_to_all(folder):
    """A folder that everybody may read, down to its files."""
    for path in folder.iterdir():
        path.chmod(0o644)
    while folder.stat().st_uid == os.getuid() and folder != folder.parent:
        folder.chmod(folder.stat().st_mode | 0o755)
        folder = folder.parent


@pytest.mark.parametrize("place", ["folder", "parent", "journal", "unsearchable"])
def test_no_permission(place, many_blocks, small, tmp_path):
    config = shutil.copy(many_blocks, tmp_path)
    open_to_all(tmp_path)
    folder = shutil.copytree(small, tmp_path / "run")
    folder.chmod(0o755)
    target = folder / "below" / "run" if place in ("parent", "unsearchable") else folder
    before = children.contents(folder)
    try:
        if place == "journal":
            folder.chmod(0o777)
            (folder / "trials.sqlite").chmod(0o444)
        else:
            folder.chmod(0o000 if place == "unsearchable" else 0o555)
        done = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, "sweep", config, "--out", target, *SMALL],
            env=children.environment(), capture_output=True, text=True, cwd=tmp_path, check=False,
        )  # fmt: skip
    finally:
        folder.chmod(0o755)
        (folder / "trials.sqlite").chmod(0o644)
    children.assert_message(done, 2, str(target), "can't be written")
    assert children.contents(folder) == before
    again(many_blocks, folder)


@pytest.mark.parametrize("backend", ["loky", "dask"])
def test_no_further_process_or_thread(backend, many_blocks, tmp_path):
    config = shutil.copy(many_blocks, tmp_path)
    open_to_all(tmp_path)
    (tmp_path / "run").mkdir(mode=0o777)
    (tmp_path / "run").chmod(0o777)

    def limit():
        resource.setrlimit(resource.RLIMIT_NPROC, (2, 2))

    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, "sweep", config, "--out", tmp_path / "run", "--jobs", "2",
         "--backend", backend],
        env=children.environment(), capture_output=True, text=True, cwd=tmp_path, check=False, preexec_fn=limit,
        timeout=children.PATIENCE,
    )  # fmt: skip
    children.assert_message(done, 1, "the workers can't be used any more", "the same command goes on")


@pytest.mark.parametrize("kilobytes", [1, pytest.param(40, marks=pytest.mark.slow), 300])
def test_no_room_for_larger_files(kilobytes, many_blocks, whole, tmp_path):
    folder = tmp_path / "run"

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (kilobytes * 1024, kilobytes * 1024))

    done = children.nem("sweep", many_blocks, "--out", folder, "--quiet", "--jobs", 2, preexec_fn=limit)
    goes_on_after_no_room(done, many_blocks, folder, whole)


@pytest.mark.parametrize("kilobytes", [pytest.param(8, marks=pytest.mark.slow), 200])
def test_no_room_on_the_disk(kilobytes, many_blocks, whole, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode:  # not root: a limit on the size of files is the next best
        test_no_room_for_larger_files(kilobytes, many_blocks, whole, tmp_path)
        return
    try:
        folder = disk / "run"
        done = children.nem("sweep", many_blocks, "--out", folder, "--quiet", "--jobs", 2)
        subprocess.run(["mount", "-o", "remount,size=20m", disk], check=True)
        goes_on_after_no_room(done, many_blocks, folder, whole)
    finally:
        subprocess.run(["umount", disk], check=True)


def goes_on_after_no_room(done, config, folder, whole):
    """One message; what was committed is there, and the same command goes on."""
    children.assert_message(done, 1, str(folder), "can't be written")
    assert not list(folder.glob(".*nem-tmp"))
    children.assert_goes_on(folder, config, whole, least=0)


def test_a_file_where_the_folder_should_be(many_blocks, tmp_path):
    file = tmp_path / "file"
    file.write_text("mine")
    for target in (file, file / "run"):
        with pytest.raises(FolderError, match="is a file, or lies in one"):
            again(many_blocks, target)
    with pytest.raises(FolderError, match="can't be written: File name too long"):
        again(many_blocks, tmp_path / ("n" * 300))
    assert file.read_text() == "mine"


def test_a_folder_where_a_file_should_be(many_blocks, small, tmp_path):
    folder = shutil.copytree(small, tmp_path / "run")
    (folder / "summary.csv").unlink()
    (folder / "summary.csv").mkdir()
    with pytest.raises(RunError, match=r"summary\.csv: can't be written: Is a directory"):
        again(many_blocks, folder)
