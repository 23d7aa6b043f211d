"""Traces: they agree with untraced runs, with stop rules asked one by one, and with their definitions."""

from __future__ import annotations

import dataclasses
import sqlite3
from contextlib import closing

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from models import FlatForThree

from nem_cli.em import algorithm, trace
from nem_cli.em.noise import Noise
from nem_cli.em.status import Status
from nem_cli.em.stops import Never
from nem_cli.em.theta import Theta
from nem_cli.em.trace import record
from nem_cli.errors import ConfigError, FolderError
from nem_cli.experiment import noise as named
from nem_cli.experiment.plan import validate
from nem_cli.experiment.registry import starts, stop_rules
from nem_cli.experiment.systems.mixture import Mixture
from nem_cli.statistics.first_passage import first_below, within_for_good
from nem_cli.sweep.sweep import sweep

ALL = frozenset({"weights", "means", "variances"})
MIXTURE = Mixture(weights=(0.5, 0.5), means=(-2.0, 2.0), variances=(4.0, 4.0))
MODEL = MIXTURE.model()
RULES = {name: stop_rules.get(name) for name in ("euclidean", "max-change", "log-likelihood")}


def rng(seed=0):
    return np.random.Generator(np.random.SFC64(seed))


def problem(rule="never", tol=0.0, horizon=40, sigma=0.0):
    noise = named.Noise("additive", sigma).resolved() if sigma else Noise()
    return algorithm.Problem(MODEL, noise, ALL, stop_rules.get(rule), tol, horizon)


@pytest.fixture(scope="module")
def data():
    y = MODEL.sample(rng(1), MIXTURE.truth(), (60, 50))
    return y, starts.get("moments").theta(rng(2), MODEL, y, MIXTURE.truth(), ALL)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("tol", [0.5, 1.0, 2.0])
def test_first_passages_of_one_path_are_what_each_rule_counts_alone(data, rule, tol):
    traced = record(problem(), *data, rng(), RULES)
    alone = algorithm.fit(problem(rule, tol), *data, rng())
    passage = first_below(traced.distances[rule], 10.0**-tol)
    np.testing.assert_array_equal(passage.steps, alone.iterations)
    np.testing.assert_array_equal(passage.reached, alone.status == Status.CONVERGED)
    assert passage.reached.mean() > 0


def test_a_rule_with_a_history_counts_in_a_trace_as_it_does_alone(data):
    rule = FlatForThree()
    alone = dataclasses.replace(problem(tol=1.0), stop=rule)
    fits, traced = trace.fit(alone, *data, rng(), {rule.name: rule}, 40)
    expected = algorithm.fit(alone, *data, rng())
    np.testing.assert_array_equal(fits.iterations, expected.iterations)
    np.testing.assert_array_equal(first_below(traced.distances[rule.name], 0.1).steps, expected.iterations)
    assert 4 < expected.iterations.mean() < 40


def test_a_trace_with_a_stop_rule_ends_where_the_fit_does(data):
    settings = problem("euclidean", 1.2, sigma=1.0)
    traced, fits = record(settings, *data, rng(3), RULES), algorithm.fit(settings, *data, rng(3))
    np.testing.assert_array_equal(traced.theta.variances, fits.theta.variances)
    last = traced.log_likelihood[np.arange(60), fits.iterations]
    np.testing.assert_allclose(last, fits.log_likelihood, rtol=1e-12)
    recorded = np.count_nonzero(~np.isnan(traced.distances["max-change"]), axis=1)
    np.testing.assert_array_equal(recorded, fits.iterations)


@pytest.mark.parametrize("cap", [6, 12, 1000])
def test_a_traced_fit_ends_where_the_fit_does_and_goes_on(data, cap):
    settings = problem("euclidean", 1.2, horizon=cap)
    fits, traced = trace.fit(settings, *data, rng(), RULES, 12)
    alone = algorithm.fit(settings, *data, rng())
    for name in ("status", "iterations", "log_likelihood"):
        np.testing.assert_array_equal(getattr(fits, name), getattr(alone, name))
    np.testing.assert_array_equal(fits.theta.means, alone.theta.means)
    assert (fits.status == Status.MAX_ITERATIONS).mean() > 0.1 or cap == 1000
    assert fits.iterations.max() > 12 or cap < 1000
    assert np.all(np.isfinite(traced.distances["euclidean"]))
    onward = dataclasses.replace(settings, stop=Never(), max_iterations=12)
    np.testing.assert_array_equal(traced.theta.means, algorithm.fit(onward, *data, rng()).theta.means)


def test_with_noise_a_traced_fit_has_the_untraced_ones_law(data):
    settings = problem("euclidean", 1.2, sigma=1.0)
    fits, traced = trace.fit(settings, *data, rng(3), RULES, 40)
    np.testing.assert_array_equal(first_below(traced.distances["euclidean"], 10**-1.2).steps, fits.iterations)
    alone = algorithm.fit(settings, *data, rng(4))
    differences = fits.iterations - alone.iterations
    assert abs(differences.mean()) < 4 * differences.std() / 60**0.5


def test_a_limit_is_where_em_ends(data):
    y, start = data
    limits = trace.limit(problem("euclidean", 1.0), y, start)
    traced = record(problem(horizon=400), y, start, rng(), RULES)
    known = np.isfinite(limits)
    assert known.mean() > 0.9
    gained = limits - algorithm.fit(problem("log-likelihood", 7.0, 100_000), y, start, rng()).log_likelihood
    assert np.all((gained[known] >= 0) & (gained[known] < 20 * 20 * 1e-7))  # it looks at every twentieth step
    reached = limits > traced.log_likelihood[:, 40] - 1e-9  # from a plateau at the start EM doesn't leave
    assert np.mean(reached[known]) > 0.9
    again = trace.limit(problem(), y, traced.theta)
    assert np.mean(np.abs(again - limits)[known] < 1e-3) > 0.9


def test_the_log_likelihood_rule_is_the_change_of_the_recorded_log_likelihood(data):
    traced = record(problem(sigma=1.5), *data, rng(), RULES)
    change = np.abs(np.diff(traced.log_likelihood, axis=1))
    np.testing.assert_allclose(change, traced.distances["log-likelihood"], atol=1e-9)
    y, start = data
    np.testing.assert_allclose(traced.log_likelihood[:, 0], MODEL.log_likelihood(y, start), rtol=1e-12)


def test_without_noise_a_residual_is_the_next_steps_distance(data):
    traced = record(problem(), *data, rng(), RULES, residuals=RULES["euclidean"])
    np.testing.assert_allclose(traced.residuals[:, :-1], traced.distances["euclidean"], rtol=1e-9, atol=1e-12)


def test_a_residual_is_one_step_of_plain_em(data):
    y, start = data
    traced = record(problem(sigma=2.0, horizon=3), y, start, rng(), {}, residuals=RULES["max-change"])
    once = dataclasses.replace(problem("max-change", 300, horizon=1))
    step = algorithm.fit(once, y, traced.theta, rng()).theta
    here, there = (RULES["max-change"].coordinates(MODEL, y, theta, ALL) for theta in (traced.theta, step))
    np.testing.assert_allclose(traced.residuals[:, 3], np.abs(there - here).max(axis=1), rtol=1e-12)


def test_a_degenerate_trial_is_recorded_up_to_its_end():
    y = np.array([[0.0, 0.0, 0.0, 1.0, 5.0, 9.0], [-3.0, -2.5, -2.0, 2.0, 2.5, 3.0]])
    start = Theta.of(2, weights=(0.5, 0.5), means=(0.0, 5.0), variances=(1e-4, 9.0))
    settings = problem(horizon=30)
    traced, fits = record(settings, y, start, rng(), RULES), algorithm.fit(settings, y, start, rng())
    ended = fits.status == Status.DEGENERATE
    assert ended.any()
    for trial in np.flatnonzero(ended):
        made = fits.iterations[trial]
        assert np.all(np.isnan(traced.distances["euclidean"][trial, made - 1 :]))
        assert np.all(np.isfinite(traced.distances["euclidean"][trial, : made - 1]))
        assert np.all(np.isfinite(traced.log_likelihood[trial, :made]))
        assert np.all(np.isnan(traced.log_likelihood[trial, made:]))
        assert first_below(traced.distances["euclidean"], 1e-300).steps[trial] == made


distances = arrays.arrays(
    float, st.tuples(st.integers(1, 5), st.integers(1, 8)), elements=st.sampled_from([0.5, 1.0, 2.0])
)


@given(distances)
@settings(deadline=None)
def test_first_below_by_its_definition(table):
    passage = first_below(table, 1.0)
    for row, steps, reached in zip(table, passage.steps, passage.reached, strict=True):
        below = [k for k, distance in enumerate(row, start=1) if distance < 1.0]
        assert reached == bool(below)
        assert steps == (below[0] if below else len(row))
    assert passage.restricted == pytest.approx(np.mean(~passage.reached))


@given(distances)
@settings(deadline=None)
def test_within_for_good_by_its_definition(gaps):
    passage = within_for_good(gaps, 1.0)
    horizon = gaps.shape[1] - 1
    for row, steps, reached in zip(gaps, passage.steps, passage.reached, strict=True):
        inside = [k for k in range(horizon + 1) if all(gap <= 1.0 for gap in row[k:])]
        assert reached == bool(inside)
        assert steps == (inside[0] if inside else horizon)


def test_what_isnt_known_is_outside():
    passage = within_for_good(np.array([[0.1, np.nan, 0.1], [0.1, 0.1, np.nan]]), 1.0)
    np.testing.assert_array_equal(passage.steps, [2, 2])
    np.testing.assert_array_equal(passage.reached, [True, False])


TRACED = {
    "name": "traced",
    "mixture": {"family": "gaussian", "weights": [0.5, 0.5], "means": [-2, 2], "variances": [4, 4]},
    "sample_size": 50,
    "estimate": ["variances"],
    "stop": {"rule": "euclidean", "tol": 1.2},
    "sweep": {"sigma": [0, 1.5]},
    "trials": 40,
    "trace": {"horizon": 20, "limit": True, "residuals": True},
}


def test_a_run_keeps_its_traces(small_blocks, tmp_path):
    run = sweep(validate(TRACED), out=tmp_path / "run", jobs=1)
    em, noisy = run.rows
    for row in (em, noisy):
        traces, trials = run.traces(row), run.trials(row)
        assert traces.shape == (40,)
        assert traces["max-change"].shape == (40, 20)
        assert traces["log_likelihoods"].shape == traces["residuals"].shape == (40, 21)
        passage = first_below(traces["euclidean"], 10**-1.2)
        np.testing.assert_array_equal(passage.steps[passage.reached], trials["iterations"][passage.reached])
        assert np.all(trials["iterations"][~passage.reached] > 20)
    np.testing.assert_array_equal(run.traces(em)["residuals"][:, :-1] < 1e-3, run.traces(em)["euclidean"] < 1e-3)
    untraced = sweep(validate({k: v for k, v in TRACED.items() if k != "trace"}), out=tmp_path / "other", jobs=1)
    np.testing.assert_array_equal(untraced.counts(untraced.rows[0]), run.counts(em))
    with pytest.raises(FolderError, match="recorded no traces"):
        untraced.traces(untraced.rows[0])
    again = sweep(validate(TRACED), out=tmp_path / "run", jobs=1)
    assert again.traces(noisy)["limit"].tobytes() == run.traces(noisy)["limit"].tobytes()


def test_a_trace_is_part_of_a_runs_identity(small_blocks, tmp_path):
    sweep(validate(TRACED), out=tmp_path, jobs=1)
    with pytest.raises(FolderError, match=r"trace.horizon: there 20, here 25"):
        sweep(validate(TRACED | {"trace": {"horizon": 25, "limit": True}}), out=tmp_path, jobs=1)


def test_a_damaged_trace_is_refused(small_blocks, tmp_path):
    run = sweep(validate(TRACED), out=tmp_path, jobs=1)
    with sqlite3.connect(tmp_path / "trials.sqlite") as journal:
        journal.execute("UPDATE traces SET traces = zeroblob(length(traces))")
    with pytest.raises(FolderError, match="fail their checksum"):
        run.traces(run.rows[0])


def test_blocks_without_their_traces_run_again(small_blocks, tmp_path):
    run = sweep(validate(TRACED), out=tmp_path, jobs=1)
    before = run.traces(run.rows[1]).tobytes()
    with closing(sqlite3.connect(tmp_path / "trials.sqlite")) as journal:
        journal.execute("DROP TABLE traces")
    again = sweep(validate(TRACED), out=tmp_path, jobs=1)
    assert again.traces(again.rows[1]).tobytes() == before


@pytest.mark.parametrize("written", [{"horizon": 0}, {}, {"horizon": 20, "limits": True}, 60])
def test_a_bad_trace_is_refused(written):
    with pytest.raises(ConfigError, match="trace"):
        validate(TRACED | {"trace": written})
