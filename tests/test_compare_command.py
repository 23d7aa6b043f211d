"""`nem compare`: its arguments, its files, what it reuses and what it refuses."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from command_line import invoke

import nem_cli
from nem_cli.compare.plan import plan
from nem_cli.errors import ConfigError
from nem_cli.experiment.config import Experiment
from nem_cli.experiment.folder import config_yaml
from nem_cli.experiment.load import load
from nem_cli.experiment.runner import Workers
from nem_cli.experiment.shipped import shipped_configs

SMALL = {"sample_size": 40, "trials": 60}
SIGMAS = {"anem": [0, 1, 2, 6], "mnem": [0, 0.2, 0.4, 1.5]}
WORKERS = Workers(1, "threading")


def small(config: str, **changes: object) -> Experiment:
    settings = {"name": f"small-{config}", "sweep": {"sigma": SIGMAS[config]}} | SMALL | changes
    return load(shipped_configs()[config], **settings)


def written(folder: Path, experiment: Experiment) -> str:
    path = folder / f"{experiment.name}.yaml"
    path.write_text(config_yaml(experiment), encoding="utf-8")
    return str(path)


def compare(a, b, root: Path, **options):
    return nem_cli.compare(a, b, out=root, workers=WORKERS, **{"bootstraps": 200} | options)


def run(*arguments: object):
    return invoke("compare", *map(str, arguments), "--jobs", "1", "--backend", "threading")


def state(folder: Path) -> dict[Path, tuple[int, int]]:
    return {
        path: (path.stat().st_mtime_ns, path.stat().st_size)
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("results")
    return root, compare(small("anem"), small("mnem"), root)


@pytest.fixture
def copied(made, tmp_path):
    shutil.copytree(made[0], tmp_path / "results")
    return tmp_path / "results"


# What it gives


def test_comparison_json_has_the_fields_of_the_contract(made):
    root, found = made
    folder = root / "comparison" / "small-anem-vs-small-mnem"
    tree = json.loads((folder / "comparison.json").read_text(encoding="utf-8"))
    assert set(tree) == {"a", "b", "difference", "paired", "unpaired", "p_value_uncentred", "bootstraps", "seed"}
    for side, mode in (("a", "additive"), ("b", "multiplicative")):
        assert tree[side]["mode"] == mode
        assert tree[side]["sigma"] in tree[side]["levels_not_told_apart"]
        assert tree[side]["trials"] == 60
        mean, em = tree[side]["mean_iterations"], tree[side]["em_mean_iterations"]
        assert tree[side]["speedup_percent"] == pytest.approx(100 * (1 - mean / em))
    assert tree["difference"] == pytest.approx(tree["a"]["mean_iterations"] - tree["b"]["mean_iterations"])
    assert tree["difference"] == tree["paired"]["difference"]
    for design in ("paired", "unpaired"):
        assert set(tree[design]) == {"difference", "standard_error", "intervals", "p_value"}
        assert set(tree[design]["intervals"]) == {"90", "95", "99"}
        for low, high in tree[design]["intervals"].values():
            assert low <= tree[design]["difference"] <= high
    assert (tree["bootstraps"], tree["seed"]) == (200, 1801)
    assert found.paired.p_value == tree["paired"]["p_value"]


def test_it_draws_the_figure(made):
    folder = made[0] / "comparison" / "small-anem-vs-small-mnem"
    assert (folder / "comparison.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (folder / "comparison.svg").read_text(encoding="utf-8")


def test_the_optimum_is_the_best_sigma_above_zero_of_the_sweep(made):
    root, found = made
    for side, name in ((found.a, "small-anem"), (found.b, "small-mnem")):
        rows = nem_cli.Run.open(root / name).rows
        assert side.optimum.best == min((row.mean_iterations, row.sigma) for row in rows if row.sigma)[1]


def test_means_come_from_fresh_trials_on_data_that_both_sides_share(made, tmp_path):
    _, found = made
    for side, name in ((found.a, "anem"), (found.b, "mnem")):
        fresh = small(name, name=f"fresh-{name}", seed=1802, sweep={"sigma": [side.optimum.best]})
        em, optimum = nem_cli.sweep(fresh, out=tmp_path / name, workers=WORKERS).rows
        assert side.mean.value == pytest.approx(optimum.mean_iterations)
        assert side.em.mean() == pytest.approx(em.mean_iterations)
    assert np.array_equal(found.a.em, found.b.em)


def test_the_unpaired_design_takes_b_from_yet_another_seed(made, tmp_path):
    _, found = made
    fresh = small("mnem", seed=1803, sweep={"sigma": [found.b.optimum.best]})
    other = nem_cli.sweep(fresh, out=tmp_path / "other", workers=WORKERS).rows[1].mean_iterations
    assert found.unpaired.difference == pytest.approx(found.a.mean.value - other)


def test_noise_of_a_user_compares_too(tmp_path):
    found = compare(small("anem"), small("anem", name="slow", noise={"injection": "additive", "decay": 0.5}), tmp_path)
    assert [side.experiment.noise.injection for side in (found.a, found.b)] == ["additive", "additive"]
    assert (found.a.name, found.b.name) == ("small-anem", "slow")


# What it reuses


def test_finished_runs_are_reused_and_the_result_is_the_same(copied, made):
    runs = [copied / "small-anem", copied / "small-mnem"]
    before = [state(folder) for folder in runs]
    again = compare(small("anem"), small("mnem"), copied)
    assert {path for each in before for path in each} == {path for folder in runs for path in state(folder)}
    for name in ("summary.csv", "manifest.json", "figure.png"):
        assert [each[folder / name] for each, folder in zip(before, runs, strict=True)] == [
            state(folder)[folder / name] for folder in runs
        ]
    assert np.array_equal(again.paired.replicates, made[1].paired.replicates)
    assert np.array_equal(again.unpaired.replicates, made[1].unpaired.replicates)


def test_nothing_runs_where_the_journals_are_there(copied, monkeypatch):
    def no_work(self, tasks, seed):
        assert not list(tasks)
        yield from ()

    monkeypatch.setattr(Workers, "run", no_work)
    compare(small("anem"), small("mnem"), copied)


def test_a_finished_runs_folder_is_an_argument(copied, made):
    found = compare(copied / "small-anem", copied / "small-mnem", copied)
    assert found.paired.difference == made[1].paired.difference


def test_results_without_their_journal_get_it_back_and_stay_as_they_are(copied, made):
    for name in ("small-anem", "small-mnem"):
        (copied / name / "trials.sqlite").unlink()
    before = {path: kept for path, kept in state(copied).items() if path.name in ("summary.csv", "manifest.json")}
    found = compare(copied / "small-anem", copied / "small-mnem", copied)
    assert {path: state(copied)[path] for path in before} == before
    assert found.a.optimum == made[1].a.optimum


def test_more_fresh_trials_go_on_from_those_that_are_there(copied):
    found = compare(small("anem"), small("mnem"), copied, trials=70)
    assert (found.a.trials, found.b.trials, len(found.paired.replicates)) == (70, 70, 200)
    assert nem_cli.Run.open(copied / "small-anem").experiment.trials == 60


def test_a_run_with_too_few_trials_is_made_again(copied):
    compare(small("anem", trials=80), small("mnem"), copied)
    assert nem_cli.Run.open(copied / "small-anem").experiment.trials == 80


def test_a_run_with_other_levels_is_made_again(copied):
    compare(small("anem", sweep={"sigma": [0, 1, 1.5, 2, 6]}), small("mnem"), copied)
    assert [row.sigma for row in nem_cli.Run.open(copied / "small-anem").rows] == [0, 1, 1.5, 2, 6]


def test_fresh_starts_over_but_leaves_given_folders(copied, made):
    journals = {name: copied / name / "trials.sqlite" for name in ("small-anem", "small-mnem")}
    inodes = {name: path.stat().st_ino for name, path in journals.items()}
    kept = copied / "small-mnem"
    found = compare(small("anem"), kept, copied, fresh=True)
    assert journals["small-anem"].stat().st_ino != inodes["small-anem"]
    assert journals["small-mnem"].stat().st_ino == inodes["small-mnem"]
    assert found.paired.difference == made[1].paired.difference


# The command


def test_the_command_prints_tables_and_sentences_within_60_columns(copied):
    done = run(copied / "small-anem", copied / "small-mnem", "--bootstraps", 100, "--out", copied, "--notes")
    assert done.exit_code == 0, done.output
    *text, last = done.stdout.splitlines()
    assert max(len(line) for line in text if "─" in line) <= 60
    for expected in ("sigma*", "paired", "unpaired", "the paper", "p-value", "What follows:", "What doesn't:", "0.492"):
        assert expected in done.stdout
    for expected in ("optimism of a minimum over a grid", "near 0.5 by construction", "comparisons with the best"):
        assert expected in " ".join(done.stdout.split())
    assert last == f"Written to {copied / 'comparison' / 'small-anem-vs-small-mnem'}"


def test_json_is_the_file_and_nothing_else(copied):
    done = run(copied / "small-anem", copied / "small-mnem", "--bootstraps", 100, "--out", copied, "--json")
    assert done.exit_code == 0
    file = copied / "comparison" / "small-anem-vs-small-mnem" / "comparison.json"
    assert json.loads(done.stdout) == json.loads(file.read_text(encoding="utf-8"))


def test_quiet_says_nothing(copied):
    done = run(copied / "small-anem", copied / "small-mnem", "--bootstraps", 100, "--out", copied, "--quiet")
    assert (done.exit_code, done.output) == (0, "")


def test_dry_run_says_what_would_run_and_writes_nothing(tmp_path):
    done = run("additive", "multiplicative", "--dry-run", "--json", "--out", tmp_path / "results")
    assert done.exit_code == 0
    assert [(row["levels"], row["trials"]) for row in json.loads(done.stdout)] == [
        (24, 1000), (23, 1000), (2, 1000), (2, 1000), (2, 1000)
    ]  # fmt: skip
    assert not (tmp_path / "results").exists()


def test_dry_run_knows_what_is_finished(copied):
    done = run(copied / "small-anem", copied / "small-mnem", "--dry-run", "--json", "--out", copied)
    assert [row["seconds"] is None for row in json.loads(done.stdout)] == [True, True, False, False, False]


def test_modes_mean_the_figures_configs(tmp_path):
    asked = plan("additive", "multiplicative", bootstraps=1, trials=None, seed=None, out=tmp_path)
    assert [side.experiment.name for side in (asked.a, asked.b)] == ["anem", "mnem"]
    assert asked.folder == tmp_path / "comparison" / "additive-vs-multiplicative"
    assert (asked.trials, asked.seed) == (1000, 1801)


# What it refuses


def refused(tmp_path: Path, *arguments: object) -> str:
    root = tmp_path / "results"
    done = run(*arguments, "--out", root)
    assert done.exit_code == 2, done.output
    assert not done.stdout
    assert done.stderr.startswith("nem: ")
    assert "\nnem: " not in done.stderr
    assert not root.exists()
    return done.stderr


def test_an_unknown_mode_gets_a_suggestion(tmp_path):
    text = refused(tmp_path, "aditive", "multiplicative")
    assert "aditive" in text
    assert "did you mean additive?" in text


def test_a_folder_that_is_no_run(tmp_path):
    (tmp_path / "empty").mkdir()
    assert "is no finished run" in refused(tmp_path, tmp_path / "empty", "multiplicative")


def test_a_path_that_is_not_there(tmp_path):
    assert "neither an injection mode, nor a config, nor a run's folder" in refused(
        tmp_path, "additive", tmp_path / "nothing"
    )


@pytest.mark.parametrize(
    ("option", "value"),
    [("--bootstraps", 0), ("--bootstraps", -5), ("--bootstraps", 10**7), ("--trials", 0), ("--seed", -1),
     ("--seed", 2**63), ("--seed", 1800), ("--seed", 1799)],
)  # fmt: skip
def test_numbers_that_are_not_allowed(tmp_path, option, value):
    text = refused(tmp_path, "additive", "multiplicative", option, value)
    assert option in text
    assert f"(got {value})" in text


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("mixture", {"weights": [0.5, 0.5], "means": [-1, 1], "variances": [4, 4]}),
        ("sample_size", 41),
        ("estimate", ["variances"]),
        ("start", "moments"),
        ("stop", {"rule": "euclidean", "tol": 1.3}),
    ],
)
def test_runs_that_differ_in_more_than_noise(tmp_path, setting, value):
    other = written(tmp_path, small("mnem", **{setting: value}))
    text = refused(tmp_path, written(tmp_path, small("anem")), other)
    assert "aren't comparable" in text
    assert f"  {setting}" in text
    assert "noise." not in text


def test_all_differing_settings_are_listed(tmp_path):
    text = refused(tmp_path, "additive", "companion-mnem")
    for line in ("  estimate: ", "  start.means: ", "  start.variances: ", "  stop.tol: 1.2 and 1.5"):
        assert line in text


def test_a_sweep_of_more_than_sigma(tmp_path):
    assert "sweeps noise.injection, noise.screen" in refused(tmp_path, "blind", "additive")


def test_a_sweep_without_noise(tmp_path):
    assert "no sigma above 0" in refused(
        tmp_path, written(tmp_path, small("anem", sweep={"sigma": [0]})), "multiplicative"
    )


def test_an_injection_without_a_figure_config(tmp_path, monkeypatch):
    from nem_cli.experiment.registry import injections

    monkeypatch.setattr(injections, "names", lambda: ["additive", "multiplicative", "convolution"])
    assert "an injection without a figure config" in refused(tmp_path, "convolution", "additive")


def test_two_experiments_with_one_name(tmp_path):
    with pytest.raises(ConfigError, match="two experiments with one folder"):
        compare(small("anem"), small("mnem", name="small-anem"), tmp_path / "results")
    assert not (tmp_path / "results").exists()


def test_seeds_of_two_sweeps_never_meet_the_fresh_ones(tmp_path):
    asked = plan(small("anem", seed=5), small("mnem", seed=6), bootstraps=1, trials=None, seed=None, out=tmp_path)
    assert asked.seed == 6


def test_fresh_trials_of_another_experiment_are_left_untouched(copied):
    other = small("anem", noise={"injection": "additive", "decay": 1}, name="other")
    shutil.rmtree(copied / "small-anem")
    nem_cli.sweep(other, out=copied / "small-anem", workers=WORKERS)
    before = state(copied / "comparison")
    with pytest.raises(ConfigError, match=r"noise\.decay: there 2\.0, here 1\.0"):
        compare(copied / "small-anem", copied / "small-mnem", copied)
    assert state(copied / "comparison") == before
