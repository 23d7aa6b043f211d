"""Thousands of configs and run folders with something wrong in them: no traceback, nothing slow, nothing lost."""

from __future__ import annotations

import collections
import random
import shutil
import time
import warnings
from contextlib import suppress

import children
import pytest
import yaml
from command_line import invoke

import nem_cli
from nem_cli.errors import NemError, NemWarning
from nem_cli.experiment import dialect
from nem_cli.experiment.load import load
from nem_cli.experiment.paths import flatten, put
from nem_cli.experiment.runner import Workers
from nem_cli.experiment.shipped import shipped_configs

pytestmark = pytest.mark.slow
SECONDS = 10
VALUES = yaml.safe_load("""
- null
- true
- 0
- 1
- 2
- -1
- 2.5
- 0.25
- 1.0e+300
- .nan
- .inf
- 1000000000000000000000000000000
- ""
- "on"
- additive
- none
- sigma
- moments
- a:b
- "\\e[31m"
- []
- {}
- [0]
- [[]]
- [0.5, 0.5]
- [-1, 1]
- [additive, 3]
- {start: 0, stop: 1, num: 100000}
- {start: 1}
- {start: 0, stop: 2, num: 9}
- {weights: [1.0], means: [0], variances: [1]}
""")
PATHS = ["sigma", "noise.decay", "noise.injecton", "start.means", "stop.tol", "trials", "sample_size", "x", "", "3"]
TOKENS = b"!!timestamp |!!map |&a |*a|? |- |: |[|{|}|'|\"|\t|\x00|\xff|0100|1:30|<<: |---\n|\n|%|@".split(b"|")
SWEEP = ["sweep={sigma: [0, 1]}", "bootstrap.resamples=50"]


def of_another_shape(rng, text):
    """One or two settings replaced, added or swept."""
    tree = yaml.safe_load(text)
    for _ in range(rng.randint(1, 2)):
        path = rng.choice([*flatten(tree), *tree, *PATHS])
        value = rng.choice(VALUES)
        if rng.random() < 0.3:
            grids = [{rng.choice([*PATHS, path]): rng.choice([value, [value, 5]])} for _ in "ab"]
            tree["sweep"] = rng.choice([grids, grids[0]])
        else:
            with suppress(KeyError):  # below something that holds no settings
                put(tree, path, value)
    return yaml.safe_dump(tree, allow_unicode=True).encode()


def of_other_bytes(rng, text):
    """Bytes replaced, put in or cut out."""
    content = bytearray(text.encode())
    for _ in range(rng.randint(1, 3)):
        place = rng.randrange(len(content))
        end = place + rng.choice([0, 1, 5])
        content[place:end] = rng.choice([bytes([rng.randrange(256)]), rng.choice(TOKENS), content[place:end] * 2])
    return bytes(content)


@pytest.mark.parametrize(("seed", "configs"), [(7, 10_000)])
def test_mutated_configs(seed, configs, tmp_path):
    rng = random.Random(seed)
    texts = [path.read_text(encoding="utf-8") for path in shipped_configs().values()] + [children.MANY_BLOCKS]
    path = tmp_path / "config.yaml"
    codes = collections.Counter()
    for number in range(configs):
        content = rng.choice([of_another_shape, of_other_bytes])(rng, rng.choice(texts))
        path.write_bytes(content)
        began = time.process_time()
        done = invoke("check", path)
        assert done.exit_code in (0, 2), (number, content, done.exception)
        assert time.process_time() - began < SECONDS, (number, content)
        assert len(done.stderr) < 20_000, (number, content)
        assert "\x1b" not in done.output
        codes[done.exit_code] += 1
        if done.exit_code == 0 and "families" not in dialect.parse(content, ""):  # else it is a search's
            experiment = load(path)
            again = dialect.parse(dialect.dump(experiment.model_dump(mode="json")), "")
            assert nem_cli.Experiment.model_validate(again) == experiment, (number, content)
    print(f"valid {codes[0]:,}, refused {codes[2]:,} of {configs:,} configs")
    assert codes[0] > configs / 30


def damaged(rng, folder):
    """One file of a run's folder changed, cut, emptied, removed or replaced by a folder; says which and how."""
    others = ["config.yaml", "summary.csv", "trials.csv", "manifest.json", "timing.json"]
    path = folder / rng.choice([*others, *["trials.sqlite"] * 5])
    content = bytearray(path.read_bytes())
    how = rng.choice(["flip", "flip", "zero", "cut", "empty", "remove", "text", "folder"])
    place = rng.randrange(len(content))
    if how == "flip":
        content[place] ^= 1 << rng.randrange(8)
    elif how == "zero":
        content[place : place + 300] = bytes(len(content[place : place + 300]))
    elif how == "cut":
        del content[place:]
    elif how == "empty":
        content.clear()
    elif how == "text":
        content[place:place] = rng.choice([b"null", b"[]", b"\xff", b",,,", b'"', b"\n\n"])
    path.unlink()
    if how == "folder":
        path.mkdir()
    elif how != "remove":
        path.write_bytes(content)
    return path.name, how, place


@pytest.fixture(scope="module")
def run(many_blocks, tmp_path_factory):
    """A finished run of six blocks; copy it before use."""
    folder = tmp_path_factory.mktemp("fuzz") / "run"
    nem_cli.sweep(load(many_blocks, SWEEP, trials=300), out=folder, workers=Workers(1))
    return folder


def blocks(folder):
    """A run's blocks, with their times: one that is made anew is another one."""
    return {row[1:] for row in children.finished_blocks(folder)}


@pytest.mark.parametrize(("seed", "folders"), [(11, 500)])
def test_damaged_run_folders(seed, folders, run, many_blocks, tmp_path):
    """Reading says what is wrong, or is right; the run's own command mends the folder, or says why it can't."""
    rng = random.Random(seed)
    experiment = load(many_blocks, SWEEP, trials=300)
    right, whole = children.results(run), blocks(run)
    counts = collections.Counter()
    for number in range(folders):
        folder = shutil.copytree(run, tmp_path / "run")
        (folder / "mine.txt").write_text("mine")
        what = number, name, how, _ = (number, *damaged(rng, folder))
        before = children.contents(folder)
        replay = ["replay", folder, "--sigma", 1, "--trial", 250, "--quiet", "--out", tmp_path / "replay"]
        for command in (["show", folder], replay):
            began = time.process_time()
            done = invoke(*command)
            assert done.exit_code in (0, 1, 2), (what, done.exception)
            assert done.exception is None or isinstance(done.exception, SystemExit), (what, done.exception)
            assert time.process_time() - began < SECONDS, what
        assert children.contents(folder) == before, what
        began = time.process_time()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NemWarning)
            try:
                nem_cli.sweep(experiment, out=folder, workers=Workers(1))
            except NemError:
                counts["refused"] += 1
                if name == "trials.sqlite":
                    assert children.contents(folder) == before, what
                else:
                    assert blocks(folder) == whole, what
            else:
                counts["mended"] += 1
                kept = len(blocks(folder) & whole)
                assert children.results(folder) == right, what
                if name != "trials.sqlite":
                    assert kept == len(whole), what
                elif how in ("flip", "zero"):
                    counts["bytes changed"] += 1
                    counts["blocks kept"] += kept
        assert time.process_time() - began < SECONDS, what
        assert (folder / "mine.txt").read_text() == "mine"
        shutil.rmtree(folder)
    print(dict(counts))
    assert counts["mended"] > 0.6 * folders
    assert counts["blocks kept"] > 0.8 * len(whole) * counts["bytes changed"]
