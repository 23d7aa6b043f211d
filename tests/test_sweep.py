"""`nem sweep`, `nem check` and `nem show` from the outside: what they print, write and return."""

from __future__ import annotations

import csv
import json
import shutil

import children
import pytest
from command_line import invoke

import nem_cli
from nem_cli.errors import FolderError, NemWarning
from nem_cli.experiment.load import load
from nem_cli.experiment.shipped import shipped_configs

CONFIG = """
title: "A small run"
mixture: {family: gaussian, weights: [0.5, 0.5], means: [-2, 2], variances: [4, 4]}
sample_size: 60
start: {weights: [0.5, 0.5], means: [-3, 3], variances: [9, 9]}
noise: {injection: additive}
stop: {rule: euclidean, tol: 1.2}
sweep: {sigma: [0, 1.0, 1.9]}
trials: 40
bootstrap: {resamples: 200}
"""


def table(path):
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep")
    (folder / "small.yaml").write_text(CONFIG, encoding="utf-8")
    done = children.nem("sweep", "small.yaml", "--jobs", 2, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder, done


def test_the_folder_holds_what_the_contract_says(run):
    folder, _ = run
    files = {path.name for path in (folder / "results" / "small").iterdir()}
    assert files - {".lock"} == {
        "config.yaml", "manifest.json", "timing.json", "trials.sqlite", "trials.csv", "summary.csv", "figure.png",
        "figure.svg",
    }  # fmt: skip
    manifest = json.loads((folder / "results" / "small" / "manifest.json").read_text())
    assert manifest.keys() == {
        "nem", "algorithm", "config_sha256", "seed", "python", "numpy", "scipy", "blas", "plugins",
    }  # fmt: skip
    timing = json.loads((folder / "results" / "small" / "timing.json").read_text())
    assert {"git", "host", "cpus", "backend", "start", "end"} < timing.keys()
    assert timing["command"] == ["nem", "sweep", "small.yaml", "--jobs", "2"]
    assert timing["jobs"] == 2
    assert len(timing["seconds_per_trial"]) == 3
    rows = table(folder / "results" / "small" / "trials.csv")
    assert len(rows) == 3 * 40
    assert [row["trial"] for row in rows[:3]] == ["0", "1", "2"]
    assert {row["status"] for row in rows} <= {"converged", "max-iterations", "degenerate"}


def test_the_table_fits_80_columns_and_names_the_units(run):
    _, done = run
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "M-steps" in done.stdout
    assert "95 % CI" in done.stdout
    assert not done.stderr


def test_means_in_summary_are_those_of_the_trials(run):
    folder, _ = run
    results = folder / "results" / "small"
    trials = table(results / "trials.csv")
    for row in table(results / "summary.csv"):
        mine = [int(trial["iterations"]) for trial in trials if trial["sigma"] == row["sigma"]]
        assert float(row["mean_iterations"]) == pytest.approx(sum(mine) / len(mine))


def test_json_is_the_result_and_nothing_else(run):
    folder, _ = run
    done = invoke("sweep", "small.yaml", "--json", cwd=folder)
    levels = json.loads(done.stdout)["levels"]
    assert [level["sigma"] for level in levels] == [0, 1, 1.9]
    shown = invoke("show", "results/small", "--json", cwd=folder)
    assert json.loads(shown.stdout)["levels"] == levels


def test_show_prints_the_same_table(run):
    folder, done = run
    assert invoke("show", "results/small", cwd=folder).stdout == done.stdout


def test_quiet_prints_nothing(run):
    folder, _ = run
    done = invoke("sweep", "small.yaml", "--quiet", cwd=folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_dry_run_runs_nothing(tmp_path):
    done = invoke("sweep", "anem", "--dry-run", "--json", cwd=tmp_path)
    assert done.returncode == 0
    (planned,) = json.loads(done.stdout)
    assert (planned["run"], planned["levels"], planned["trials"]) == ("anem", 24, 1000)
    assert planned["seconds"] >= 1
    assert not list(tmp_path.iterdir())


def test_set_trials_seed_and_out(tmp_path):
    done = invoke(
        "sweep", "mnem", "--set", "sweep.sigma=[0.44]", "--set", "noise.decay=1", "--trials", 5, "--seed", 3,
        "--set", "bootstrap.resamples=50", "--out", tmp_path / "here", "--quiet", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    written = load(tmp_path / "here" / "config.yaml")
    assert (written.noise.decay, written.trials, written.seed) == (1, 5, 3)
    assert not (tmp_path / "results").exists()


def test_a_run_with_fewer_trials_replaces_none_with_more(tmp_path):
    def run(trials, **more):
        return nem_cli.sweep(load(shipped_configs()["anem"], ["sweep.sigma=[1]"], trials=trials), out=tmp_path, **more)

    run(20, jobs=1)
    before = (tmp_path / "trials.csv").read_bytes()
    with pytest.raises(FolderError, match="holds 20 trials a level, which 10 would replace"):
        run(10, jobs=1)
    assert (tmp_path / "trials.csv").read_bytes() == before
    (tmp_path / "config.yaml").write_text("damaged: [")
    assert run(20, jobs=1).rows[0].trials == 20
    assert load(tmp_path / "config.yaml").trials == 20
    assert run(10, jobs=1, fresh=True).rows[0].trials == 10


def test_a_copied_config_has_its_own_folder_and_one_with_an_older_name_says_so(tmp_path):
    copied = tmp_path / "mine.yaml"
    shutil.copy(shipped_configs()["anem"], copied)
    assert load(copied).name == "mine"
    copied.write_text("name: anem\n" + copied.read_text())
    with pytest.warns(NemWarning, match="mine.yaml: calls itself anem"):
        assert load(copied).name == "anem"
    assert load(copied, ["name=other"]).name == "other"


def test_1000_trials_are_the_first_1000_of_more(tmp_path):
    few = nem_cli.sweep(
        load(shipped_configs()["anem"], ["sweep.sigma=[1.9]", "sample_size=2000"], trials=150), out=tmp_path / "few"
    )
    many = nem_cli.sweep(
        load(shipped_configs()["anem"], ["sweep.sigma=[1.9]", "sample_size=2000"], trials=250), out=tmp_path / "many"
    )
    for sigma in ("0.0", "1.9"):
        lines = [
            [line for line in (run.folder / "trials.csv").read_text().splitlines() if line.startswith(f"{sigma},")]
            for run in (few, many)
        ]
        assert lines[0] == lines[1][:150]
        assert len(lines[1]) == 250


@pytest.mark.parametrize("arguments", [["check", "mnem"], ["check", "mnem", "--set", "trials=7"]])
def test_check_says_what_would_run(arguments, tmp_path):
    done = invoke(*arguments, cwd=tmp_path)
    assert done.returncode == 0
    assert "valid; 23 levels" in done.stdout


def test_check_names_place_value_and_what_is_allowed(tmp_path):
    (tmp_path / "bad.yaml").write_text(CONFIG.replace("injection: additive", "injektion: additive"), encoding="utf-8")
    done = invoke("check", "bad.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("nem: bad.yaml: noise.injektion: unknown setting")
    assert "did you mean injection?" in done.stderr


def test_show_of_a_folder_that_is_no_run(tmp_path):
    done = invoke("show", ".", cwd=tmp_path)
    assert done.returncode == 2
    assert "no finished run" in done.stderr
    with pytest.raises(FolderError):
        nem_cli.Run.open(tmp_path)


def test_version(tmp_path):
    assert invoke("--version", cwd=tmp_path).stdout == f"nem {nem_cli.__version__}\n"
