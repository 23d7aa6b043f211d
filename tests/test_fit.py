"""`nem_cli.fit` and `nem fit`: against scikit-learn, a slow reference, and what must hold for any data."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass

import command_line
import numpy as np
import pytest
import reference
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import datasets, mixture

import nem_cli
from nem_cli.em.starts import RandomPoints
from nem_cli.em.status import Status
from nem_cli.errors import ConfigError, RunError
from nem_cli.fit import fit as fit_module
from nem_cli.fit.bootstrap import bootstrap
from nem_cli.fit.outcome import Outcome

PARAMETERS = ("weights", "means", "variances")


def iris(column):
    return datasets.load_iris().data[:, column]


def wine(column):
    return datasets.load_wine().data[:, column]


def two_bumps(n=400, seed=5):
    rng = np.random.default_rng(seed)
    return np.where(rng.random(n) < 0.4, rng.normal(-2, 1, n), rng.normal(3, 1.5, n))


def invoke(*arguments, input=None):
    return command_line.invoke("fit", *arguments, input=input)


@pytest.fixture
def petals(tmp_path):
    path = tmp_path / "iris.csv"
    rows = "\n".join(f"{a},{b}" for a, b in datasets.load_iris().data[:, [2, 3]])
    path.write_text(f"petal length,petal width\n{rows}\n")
    return path


# Against others


@pytest.mark.parametrize(
    ("y", "start"),
    [
        (iris(2), {"weights": [0.5, 0.5], "means": [2, 5], "variances": [1, 1]}),
        (iris(3), {"weights": [0.3, 0.3, 0.4], "means": [0.3, 1.3, 2.0], "variances": [0.1, 0.1, 0.1]}),
        (wine(0), {"weights": [0.5, 0.5], "means": [12.3, 13.7], "variances": [0.3, 0.3]}),
        (datasets.load_diabetes().target, {"weights": [0.5, 0.5], "means": [100, 220], "variances": [2000, 2000]}),
    ],
    ids=["iris petal length", "iris petal width", "wine alcohol", "diabetes target"],
)
@pytest.mark.parametrize("noise", [None, nem_cli.Noise("additive", sigma=0.3)], ids=["EM", "NEM"])
def test_agrees_with_scikit_learn(y, start, noise):
    ours = nem_cli.fit(y, start, noise=noise, tol=3, polish_tol=11, max_iterations=100_000)
    means, variances = (np.reshape(start[name], (-1, 1)) for name in ("means", "variances"))
    theirs = reference.scikit_learn(y[:, None], start["weights"], means, 1 / variances)
    order = np.argsort(theirs.means_[:, 0])
    assert ours.status == Status.CONVERGED
    assert ours.weights == pytest.approx(theirs.weights_[order], rel=1e-6)
    assert ours.means == pytest.approx(theirs.means_[order, 0], rel=1e-6)
    assert ours.variances == pytest.approx(theirs.covariances_[order, 0], rel=1e-6)
    assert ours.log_likelihood == pytest.approx(theirs.score(y[:, None]) * len(y), rel=1e-9)
    assert ours.bic == pytest.approx(theirs.bic(y[:, None]), rel=1e-9)
    assert ours.responsibilities(y) == pytest.approx(theirs.predict_proba(y[:, None])[:, order], abs=1e-6)


def test_plain_em_is_the_reference_on_standardised_data():
    y = two_bumps()
    z = (y - y.mean()) / y.std()
    fit = nem_cli.fit(y, 2, start="moments", polish=False, tol=3)
    steps, (weights, means, variances) = reference.fit(
        np.random.default_rng(0), z, ([0.5, 0.5], [-1.0, 1.0], [1.0, 1.0]), rule="max-change", tol=3
    )
    assert fit.m_steps == steps
    assert fit.weights == pytest.approx(weights)
    assert (fit.means - y.mean()) / y.std() == pytest.approx(means)
    assert fit.variances / y.var() == pytest.approx(variances)


def test_sigma_0_is_plain_em_whatever_the_noise_settings_and_the_seed():
    y = two_bumps()
    plain = nem_cli.fit(y, 2, start="moments")
    other = nem_cli.fit(y, 2, noise=nem_cli.Noise("multiplicative", 0.0, "none", 1.0, "drop"), start="moments", seed=9)
    for name in PARAMETERS:
        assert np.array_equal(getattr(plain, name), getattr(other, name))
    assert (plain.m_steps, plain.log_likelihood) == (other.m_steps, other.log_likelihood)


def test_numbers_of_the_fit_are_those_of_its_mixture():
    y = two_bumps()
    fit = nem_cli.fit(y, 3, noise=nem_cli.Noise("additive", sigma=0.5))
    joint = fit.weights * stats.norm.pdf(y[:, None], fit.means, fit.standard_deviations)
    assert fit.densities(y) == pytest.approx(joint)
    assert fit.density(y) == pytest.approx(joint.sum(axis=1))
    assert fit.responsibilities(y) == pytest.approx(joint / joint.sum(axis=1, keepdims=True))
    assert fit.log_likelihood == pytest.approx(np.log(joint.sum(axis=1)).sum())
    assert fit.bic == pytest.approx(8 * np.log(400) - 2 * fit.log_likelihood)
    assert np.all(np.diff(fit.means) > 0)


# What must hold


@settings(max_examples=20, deadline=None)
@given(st.floats(-1e4, 1e4), st.floats(1e-3, 1e3), st.sampled_from(["additive", "multiplicative"]))
def test_another_unit_gives_the_same_fit_in_that_unit(shift, scale, injection):
    y = two_bumps(100)
    noise = nem_cli.Noise(injection, sigma=0.4)
    one, other = (nem_cli.fit(data, 2, noise=noise, tol=2, polish_tol=4) for data in (y, shift + scale * y))
    assert other.means == pytest.approx(shift + scale * one.means, rel=1e-4, abs=1e-4 * scale)
    assert other.variances == pytest.approx(scale**2 * one.variances, rel=1e-3)
    assert other.log_likelihood == pytest.approx(one.log_likelihood - 100 * np.log(scale), abs=1e-3)


@pytest.mark.parametrize("injection", ["additive", "multiplicative"])
def test_the_polish_ends_at_a_stationary_point_and_a_noisy_m_step_does_not(injection):
    y = two_bumps()
    noise = nem_cli.Noise(injection, sigma=0.5)

    def moves(fit):
        further = nem_cli.fit(y, fit, polish=False, max_iterations=1)
        return np.max(np.abs(further.means - fit.means)) / y.std()

    polished = nem_cli.fit(y, 2, noise=noise, start="moments")
    left = nem_cli.fit(y, 2, noise=noise, start="moments", polish=False)
    assert moves(polished) < 1e-6 < 1e-4 < moves(left)
    assert polished.polish_steps > 0 == left.polish_steps
    assert polished.m_steps == left.m_steps
    assert polished.log_likelihood > left.log_likelihood


def test_noise_changes_the_path_and_the_seed_changes_the_noise():
    y = two_bumps()
    unpolished = [
        nem_cli.fit(y, 2, noise=nem_cli.Noise("additive", sigma=sigma), polish=False, seed=seed).means[0]
        for sigma, seed in [(0.0, 0), (0.5, 0), (0.5, 1), (0.5, 0)]
    ]
    assert len(set(unpolished[:3])) == 3
    assert unpolished[3] == unpolished[1]


def test_the_best_of_several_starts_wins_and_more_starts_never_lose(monkeypatch):
    y = wine(9)
    fits = [nem_cli.fit(y, 4, restarts=r, polish_tol=4) for r in (1, 3, 10)]
    likelihoods = [fit.log_likelihood for fit in fits]
    assert all(fit.status == Status.CONVERGED for fit in fits)
    assert likelihoods == sorted(likelihoods)
    assert likelihoods[-1] > likelihoods[0] + 0.1
    monkeypatch.setattr(fit_module, "BATCH_VALUES", 4 * len(y))  # ten starts in batches of 4, 4 and 2
    batched = nem_cli.fit(y, 4, restarts=10, polish_tol=4)
    assert batched.restarts == 10
    assert batched.log_likelihood >= likelihoods[0]
    assert batched.total_m_steps != fits[-1].total_m_steps  # other starts from the second batch on


def test_there_are_twenty_random_starts_unless_all_are_alike():
    y = two_bumps()
    assert nem_cli.fit(y, 2).restarts == 20
    assert [nem_cli.fit(y, 1).restarts, nem_cli.fit(y, 2, start="moments").restarts] == [1, 1]
    assert nem_cli.fit(y, {"means": [-1, 4]}).restarts == 1
    alone = nem_cli.fit(y, 2, start="moments")
    assert (alone.total_m_steps, alone.total_polish_steps) == (alone.m_steps, alone.polish_steps)


def test_counts_say_how_often_a_value_stands():
    y = np.round(two_bumps(), 1)
    values, counts = np.unique(y, return_counts=True)
    counted, whole = nem_cli.fit(values, 2, counts=counts), nem_cli.fit(np.sort(y), 2)
    assert counted.means.tolist() == whole.means.tolist()
    assert (counted.samples, counted.log_likelihood) == (len(y), whole.log_likelihood)


def test_an_exponential_mixture_has_means_in_the_datas_unit_and_no_spread_of_its_own():
    rng = np.random.default_rng(2)
    y = rng.exponential(np.where(rng.random(5000) < 0.5, 1.0, 20.0))
    fit = nem_cli.fit(y, 2, family="exponential")
    assert fit.status == Status.CONVERGED
    assert fit.means == pytest.approx([1, 20], rel=0.15)
    assert fit.standard_deviations == pytest.approx(fit.means)
    expected = np.log((fit.weights / fit.means * np.exp(-y[:, None] / fit.means)).sum(axis=1)).sum()
    assert fit.log_likelihood == pytest.approx(expected)
    assert fit.bic == pytest.approx(3 * np.log(5000) - 2 * fit.log_likelihood)
    again = nem_cli.fit(1000 * y, fit_in_thousands(fit), family="exponential")
    assert again.means == pytest.approx(1000 * fit.means, rel=1e-4)


def fit_in_thousands(fit):
    return {"weights": fit.weights, "means": 1000 * fit.means}


def test_a_fit_has_a_short_repr_a_notebook_table_and_a_plot():
    y = two_bumps()
    fit = nem_cli.fit(y, 2)
    assert len(repr(fit)) < 120
    assert fit._repr_html_().count("<tr") == 3
    assert len(fit.plot(y).axes) == 1


def test_the_users_backend_is_left_alone():
    code = (
        "import matplotlib; matplotlib.use('svg'); import nem_cli; "
        "nem_cli.fit([1, 2, 3, 7, 8, 9], 2).plot([1, 2, 3, 7, 8, 9]); print(matplotlib.get_backend())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "svg"


def test_information_criteria_count_free_parameters():
    fit = nem_cli.fit(two_bumps(), 3)
    assert fit.free_parameters == 8
    assert fit.aic == pytest.approx(16 - 2 * fit.log_likelihood)


def test_a_fit_comes_back_from_its_record():
    fit = nem_cli.fit(two_bumps(), 2, noise=nem_cli.Noise("multiplicative", sigma=0.3))
    again = nem_cli.Fit.from_record(json.loads(json.dumps(fit.record())))
    assert again.record() == fit.record()
    for damaged in ({}, fit.record() | {"status": "fine"}, fit.record() | {"means": ["x"]}):
        with pytest.raises(ConfigError, match="isn't a fit that nem wrote"):
            nem_cli.Fit.from_record(damaged)


def test_degenerate_starts_are_counted_and_never_win():
    y = np.concatenate([np.full(30, 5.0), two_bumps(100)])  # thirty equal values: an endless likelihood
    fit = nem_cli.fit(y, 3)
    assert 0 < fit.degenerate_restarts < 20
    assert fit.status != Status.DEGENERATE
    assert fit.variances.min() > 1e-6 * y.var()


def test_a_fit_that_degenerates_from_every_start_says_so():
    fit = nem_cli.fit([0, 0, 0, 0, 1, 1, 1, 1], 2, start="moments")
    assert fit.status == Status.DEGENERATE
    assert fit.degenerate_restarts == fit.restarts == 1
    assert fit.polish_steps == 0


def test_the_cap_is_a_status():
    fit = nem_cli.fit(two_bumps(), 3, start="moments", max_iterations=2)
    assert (fit.status, fit.m_steps, fit.polish_steps) == (Status.MAX_ITERATIONS, 2, 2)


def test_a_start_may_be_a_mapping_a_part_of_one_or_another_fit():
    y = two_bumps()
    s2 = y.var()
    whole = nem_cli.fit(y, {"weights": [0.5, 0.5], "means": [-1, 4], "variances": [s2, s2]})
    part = nem_cli.fit(y, {"means": np.array([-1, 4])})
    assert (part.m_steps, part.log_likelihood) == (whole.m_steps, whole.log_likelihood)
    again = nem_cli.fit(y, whole)
    assert again.m_steps == 1
    assert again.log_likelihood >= whole.log_likelihood
    own = nem_cli.fit(y, 2, start=RandomPoints(), restarts=2)
    assert own.log_likelihood == pytest.approx(whole.log_likelihood)


def test_one_component_is_the_sample():
    y = two_bumps()
    fit = nem_cli.fit(y.reshape(-1, 1).tolist(), 1)
    assert fit.means == pytest.approx([y.mean()])
    assert fit.variances == pytest.approx([y.var()])


def test_a_million_values():
    y = two_bumps(10**6)
    fit = nem_cli.fit(y, 2, noise=nem_cli.Noise("additive", sigma=0.5), start="moments")
    assert fit.status == Status.CONVERGED
    assert fit.weights == pytest.approx([0.4, 0.6], abs=0.005)
    assert fit.means == pytest.approx([-2, 3], abs=0.02)
    assert fit.standard_deviations == pytest.approx([1, 1.5], abs=0.02)


@pytest.mark.parametrize(
    ("y", "mixture", "options", "message"),
    [
        ([1, 2, float("nan")], 2, {}, "y[2]: must be a finite number (got nan)"),
        ([1, float("-inf")], 2, {}, "y[1]: must be a finite number (got -inf)"),
        ([3, 3, 3], 2, {}, "y: holds the same value 3 times"),
        ([0.1] * 7, 1, {}, "y: holds the same value 7 times"),
        ([3], 1, {}, "y: is one value"),
        ([], 1, {}, "y: is empty"),
        (["a", "b"], 1, {}, "y: must be a list or an array of numbers"),
        ([1j, 2], 1, {}, "y: must be a list or an array of numbers"),
        ([[[1, 2], [3, 4]]], 1, {}, "y: must have shape (n,) or (n, d), but has shape (1, 2, 2)"),
        ([[1, 2], [1, 4]], 1, {}, "y: column 1 holds the same value 2 times"),
        ([[1, 2], [3, np.inf]], 1, {}, "y[1, 1]: must be a finite number (got inf)"),
        ([[1, 2], [3, 4]], 1, {"family": "exponential"}, "`family`: only family gaussian is fitted in several"),
        ([1, 2], 1, {"covariance": "round"}, "`covariance`: must be one of spherical, diagonal, full (got 'round')"),
        ([1, 2], 1, {"chain": True, "counts": [1, 1]}, "`counts`: have no meaning in a sequence"),
        ([1, 2], 1, {"rule": "labels"}, "labels"),
        ([1, 2], 1, {"start": "random-weights"}, "start: only a network has weights to draw"),
        ([1, 2], {"means": [[1, 2]]}, {}, "mixture.means: must have a number a component; has a list of numbers"),
        ([[1, 2], [3]], 1, {}, "y: must be a list or an array of numbers"),
        (np.ma.array([1, 2, 3], mask=[0, 1, 0]), 1, {}, "y: holds masked values"),
        ([1e200, -1e200], 1, {}, "y: its variance"),
        ([1, 2], 3, {}, "y: has 2 values, fewer than the 3 components"),
        ([1, 2], 0, {}, "`mixture`: must be a whole number from 1"),
        ([1, 2], True, {}, "`mixture`: must be a whole number from 1"),
        ([1, 2], "two", {}, "`mixture`: must be a number of components, or have means (got 'two')"),
        ([1, 2], {"weights": [1]}, {}, "`mixture`: must be a number of components, or have means"),
        ([1, 2], {"means": [1, 2], "variances": [1, -1]}, {}, "every variance must be above 0"),
        ([1, 2], {"means": [1, 2], "weights": [1]}, {}, "must have 1 numbers, as many as weights; has 2"),
        ([1, 2], {"means": [1], "mean": [1]}, {}, "mixture.mean: unknown setting"),
        ([1, 2], 1, {"start": "truth"}, "`start`: real data have no known truth"),
        ([1, 2], 1, {"start": "momens"}, "`start`: unknown start"),
        ([1, 2], 1, {"restarts": 2, "start": "moments"}, "`restarts`: more than one needs the start random-points"),
        ([1, 2], 1, {"noise": "additive"}, "`noise`: is an object with its sigma, such as nem_cli.Noise('additive'"),
        ([1, -2], 1, {"family": "exponential"}, "y[1]: can't come from family exponential (got -2.0)"),
        ([1, 2], 1, {"family": "cauchy"}, "`family`: unknown family"),
        ([1, 2], 1, {"counts": [1, 0.5]}, "counts[1]: a count is a whole number, 0 or more"),
        ([1, 2], 1, {"counts": [1]}, "`counts`: must have shape (2,), a count a value of y (got (1,))"),
        ([1, 2], 1, {"counts": [0, 1]}, "`counts`: must add up to 2 or more"),
        ([1, 2], {"means": [1]}, {"restarts": 2}, "`restarts`: more than one needs the start random-points"),
        ([1, 2], 1, {"restarts": 0}, "`restarts`: must be a whole number from 1"),
        ([1, 2], 1, {"seed": -1}, "`seed`: must be a whole number from 0"),
        ([1, 2], 1, {"tol": float("nan")}, "`tol`: is an exponent, a number from 0.1 to 300"),
        ([1, 2], 1, {"polish_tol": 301}, "`polish_tol`: is an exponent, a number from 0.1 to 300"),
        ([1, 2], 1, {"max_iterations": 0}, "`max_iterations`: must be a whole number from 1"),
        ([1, 2], 1, {"rule": "max-chance"}, "`rule`: unknown stop rule"),
    ],
)  # fmt: skip
def test_what_it_refuses(y, mixture, options, message):
    with pytest.raises(ConfigError) as caught:
        nem_cli.fit(y, mixture, **options)
    assert message in str(caught.value)


# Several columns, and sequences


@pytest.mark.parametrize(("covariance", "theirs"), [("spherical", "spherical"), ("diagonal", "diag"), ("full", "full")])
def test_several_columns_agree_with_scikit_learn(covariance, theirs):
    y = datasets.load_iris().data[:, [0, 2, 3]] if covariance != "spherical" else datasets.load_iris().data[:, [2, 0]]
    ours = nem_cli.fit(y, 2, covariance=covariance, restarts=3, polish_tol=11)
    oracle = mixture.GaussianMixture(
        2, covariance_type=theirs, reg_covar=0, tol=1e-14, max_iter=5000, means_init=ours.means
    )
    oracle.fit(y)
    order = np.argsort(oracle.means_[:, 0])
    assert ours.means == pytest.approx(oracle.means_[order], rel=1e-5)
    assert ours.weights == pytest.approx(oracle.weights_[order], rel=1e-5)
    spread = ours.covariances if covariance == "full" else ours.variances
    assert spread == pytest.approx(oracle.covariances_[order], rel=1e-4)
    assert ours.log_likelihood == pytest.approx(oracle.score(y) * len(y), rel=1e-9)
    assert ours.bic == pytest.approx(oracle.bic(y), rel=1e-9)
    assert ours.responsibilities(y) == pytest.approx(oracle.predict_proba(y)[:, order], abs=1e-5)
    assert len(ours.plot(y).axes) == (y.shape[1] - 1) ** 2
    again = nem_cli.fit(y, ours)
    if covariance == "full":
        assert again.m_steps == 1
    assert nem_cli.Fit.from_record(json.loads(json.dumps(ours.record()))).responsibilities(y) == pytest.approx(
        ours.responsibilities(y)
    )


def sequence(n=600, seed=1):
    rng = np.random.default_rng(seed)
    stays = np.cumsum(rng.random(n) > 0.9) % 2
    return np.where(stays == 0, rng.normal(-2, 1, n), rng.normal(2, 1.5, n))


def test_a_sequence_agrees_with_hmmlearn():
    hmm = pytest.importorskip("hmmlearn.hmm")
    y = sequence()
    ours = nem_cli.fit(y, 2, chain=True, restarts=3, polish_tol=10)
    theirs = hmm.GaussianHMM(
        2, covariance_type="diag", init_params="", n_iter=500, tol=1e-12, covars_prior=0, min_covar=0
    )
    theirs.startprob_, theirs.transmat_ = ours.initial / ours.initial.sum(), ours.transitions
    theirs.means_, theirs.covars_ = ours.means[:, None], ours.variances[:, None]
    assert ours.log_likelihood == pytest.approx(theirs.score(y[:, None]), rel=1e-9)
    assert ours.states(y).tolist() == theirs.predict(y[:, None]).tolist()
    assert ours.responsibilities(y) == pytest.approx(theirs.predict_proba(y[:, None]), abs=1e-6)
    theirs.fit(y[:, None])
    assert ours.means == pytest.approx(theirs.means_[:, 0], rel=1e-5)
    assert ours.transitions == pytest.approx(theirs.transmat_, rel=1e-4)


def test_a_chain_has_a_stationary_law_and_a_parametric_bootstrap():
    y = sequence()
    fit = nem_cli.fit(y, 2, chain=True, restarts=3)
    assert fit.shares @ fit.transitions == pytest.approx(fit.shares)
    assert fit.free_parameters == 1 + 2 + 2 + 2
    found = bootstrap(fit, y, kind="parametric", resamples=40)
    assert found.standard_errors.keys() == {"transitions", "means", "variances", "standard_deviations"}
    assert found.standard_errors["transitions"].sum(axis=1) == pytest.approx(
        2 * found.standard_errors["transitions"][:, 0]
    )
    with pytest.raises(ConfigError, match="`kind`: a sequence has no independent values to draw"):
        bootstrap(fit, y, kind="nonparametric")


def test_components_of_several_columns_are_resampled_together():
    y = datasets.load_iris().data[:, [2, 3]]
    fit = nem_cli.fit(y, 2, restarts=3)
    found = bootstrap(fit, y, resamples=100)
    assert found.standard_errors["covariances"].shape == (2, 2, 2)
    assert np.all(found.low["means"] < fit.means)
    assert np.all(fit.means < found.high["means"])
    names, estimates, errors, _ = zip(*found.table(fit).rows, strict=True)
    assert len(names) == 2 + 4 + 6
    assert np.array(estimates[:2], float) == pytest.approx(fit.weights, abs=0.005 * found.standard_errors["weights"][0])
    assert all(len(error.lstrip("0.")) == 3 for error in errors)  # digits


def test_a_unit_of_each_column_gives_the_same_fit_in_that_unit():
    y = datasets.load_iris().data[:, [2, 3]]
    one, other = nem_cli.fit(y, 2, restarts=2), nem_cli.fit(y * [10, 0.1] + [5, -3], 2, restarts=2)
    assert other.means == pytest.approx(one.means * [10, 0.1] + [5, -3], rel=1e-4)
    assert other.covariances == pytest.approx(one.covariances * [[100, 1], [1, 0.01]], rel=1e-3)
    assert other.log_likelihood == pytest.approx(one.log_likelihood, abs=1e-3)  # log 10 + log 0.1 = 0


# The command


def test_the_table_fits_a_terminal_and_shows_nem_beside_em(petals):
    result = invoke(petals, "--column", "petal length", "-k", 2, "--sigma", 0.6)
    assert result.exit_code == 0, result.stderr
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "\x1b" not in result.stdout
    fit = nem_cli.fit(iris(2), 2, noise=nem_cli.Noise("additive", sigma=0.6))
    em = nem_cli.fit(iris(2), 2)
    rows = [line.split() for line in result.stdout.splitlines()]
    assert ["1", f"{fit.weights[0]:.4f}", f"{fit.means[0]:.3f}", f"{fit.standard_deviations[0]:.3f}"] in rows
    for name, each in (("NEM", fit), ("EM", em)):
        counts = [each.m_steps, each.polish_steps, each.total_m_steps + each.total_polish_steps]
        assert [name, *map(str, counts), f"{each.log_likelihood:.3f}", f"{each.bic:.2f}", "converged"] in rows


def test_json_is_all_that_stands_on_standard_output(petals):
    result = invoke(petals, "-c", "1", "-k", "2", "--json", "--injection", "multiplicative", "--sigma", "0.3")
    record = json.loads(result.stdout)
    fit = nem_cli.fit(iris(2), 2, noise=nem_cli.Noise("multiplicative", 0.3))
    assert record["fit"]["means"] == fit.means.tolist()
    assert record["fit"]["m_steps"] == fit.m_steps
    assert record["em"]["noise"]["sigma"] == 0
    assert record["em"]["m_steps"] == nem_cli.fit(iris(2), 2).m_steps
    assert (record["columns"], record["fit"]["samples"]) == (["petal length"], 150)


def test_counts_and_missing_rows_from_a_file(tmp_path):
    (tmp_path / "deaths.csv").write_text("deaths,days\n0,162\n1,267\nNA,9\n2,271\n3,185\n4,111\n5,61\n")
    options = (tmp_path / "deaths.csv", "-c", "deaths", "--counts", "days", "-k", "1", "--json")
    record = json.loads(invoke(*options, "--drop-missing").stdout)
    assert (record["dropped"], record["fit"]["samples"]) == (1, 162 + 267 + 271 + 185 + 111 + 61)
    assert "line 4, deaths: a value is missing" in invoke(*options).stderr
    (tmp_path / "half.csv").write_text("y,n\n0,1\n1,0.5\n")
    result = invoke(tmp_path / "half.csv", "-c", "y", "--counts", "n", "-k", "1")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "half.csv: n, value 2: a count is a whole number" in result.stderr


def test_standard_input_and_given_starts():
    lines = "\n".join(map(str, iris(2)))
    result = invoke("-", "--means", "2,5", "--sds", "1,1", "--weights", "0.4,0.6", "--json", input=lines)
    record = json.loads(result.stdout)
    fit = nem_cli.fit(iris(2), {"weights": [0.4, 0.6], "means": [2, 5], "variances": [1, 1]})
    assert record["fit"]["means"] == fit.means.tolist()
    assert record["em"] is None


def test_select_marks_the_smallest_bic_and_says_how_sure_that_is(petals):
    options = ("-c", "petal length", "--select")
    record = json.loads(invoke(petals, *options, "1:4", "--json").stdout)
    bics = [each["bic"] for each in record["selection"]]
    assert record["fit"]["components"] == 1 + bics.index(min(bics)) == 2
    table = invoke(petals, *options, "1:4").stdout
    assert max(map(len, table.splitlines())) <= 80
    assert "at the largest K" not in table
    assert "at the largest K that was tried" in invoke(petals, *options, "1:2").stdout
    outcome = Outcome(
        "", ("",), iris(2), 0, (three := [Bic(1, 5.0), Bic(2, 4.0), Bic(3, 6.1)]), three[1], None, None, {}
    )
    assert outcome.close == [1]
    assert not outcome.at_the_end


@dataclass(frozen=True)
class Bic:
    components: int
    bic: float


def test_out_writes_the_fit_its_responsibilities_and_a_figure(petals, tmp_path):
    out = tmp_path / "new" / "fit"
    result = invoke(petals, "-c", "petal width", "-k", "2", "--out", out, "--quiet")
    assert (result.exit_code, result.stdout) == (0, "")
    record = json.loads((out / "fit.json").read_text())["fit"]
    table = np.genfromtxt(out / "responsibilities.csv", delimiter=",", names=True)
    assert table.dtype.names == ("petal_width", "responsibility_1", "responsibility_2", "component")
    assert table["petal_width"].tolist() == iris(3).tolist()
    joint = record["weights"] * stats.norm.pdf(iris(3)[:, None], record["means"], record["standard_deviations"])
    assert ((table["component"] == 1) == (table["responsibility_1"] >= 0.5)).all()
    assert table["responsibility_1"] == pytest.approx(joint[:, 0] / joint.sum(axis=1))
    assert (out / "figure.png").read_bytes().startswith(b"\x89PNG")
    assert b"petal width" not in (out / "figure.png").read_bytes()
    assert (out / "figure.svg").read_text().rstrip().endswith("</svg>")


def test_out_may_not_be_a_file(petals):
    before = petals.read_bytes()
    result = invoke(petals, "-c", "1", "-k", "2", "--out", petals)
    assert (result.exit_code, result.stdout) == (2, "")
    assert ": is a file, or lies in one; results need a folder" in result.stderr
    assert petals.read_bytes() == before


def test_a_degenerate_fit_is_shown_and_fails():
    result = invoke("-", "-k", "2", "--start", "moments", input="0\n0\n0\n1\n1\n1\n")
    assert result.exit_code == 1
    assert "degenerate" in result.stdout
    assert "A component collapsed" in result.stderr
    result = invoke("-", "-k", "2", "--start", "moments", "--json", input="0\n0\n0\n1\n1\n1\n")
    assert json.loads(result.stdout)["fit"]["status"] == "degenerate"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "give just one of --components, --select 1:6 and --means; given: none"),
        (["-k", "2", "--select", "1:3"], "given: --components, --select"),
        (["--select", "3:1"], "--select: must look like 1:6"),
        (["--select", "two"], "--select: must look like 1:6"),
        (["--start", "values"], "--start: values needs --means"),
        (["-k", "2", "--sds", "1,2"], "--sds: needs --means too"),
        (["-k", "2", "--weights", "1,2"], "--weights: needs --means too"),
        (["--means", "1,x"], "--means: must be numbers with commas between"),
        (["--means", "1,2", "-k", "3"], "--means: gives 2 means, but --components is 3"),
        (["--means", "1,2", "--start", "moments"], "--start: doesn't go with --means"),
        (["--means", "1,2", "--sds", "1,-2"], "every variance must be above 0"),
        (["-k", "2", "-c", "1,1"], "this column is named twice"),
        (["-k", "2", "-c", "1", "-c", "1"], "this column is named twice"),
        (["-k", "2", "--tol", "0.01"], "--tol: is an exponent"),
        (["-k", "9"], "standard input: has 5 values, fewer than the 9 components"),
        (["-k", "2", "--injection", "aditive"], "did you mean additive?"),
        (["-k", "2", "--sigma", "-1"], "noise.sigma: must be a finite number, 0 or more"),
    ],
)
def test_what_the_command_refuses(options, message):
    result = invoke("-", *options, input="1\n2\n3\n5\n8\n")
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""


def test_constant_data_name_the_file(tmp_path):
    (tmp_path / "flat.csv").write_text("x,y\n1,2\n1,3\n")
    result = invoke(tmp_path / "flat.csv", "-c", "x", "-k", "1")
    assert result.exit_code == 2
    assert "flat.csv: x: holds the same value 2 times" in result.stderr


def test_help_has_examples():
    text = invoke("--help").stdout
    assert "nem fit faithful.csv --column waiting" in text
    assert "sample standard deviations" in text


# Uncertainty, prediction


@pytest.mark.parametrize("kind", ["parametric", "nonparametric"])
def test_bootstrap_standard_errors_are_those_of_theory_where_components_lie_far_apart(kind):
    rng = np.random.default_rng(4)
    y = np.concatenate([rng.normal(-20, 1, 400), rng.normal(20, 2, 600)])
    found = bootstrap(nem_cli.fit(y, 2), y, kind=kind, resamples=2000)
    assert (found.degenerate, found.switched) == (0, 0)
    assert found.standard_errors["weights"] == pytest.approx([np.sqrt(0.24 / 1000)] * 2, rel=0.1)
    assert found.standard_errors["means"] == pytest.approx([1 / np.sqrt(400), 2 / np.sqrt(600)], rel=0.1)
    assert found.standard_errors["variances"] == pytest.approx([np.sqrt(2 / 400), 4 * np.sqrt(2 / 600)], rel=0.15)
    assert found.standard_errors["standard_deviations"] == pytest.approx(
        [1 / np.sqrt(800), 2 / np.sqrt(1200)], rel=0.15
    )
    widths = (found.high["means"] - found.low["means"]) / found.standard_errors["means"]
    assert widths == pytest.approx([2 * 1.96] * 2, rel=0.1)


def test_components_that_change_places_are_matched_and_said():
    y = np.random.default_rng(6).normal(size=60)
    fit = nem_cli.fit(y, 2, start="moments")
    found = bootstrap(fit, y, resamples=200, kind="parametric")
    assert found.switched > 0
    apart = two_bumps()
    assert bootstrap(nem_cli.fit(apart, 2), apart, resamples=200).switched == 0


def test_an_exponential_fit_has_no_uncertain_variance_of_its_own():
    y = np.random.default_rng(2).exponential(3.0, 500)
    found = bootstrap(nem_cli.fit(y, 1, family="exponential"), y, resamples=500)
    assert found.standard_errors.keys() == {"weights", "means"}
    assert found.standard_errors["means"] == pytest.approx([3 / np.sqrt(500)], rel=0.2)


def test_what_the_bootstrap_refuses():
    y = two_bumps()
    fit = nem_cli.fit(y, 2)
    for options, message in (
        ({"kind": "jackknife"}, "`kind`: must be parametric or nonparametric"),
        ({"resamples": 1}, "`resamples`: must be a whole number from 2"),
        ({"confidence": 1}, "`confidence`: must be a number between 0 and 1"),
    ):
        with pytest.raises(ConfigError, match=message):
            bootstrap(fit, y, **options)
    with pytest.raises(RunError, match="a degenerate fit"):
        bootstrap(nem_cli.fit([0, 0, 0, 0, 1, 1, 1, 1], 2, start="moments"), [0, 1])


def test_intervals_on_the_command_line(petals):
    record = json.loads(invoke(petals, "-c", "1", "-k", "2", "--bootstrap", "nonparametric", "--json").stdout)
    expected = bootstrap(nem_cli.fit(iris(2), 2), iris(2))
    assert record["bootstrap"]["low"]["means"] == expected.low["means"].tolist()
    table = invoke(petals, "-c", "1", "-k", "2", "--bootstrap", "parametric", "--resamples", "50").stdout
    assert "mean_1" in table
    assert "parametric bootstrap, 50 resamples" in table


def test_a_written_fit_predicts_other_data(petals, tmp_path):
    out, new = tmp_path / "out", tmp_path / "new.csv"
    new.write_text("petal length\n1.5\n3\n5.5\n")
    refused = invoke(petals, "-c", "petal width", "-k", "2", "--out", out, "--predict", new)
    assert "there is no such column; the file has one column" in refused.stderr
    assert not out.exists()
    assert invoke(petals, "-c", "petal length", "-k", "2", "--out", out, "--predict", new, "-q").exit_code == 0
    printed = invoke("--load", out / "fit.json", "--predict", new)
    assert printed.stdout == (out / "predictions.csv").read_text()
    fit = nem_cli.load_fit(out / "fit.json")
    table = np.genfromtxt(out / "predictions.csv", delimiter=",", names=True)
    assert table["responsibility_2"] == pytest.approx(fit.responsibilities([1.5, 3, 5.5])[:, 1])
    assert table["component"].tolist() == [1, 2, 2]
    (out / "fit.json").write_text("{}")
    refused = invoke("--load", out / "fit.json", "--predict", new)
    assert refused.exit_code == 2
    assert "can't be read as a fit" in refused.stderr
    assert "--load: goes with --predict and without data" in invoke(petals, "--load", out / "fit.json").stderr
    assert "--predict: needs --out" in invoke(petals, "-c", "1", "-k", "2", "--predict", new).stderr
    assert "give a file of data" in invoke("-k", "2").stderr


def test_a_fit_that_replaces_another_says_so(petals, tmp_path):
    options = (petals, "-c", "1", "--out", tmp_path, "-q", "-k")
    assert invoke(*options, 2).stderr == ""
    assert invoke(*options, 2).stderr == ""
    assert "another result stood here and was replaced" in invoke(*options, 3).stderr


def test_all_columns_and_a_chain_on_the_command_line(petals, tmp_path):
    out = tmp_path / "both"
    done = invoke(petals, "--columns", "all", "-k", "2", "--restarts", "3", "--out", out)
    assert done.exit_code == 0, done.stderr
    *lines, written = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert written == f"Written to {out}"
    table = np.genfromtxt(out / "responsibilities.csv", delimiter=",", names=True)
    assert table.dtype.names == ("petal_length", "petal_width", "responsibility_1", "responsibility_2", "component")
    assert (
        invoke("--load", out / "fit.json", "--predict", petals, "--columns", "petal length,petal width").exit_code == 0
    )
    path = tmp_path / "sequence.csv"
    path.write_text("x\n" + "\n".join(map(repr, sequence(200).tolist())))
    done = invoke(path, "--chain", "-k", "2", "--restarts", "2", "--out", tmp_path / "states")
    assert "to 2" in done.stdout
    states = np.genfromtxt(tmp_path / "states" / "responsibilities.csv", delimiter=",", names=True)["state"]
    assert (states == 1 + nem_cli.load_fit(tmp_path / "states" / "fit.json").states(sequence(200))).all()
    assert "name the columns" in invoke(petals, "-c", "all", "--counts", "1", "-k", "2").stderr
