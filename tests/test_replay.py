"""A replay ends exactly as the run recorded, for every way to end, or says that it doesn't."""

from __future__ import annotations

import csv
import json
import math

import numpy as np
import pytest
from command_line import invoke

from nem_cli.em.status import Status
from nem_cli.errors import ConfigError
from nem_cli.experiment.plan import validate
from nem_cli.experiment.runner import Workers
from nem_cli.replay.replay import replay, write
from nem_cli.sweep.sweep import sweep

TRIALS = 25
SETTINGS = {
    "mixture": {"weights": [0.5, 0.5], "means": [-2, 2], "variances": [4, 4]},
    "sample_size": 10_000,  # 20 trials a block
    "start": {"weights": [0.5, 0.5], "means": [-3, 3], "variances": [9, 9]},
    "stop": {"tol": 1.2, "max_iterations": 12},
    "sweep": {"sigma": [0, 1.0], "noise.injection": ["additive", "power"]},
    "trials": TRIALS,
    "bootstrap": {"resamples": 10},
}


def run(folder, **changed):
    experiment = validate({"name": "replayed"} | SETTINGS | changed)
    return sweep(experiment, out=folder, workers=Workers(1, "threading"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return run(tmp_path_factory.mktemp("run")).folder


def command(*arguments):
    return invoke("replay", *map(str, arguments))


@pytest.mark.parametrize("horizon", [2, 6, 20])
def test_a_traced_run_whose_trials_stay_to_the_horizon_is_replayed_as_it_ran(tmp_path, horizon):
    traced = run(tmp_path / "traced", trace={"horizon": horizon}, sweep={"sigma": [1.0]})
    ended = traced.trials(traced.levels[1])["iterations"]
    assert ended.min() < 6 < ended.max()
    for trial in (0, int(ended.argmin()), int(ended.argmax()), TRIALS - 1):
        found = replay(traced.folder, 1.0, trial)
        assert found.checked_with == "trials.sqlite"
        assert found.differences == ()
        assert found.iterates[-1].k == ended[trial]


@pytest.mark.parametrize("injection", ["additive", "power"])
@pytest.mark.parametrize("sigma", [0, 1.0])
@pytest.mark.parametrize("trial", [0, 19, 20, TRIALS - 1])
def test_it_ends_as_the_journal_recorded(folder, injection, sigma, trial):
    found = replay(folder, sigma, trial, {"noise.injection": injection})
    assert found.checked_with == "trials.sqlite"
    assert found.differences == ()
    assert found.status == Status.CONVERGED
    assert found.iterates[0].parameters["weights"] == (0.5, 0.5)
    assert [row.k for row in found.iterates] == list(range(len(found.iterates)))
    assert found.iterates[0].noise_scale is None
    for row in found.iterates[1:]:
        assert row.noise_scale == pytest.approx(sigma * row.k**-2.0)
        assert (row.injected > 0) == (sigma > 0)


def test_the_likelihood_rises_without_noise(folder):
    found = replay(folder, 0, 3, {"noise.injection": "additive"})
    assert all(np.diff([row.log_likelihood for row in found.iterates]) > 0)


def test_without_a_journal_it_is_checked_with_the_csv_and_without_either_not(tmp_path):
    made = run(tmp_path / "run", sample_size=2000).folder
    (made / "trials.sqlite").unlink()
    found = replay(made, 1.0, 7, {"noise.injection": "power"})
    assert found.checked_with == "trials.csv"
    assert found.differences == ()
    lines = (made / "trials.csv").read_text().splitlines(keepends=True)
    at = next(i for i, line in enumerate(lines) if line.startswith("1.0,power,7,"))
    cells = lines[at].split(",")
    cells[5] = repr(math.nextafter(float(cells[5]), 0))  # the log-likelihood, by its last bit
    (made / "trials.csv").write_text("".join([*lines[:at], ",".join(cells), *lines[at + 1 :]]))
    done = command(made, "--sigma", 1, "--trial", 7, "--set", "noise.injection=power")
    assert done.exit_code == 1
    assert "It doesn't end as trials.csv recorded" in done.stdout
    assert "doesn't end as trials.csv recorded: log_likelihood" in done.stderr
    assert command(made, "--sigma", 1, "--trial", 8, "--set", "noise.injection=power").exit_code == 0
    (made / "trials.csv").unlink()
    done = command(made, "--sigma", 1, "--trial", 7, "--set", "noise.injection=power")
    assert done.exit_code == 0
    assert "couldn't be checked" in done.stdout


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"stop": {"tol": 9, "max_iterations": 3}}, Status.MAX_ITERATIONS),
        ({"start": {"weights": [1 - 1e-9, 1e-9], "means": [0, 1], "variances": [1, 1]}}, Status.DEGENERATE),
        ({"start": {"weights": [0.5, 0.5], "means": [0, 1e3], "variances": [1, 1]}}, Status.DEGENERATE),
        ({"start": "random-points", "stop": {"rule": "log-likelihood", "tol": 0.1}}, Status.CONVERGED),
    ],
)
@pytest.mark.parametrize("journal", [True, False])
def test_every_ending(tmp_path, changed, status, journal):
    made = run(tmp_path, sample_size=100, trials=3, **changed).folder
    if not journal:
        (made / "trials.sqlite").unlink()
    found = replay(made, 1.0, 2, {"noise.injection": "additive"})
    assert found.status == status
    assert found.differences == ()
    assert found.checked_with


def test_a_larger_trial_than_the_cache(tmp_path):
    made = run(tmp_path, sample_size=70_000, trials=3, sweep={"sigma": [1.9]}).folder
    assert replay(made, 1.9, 1).differences == ()


def test_files_and_json(folder, tmp_path):
    arguments = (folder, "--sigma", 1, "--trial", 2, "--set", "noise.injection=additive", "--out", tmp_path)
    done = command(*arguments)
    assert done.exit_code == 0, done.output
    assert "It ends exactly as trials.sqlite recorded. The stop rule held." in done.stdout
    path = tmp_path / "replay-sigma-1-injection-additive-trial-2.csv"
    with path.open() as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["noise_scale"] == ""
    assert path.with_suffix(".png").stat().st_size > 10_000
    assert path.with_suffix(".svg").exists()
    result = json.loads(command(*arguments, "--json").stdout)
    assert result["differences"] == []
    assert len(result["iterates"]) == len(rows)
    assert result["iterates"][-1]["parameters"]["means"][1] == float(rows[-1]["mean_2"])
    assert not list(folder.glob("trials.sqlite-*"))  # reading a journal leaves no trace


def test_a_degenerate_start_is_valid_json_and_csv(tmp_path):
    start = {"weights": [1 - 1e-9, 1e-9], "means": [0, 1], "variances": [1, 1]}
    made = run(tmp_path, sample_size=50, trials=2, start=start).folder
    arguments = (made, "--sigma", 1, "--trial", 0, "--set", "noise.injection=additive")
    result = json.loads(command(*arguments, "--json").stdout, parse_constant=pytest.fail)
    assert result["status"] == "degenerate"
    assert len(write(replay(made, 1, 0, {"noise.injection": "additive"}), tmp_path).read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sigma", "0.5", "--trial", "0"], "isn't a level of this run, whose levels are 0, 1"),
        (["--sigma", "1", "--trial", "0"], "several levels have this sigma; give noise.injection, one of"),
        (["--sigma", "1", "--trial", "0", "--set", "noise.decay=2"], "no level has these settings"),
        (["--sigma", "1", "--trial", "0", "--set", "noise.injection"], "must look like"),
        (["--sigma", "1", "--trial", "25", "--set", "noise.injection=additive"], "a trial of the run, 0 to 24"),
        (["--sigma", "1", "--trial", "-1", "--set", "noise.injection=additive"], "a trial of the run, 0 to 24"),
    ],
)
def test_bad_input(folder, arguments, message):
    done = command(folder, *arguments)
    assert done.exit_code == 2
    assert message in done.stderr


def test_a_folder_that_is_no_run(tmp_path):
    with pytest.raises(ConfigError, match=r"is no finished run: it has no readable config\.yaml"):
        replay(tmp_path, 1.0, 0)
    with pytest.raises(ConfigError, match="there is no such folder"):
        replay(tmp_path / "nowhere", 1.0, 0)
