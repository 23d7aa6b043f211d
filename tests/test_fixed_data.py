"""Methods and fixed data in configs: what runs, what is refused, and what makes another experiment."""

from __future__ import annotations

import csv
import shutil

import numpy as np
import pytest
import yaml
from command_line import invoke

from nem_cli.em.status import Status
from nem_cli.errors import ConfigError, FolderError
from nem_cli.experiment.block import data_and_starts, run_block
from nem_cli.experiment.fixed_data import read_columns, shipped_data
from nem_cli.experiment.load import load
from nem_cli.experiment.plan import levels, validate
from nem_cli.experiment.runner import Workers
from nem_cli.sweep.sweep import sweep

HERE = Workers(jobs=1, backend="threading")
DEATHS = {
    "name": "deaths",
    "data": {"file": "deaths.csv", "columns": ["deaths"], "counts": "days", "family": "poisson", "components": 2},
    "start": {"rule": "uniform", "means": [0, 4]},
    "stop": {"rule": "euclidean", "tol": 7, "max_iterations": 300},
    "sweep": {"method": ["em", "squarem", "anderson", "quasi-newton"]},
    "trials": 20,
    "figure": {"x": "method"},
}
WAITING = {"file": "faithful.csv", "columns": ["waiting"], "components": 2}
DRAWN = {
    "name": "drawn",
    "mixture": {"weights": [0.5, 0.5], "means": [-2, 2], "variances": [4, 4]},
    "sample_size": 50,
}
CHAIN = {"family": "gaussian", "initial": [0.5, 0.5], "transitions": [[0.9, 0.1], [0.1, 0.9]], "means": [-2, 2],
         "variances": [4, 4]}  # fmt: skip


def data(**changes):
    return {"name": "fixed", "data": WAITING | changes}


@pytest.mark.parametrize(
    ("config", "says"),
    [
        (DRAWN | {"method": "sqarem"}, ["method", "sqarem", "did you mean squarem", "em, squarem, anderson"]),
        (DRAWN | {"method": "annealed", "sweep": {"sigma": [1]}}, ["sweep.sigma", "annealed takes no noise", "1.0"]),
        (DRAWN | {"sweep": {"sigma": [0, 1], "method": ["em", "squarem"]}}, ["squarem takes no noise", "grid"]),
        ({"name": "n", "network": {"data": "digits"}, "method": "anderson"}, ["method", "network", "gradient"]),
        (
            {"name": "c", "chain": CHAIN, "sample_size": 20, "method": "annealed"},
            ["only mixtures are annealed", "markov"],
        ),
        (data(file="no.csv"), ["data.file", "no.csv", "no such data file", "faithful.csv"]),
        (data(columns=["waitin"]), ["data", "waitin", "eruptions, waiting"]),
        (data(columns=["eruptions", "waiting"]), ["data.covariance", "spherical, diagonal or full"]),
        (data(columns=["waiting", "waiting"], covariance="full"), ["data", "twice"]),
        (data(counts="days"), ["data", "days", "eruptions, waiting"]),
        (data(counts="eruptions"), ["data.counts", "whole number", "3.6"]),
        (data(unit=0), ["data.unit", "greater than 0"]),
        (data(unit=[1, 2]), ["data.unit", "2 numbers", "columns has 1"]),
        (data(components=0), ["data.components", "1 to 1,000"]),
        (data(tied=True, family="exponential"), ["data.tied", "one dimension"]),
        (data(family="poisson", unit=7), ["data.columns", "poisson", "support"]),
        (data(digest="0123456789abcdef"), ["data.digest", "aren't those", "leave digest out"]),
        (data() | {"sample_size": 100}, ["sample_size is 100", "272 samples"]),
        (data() | {"start": "truth"}, ["start truth", "drawn"]),
        (data() | {"estimate": ["means"]}, ["estimate leaves out weights", "give start its value"]),
        (data() | {"start": {"rule": "uniform", "means": [40, 90]}}, ["uniform needs", "means, variances"]),
        (data() | {"start": {"rule": "uniform", "means": [9, 4]}}, ["start", "means", "lower one first"]),
        (data() | {"mixture": DRAWN["mixture"]}, ["just one of", "mixture and data"]),
        (
            DEATHS | {"sweep": {"sigma": [0.5]}, "figure": {"x": "sigma"}},
            ["noise.injection", "whole numbers", "poisson", "sigma 0"],
        ),
    ],
)
def test_bad_input_is_one_message_and_exit_code_2(config, says, tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(config))
    done = invoke("check", path)
    assert done.exit_code == 2, done.output
    for part in says:
        assert part in done.stderr, done.stderr


def test_uneven_rows_empty_files_and_broken_numbers(tmp_path):
    for content, says in (
        ("a,b\n1,2\n3\n", "has 1 cells"),
        ("", "empty"),
        ("a\n", "no data"),
        ("a\nx\n", "'x'"),
    ):
        path = tmp_path / f"{len(says)}.csv"
        path.write_text(content)
        with pytest.raises(ConfigError, match=says):
            read_columns(str(path), ("a",), None)


def test_shipped_data_are_what_their_sources_say():
    assert sorted(shipped_data()) == ["deaths.csv", "faithful.csv", "galaxies.csv"]
    deaths = read_columns("deaths.csv", ("deaths",), "days")
    assert deaths.shape == (1096,)
    assert deaths.sum() == 2364
    faithful = read_columns("faithful.csv", ("eruptions", "waiting"), None)
    assert faithful.shape == (272, 2)
    np.testing.assert_allclose(faithful.mean(axis=0), [3.487783, 70.897059], atol=1e-6)
    galaxies = read_columns("galaxies.csv", ("velocity",), None)
    assert galaxies.shape == (82,)
    assert galaxies[77] == 26690  # the known misprint


def test_data_are_the_same_in_every_trial_and_starts_differ():
    level = levels(validate(DEATHS))[0]
    y, start = data_and_starts(level, 1, 0)
    assert y.shape == (level.block_trials, 1096)
    assert np.ptp(y, axis=0).max() == 0
    assert len(np.unique(start.means)) == 2 * level.block_trials
    assert start.means.min() >= 0
    assert start.means.max() <= 4
    np.testing.assert_allclose(start.weights.sum(axis=1), 1)


def test_all_methods_have_the_same_starts():
    starts = [data_and_starts(level, 1, 0)[1] for level in levels(validate(DEATHS))]
    for start in starts[1:]:
        np.testing.assert_array_equal(start.means, starts[0].means)


@pytest.mark.parametrize("changes", [
    {}, {"tied": True}, {"unit": 10.0},
    {"columns": ["eruptions", "waiting"], "covariance": "full", "unit": [1.139, 13.57]},
])  # fmt: skip
@pytest.mark.parametrize("method", ["squarem", "anderson", "quasi-newton", "over-relaxed", "annealed"])
def test_old_faithful_has_one_fit_that_every_method_finds(changes, method, monkeypatch):
    monkeypatch.setattr("nem_cli.experiment.plan.BLOCK_STARTS", 20)
    stop = {"rule": "euclidean", "tol": 7, "max_iterations": 1000}
    em, accelerated = (
        run_block(levels(validate(data(**changes) | {"stop": stop, "method": each}))[0], 1, 0).trials
        for each in ("em", method)
    )
    reached = accelerated["log_likelihood"] > em["log_likelihood"].max() - 1e-4
    if changes == {"tied": True}:  # some starts lie near a saddle, where both components are all of the data
        assert reached.mean() >= 0.6
    else:
        assert np.all(reached)
        assert np.all(accelerated["status"] == Status.CONVERGED)


def test_a_run_its_columns_and_its_identity(tmp_path):
    run = sweep(validate(DEATHS), out=tmp_path / "run", workers=HERE)
    rows = list(csv.DictReader((tmp_path / "run" / "summary.csv").read_text().splitlines()))
    assert [row["method"] for row in rows] == DEATHS["sweep"]["method"]
    assert {int(row["max_iterations"]) for row in rows[1:]} == {0}
    assert int(rows[0]["max_iterations"]) == 20  # EM needs about 2,300
    with (tmp_path / "run" / "trials.csv").open() as file:
        assert next(csv.reader(file))[-6:] == ["weight_1", "weight_2", "mean_1", "mean_2", "variance_1", "variance_2"]
    written = load(tmp_path / "run" / "config.yaml")
    assert written.identity() == run.experiment.identity()
    assert written.identity()["data.digest"] == run.experiment.data.digest
    assert written.sample_size == 1096


def test_other_numbers_under_the_same_name_are_another_experiment(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(shipped_data()["deaths.csv"], "mine.csv")
    mine = DEATHS | {"data": DEATHS["data"] | {"file": "mine.csv"}, "sweep": {"method": ["squarem"]}}
    experiment = validate(mine)
    sweep(experiment, out=tmp_path / "run", workers=HERE)
    text = (tmp_path / "mine.csv").read_text()
    (tmp_path / "mine.csv").write_text(text.replace("9,1", "9,2"))
    with pytest.raises(FolderError, match=r"data\.digest"):
        sweep(validate(mine), out=tmp_path / "run", workers=HERE)
    with pytest.raises(ConfigError, match="have changed"):  # found where they are read
        _ = experiment.data.model_copy(update={"digest": "0" * 16}).y
    (tmp_path / "mine.csv").write_text("# mine\n" + text.replace(",", ";"))
    sweep(validate(mine), out=tmp_path / "run", workers=HERE)  # the same numbers, otherwise written


def test_em_is_the_default_and_no_news(tmp_path):
    plain, said = validate(DRAWN), validate(DRAWN | {"method": "em"})
    assert plain.identity() == said.identity()
    assert "method" not in plain.identity()
    assert levels(plain)[0].key == levels(said)[0].key
    assert levels(validate(DRAWN | {"method": "squarem"}))[0].key != levels(plain)[0].key
