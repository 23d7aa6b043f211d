"""The sweep and the plan: levels, blocks, streams."""

from __future__ import annotations

import numpy as np
import pytest

from nem_cli.errors import ConfigError
from nem_cli.experiment.block import data_and_starts, run_block
from nem_cli.experiment.config import Experiment
from nem_cli.experiment.folder import config_yaml
from nem_cli.experiment.load import load
from nem_cli.experiment.plan import levels, stream, validate
from nem_cli.experiment.shipped import shipped_configs

BASE = {
    "name": "base",
    "mixture": {"weights": [0.5, 0.5], "means": [-2, 2], "variances": [4, 4]},
    "sample_size": 50,
    "trials": 20,
}


def experiment(**settings) -> Experiment:
    return validate(BASE | settings)


def sigmas(**settings):
    return [level.sigma for level in levels(experiment(**settings))]


def test_level_0_is_always_run_and_first():
    assert sigmas(sweep={"sigma": [1, 2]}) == [0, 1, 2]
    assert sigmas(sweep={"sigma": [2, 0, 1]}) == [0, 2, 1]
    assert sigmas(sweep={"sample_size": [10, 20]}) == [0, 0]
    assert sigmas() == [0]


def test_a_linspace_and_a_list_agree():
    written = sigmas(sweep={"sigma": [0, 0.1, 0.2, 0.3]})
    ranged = sigmas(sweep={"sigma": {"start": 0, "stop": 0.3, "num": 4}})
    assert written == ranged
    assert [level.key for level in levels(experiment(sweep={"sigma": [0.30000000000000004]}))] == [
        level.key for level in levels(experiment(sweep={"sigma": [0.3]}))
    ]


def test_the_grid_is_a_product_with_a_curve_for_each_other_value():
    plan = levels(experiment(sweep={"sigma": [1], "noise.decay": [1, 2], "sample_size": [10, 20]}))
    assert [(level.sigma, *(value for _, value in level.others)) for level in plan] == [
        (sigma, decay, size) for decay in (1.0, 2.0) for size in (10, 20) for sigma in (0.0, 1.0)
    ]
    assert {level.trial.sample_size for level in plan} == {10, 20}


def test_grids_in_a_list_are_run_as_their_union():
    sweep = [
        {"sigma": [1], "noise.injection": ["additive"]},
        {"sigma": [0.2], "noise.injection": ["multiplicative"]},
        {"sigma": [1], "noise.injection": ["additive"]},
    ]
    plan = levels(experiment(sweep=sweep))
    assert [dict(level.settings) for level in plan] == [
        {"sigma": 0.0, "noise.injection": "additive"},
        {"sigma": 1.0, "noise.injection": "additive"},
        {"sigma": 0.0, "noise.injection": "multiplicative"},
        {"sigma": 0.2, "noise.injection": "multiplicative"},
    ]
    assert plan[0].key == plan[2].key  # plain EM doesn't depend on the noise


def test_a_setting_that_only_one_grid_sweeps_shows_its_base_value_in_the_others():
    plan = levels(experiment(sweep=[{"sigma": [1]}, {"sigma": [1], "noise.decay": [3]}]))
    assert [dict(level.settings)["noise.decay"] for level in plan] == [2.0, 2.0, 3.0, 3.0]


def test_lists_can_be_swept():
    plan = levels(experiment(sweep={"mixture.means": [[-1, 1], [-3, 3]]}))
    assert [level.trial.mixture.means for level in plan] == [(-1.0, 1.0), (-3.0, 3.0)]


@pytest.mark.parametrize(
    ("sweep", "message"),
    [
        ({}, "empty"),
        ([], "empty"),
        ({"sigma": []}, "empty"),
        ({"sigma": [-1]}, "0 or more"),
        ({"sigma": [float("nan")]}, "finite"),
        ({"sigma": ["1"]}, "a number"),
        ({"sigma": [True]}, "a number"),
        ({"sigma": 1}, "must be a list"),
        ({"sigma": {"start": 0, "stop": 1}}, "just start, stop and num"),
        ({"sigma": {"start": 0, "stop": 1, "num": 0}}, "num must be"),
        ({"noise.dekay": [1]}, "no such setting"),
        ({"trials": [1, 2]}, "settings begin with sigma, mixture"),
        ({1: [1]}, "dotted path"),
        ({"noise.decay": [1, -1]}, "greater than or equal to 0"),
        ({"sample_size": [10, 2.5]}, "integer"),
        (
            {"sigma": {"start": 0, "stop": 1, "num": 1000}, "noise.decay": {"start": 0, "stop": 1, "num": 1000}},
            "levels",
        ),
        ("sigma", "mapping"),
    ],
)
def test_bad_sweeps_are_refused(sweep, message):
    with pytest.raises(ConfigError, match=message):
        experiment(sweep=sweep)


def test_data_and_starts_are_common_to_levels_and_modes():
    plan = levels(
        experiment(start="random-points", sweep={"sigma": [1], "noise.injection": ["additive", "multiplicative"]})
    )
    y, start = data_and_starts(plan[0], 7, 3)
    for level in plan[1:]:
        other, theirs = data_and_starts(level, 7, 3)
        np.testing.assert_array_equal(y, other)
        np.testing.assert_array_equal(start.means, theirs.means)
    assert not np.array_equal(y, data_and_starts(plan[0], 7, 4)[0])
    assert not np.array_equal(y, data_and_starts(plan[0], 8, 3)[0])


def test_streams_are_independent_of_each_other():
    draws = [stream(1, *key).random() for key in ((0, 0), (0, 1), (1, 0), (2,))] + [stream(2, 0, 0).random()]
    assert len(set(draws)) == len(draws)
    assert stream(1, 0, 0).random() == draws[0]


def test_the_sampler_follows_the_mixture():
    level = levels(
        experiment(mixture={"weights": [0.2, 0.8], "means": [-50, 50], "variances": [1, 4]}, sample_size=1000)
    )[0]
    y, _ = data_and_starts(level, 0, 0)
    left = y < 0
    assert left.mean() == pytest.approx(0.2, abs=4 * np.sqrt(0.16 / y.size))
    assert y[left].var() == pytest.approx(1, rel=0.05)
    assert y[~left].mean() == pytest.approx(50, abs=0.03)


def test_blocks_hold_fewer_trials_of_larger_samples():
    sizes = [25, 200, 1000, 100_000, 10**6]
    blocks = [levels(experiment(sample_size=size))[0].block_trials for size in sizes]
    assert blocks == [1000, 1000, 200, 2, 1]
    level = levels(experiment(sample_size=1000))[0]
    assert level.blocks(1000) == 5
    assert level.blocks(1001) == 6
    assert level.counted(5, 1001) == 1


@pytest.mark.parametrize(
    "settings",
    [
        {"mixture": {"weights": [1.0], "means": [0.0], "variances": [1.0]}},
        {"sample_size": 25, "start": "random-points"},
        {"sample_size": 2, "stop": {"rule": "log-likelihood", "tol": 3, "max_iterations": 50}},
        {"sample_size": 1},
        {"estimate": ["means"], "start": "truth", "noise": {"injection": "multiplicative"}},
    ],
)
def test_small_and_odd_experiments_give_a_status_and_no_nan(settings):
    for level in levels(experiment(**settings, sweep={"sigma": [0.5]})):
        table = run_block(level, 1, 0).trials
        assert set(table["status"]) <= {0, 1, 2}
        for name in ("weights", "means", "variances"):
            assert np.isfinite(table[name]).all()
        assert np.isfinite(table["log_likelihood"][table["iterations"] > 0]).all()


@pytest.mark.parametrize("name", sorted(shipped_configs().keys() - {"protocols"}))  # which is no experiment
def test_shipped_configs_are_valid_named_and_survive_being_written_out(name, tmp_path):
    shipped = load(shipped_configs()[name])
    assert shipped.name == name
    assert shipped.title
    (tmp_path / "config.yaml").write_text(config_yaml(shipped), encoding="utf-8")
    again = load(tmp_path / "config.yaml")
    assert again == shipped
    assert [level.key for level in levels(again)] == [level.key for level in levels(shipped)]


@pytest.mark.parametrize(("name", "sigma", "top"), [("mnem", 0.44, 2), ("anem", 1.9, 8)])
def test_figure_configs_have_twenty_levels_the_papers_optimum_and_the_harm_side(name, sigma, top):
    found = [level.sigma for level in levels(load(shipped_configs()[name]))]
    assert len(found) >= 20
    assert sigma in found
    assert max(found) == top
