"""Hidden Markov models against hmmlearn, against enumeration, and over long sequences."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hmmlearn.hmm import GaussianHMM
from models import noise_of

from nem_cli.em import algorithm
from nem_cli.em.families.gaussian import Gaussian
from nem_cli.em.latents.markov import LONG, Markov
from nem_cli.em.model import Model
from nem_cli.em.status import Status
from nem_cli.experiment.registry import starts, stop_rules

MODEL = Model(Markov(), Gaussian())
TRUTH = MODEL.theta(
    {"initial": [0.3, 0.7], "transitions": [[0.9, 0.1], [0.2, 0.8]], "means": [-2, 2], "variances": [4, 3]}
)
START = MODEL.theta(
    {"initial": [0.4, 0.6], "transitions": [[0.5, 0.5], [0.4, 0.6]], "means": [-3, 3], "variances": [9, 9]}
)
THREE = MODEL.theta(
    {"initial": [0.2, 0.3, 0.5], "transitions": [[0.8, 0.1, 0.1], [0.2, 0.5, 0.3], [0.0, 0.3, 0.7]],
     "means": [-3, 0, 4], "variances": [1, 2, 1]}
)  # fmt: skip


def problem(noise=None, cap=1000, rule="never", tol=1.2, estimate=MODEL.estimable):
    return algorithm.Problem(MODEL, noise or noise_of(), frozenset(estimate), stop_rules.get(rule), tol, cap)


def hmm(start, steps):
    """hmmlearn's model at a start, without priors."""
    oracle = GaussianHMM(
        start.means.shape[1], "diag", min_covar=0, covars_prior=0, covars_weight=0, means_weight=0, n_iter=steps,
        tol=-np.inf, init_params="", implementation="scaling",
    )  # fmt: skip
    oracle.startprob_, oracle.transmat_ = start.initial[0], start.transitions[0]
    oracle.means_, oracle.covars_ = start.means[0][:, None], start.variances[0][:, None]
    return oracle


@pytest.mark.parametrize("samples", [200, LONG, LONG + 1, 2500])
@pytest.mark.parametrize("start", [START, THREE], ids=["two states", "three states"])
def test_iterates_likelihood_and_path_are_hmmlearns(samples, start):
    y = MODEL.sample(np.random.default_rng(0), TRUTH, (1, samples))
    for steps in (1, 4):
        oracle = hmm(start, steps).fit(y[0][:, None])
        fits = algorithm.fit(problem(cap=steps), y, start, None)
        np.testing.assert_allclose(fits.theta.initial[0], oracle.startprob_, atol=1e-8)
        np.testing.assert_allclose(fits.theta.transitions[0], oracle.transmat_, atol=1e-8)
        np.testing.assert_allclose(fits.theta.means[0], oracle.means_[:, 0], atol=1e-8)
        np.testing.assert_allclose(fits.theta.variances[0], oracle.covars_[:, 0, 0], atol=1e-8)
        assert fits.log_likelihood[0] == pytest.approx(oracle.score(y[0][:, None]), abs=1e-8)
    path = MODEL.latent.likeliest_path(MODEL.family, y, fits.theta)
    np.testing.assert_array_equal(path[0], oracle.predict(y[0][:, None]))


def test_posterior_is_that_of_all_paths():
    y = np.array([[-3.0, 0.5, 2.0, 6.0, -1.0]])
    known = MODEL.posterior(y, THREE)
    gamma, pairs, total = np.zeros((3, 5)), np.zeros((3, 3)), 0.0
    f = np.exp(MODEL.family.log_densities(y, THREE)[:, 0])
    for path in itertools.product(range(3), repeat=5):
        p = THREE.initial[0, path[0]] * f[path[0], 0]
        for t in range(1, 5):
            p *= THREE.transitions[0, path[t - 1], path[t]] * f[path[t], t]
        total += p
        gamma[path, range(5)] += p
        for t in range(1, 5):
            pairs[path[t - 1], path[t]] += p
    np.testing.assert_allclose(known.responsibilities[:, 0], gamma / total, rtol=1e-12)
    np.testing.assert_allclose(known.pairs[0], pairs / total, rtol=1e-12)
    np.testing.assert_allclose(MODEL.log_likelihood(y, THREE), np.log(total), rtol=1e-12)


def test_likelihood_never_falls_without_noise():
    y = MODEL.sample(np.random.default_rng(1), TRUTH, (20, 100))
    theta = starts.get("random-points").theta(np.random.default_rng(2), MODEL, y, THREE, frozenset(MODEL.estimable))
    last = np.full(20, -np.inf)
    for step in algorithm.steps(problem(cap=30), y, theta, None):
        here = MODEL.log_likelihood(y[step.trials], step.theta)
        assert np.all(here >= last[step.trials] - 1e-8)
        last[step.trials] = here


def test_a_chain_without_memory_is_a_mixture():
    from models import mixture_of, theta_of

    y = MODEL.sample(np.random.default_rng(3), TRUTH, (4, 2000))
    apart = theta_of([0.3, 0.7], [-3, 3], [9, 9], 4)
    memoryless = MODEL.theta(
        {"initial": [0.3, 0.7], "transitions": [[0.3, 0.7]] * 2, "means": [-3, 3], "variances": [9, 9]}
    ).take(np.zeros(4, dtype=int))
    mixture = mixture_of("gaussian")
    np.testing.assert_allclose(
        MODEL.posterior(y, memoryless).responsibilities, mixture.posterior(y, apart).responsibilities, atol=1e-12
    )
    np.testing.assert_allclose(MODEL.log_likelihood(y, memoryless), mixture.log_likelihood(y, apart), rtol=1e-12)


@pytest.mark.parametrize(
    "transitions",
    [[[0.9, 0.1], [0.1, 0.9]], [[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]], [[0.5, 0.5], [0.0, 1.0]]],
)
def test_long_sequences_are_stable(transitions):
    """10^5 steps of well separated states, so that everything underflows that can."""
    values = {"initial": [1.0, 0.0], "transitions": transitions, "means": [-20, 20], "variances": [1, 1]}
    theta = MODEL.theta(values)
    y = MODEL.sample(np.random.default_rng(0), theta, (1, 100_000))
    known = MODEL.posterior(y, theta)
    np.testing.assert_allclose(known.responsibilities.sum(axis=0), 1, atol=1e-9)
    np.testing.assert_allclose(known.pairs.sum(), 99_999, rtol=1e-9)
    np.testing.assert_array_equal(known.responsibilities[1, 0] > 0.5, y[0] > 0)
    assert np.isfinite(MODEL.log_likelihood(y, theta)).all()


def test_a_trial_does_not_depend_on_its_batch():
    y = MODEL.sample(np.random.default_rng(1), TRUTH, (5, 1500))
    start = START.take(np.zeros(5, dtype=int))
    together = algorithm.fit(problem(rule="euclidean"), y, start, None)
    alone = algorithm.fit(problem(rule="euclidean"), y[2:3], START, None)
    assert together.iterations[2] == alone.iterations[0]
    np.testing.assert_allclose(together.theta.means[2], alone.theta.means[0], rtol=1e-12)


def test_the_sample_has_the_chains_law():
    z = MODEL.latent.sample(np.random.default_rng(0), TRUTH, (20_000, 4))
    assert np.mean(z[:, 0] == 0) == pytest.approx(0.3, abs=0.02)
    for i in range(2):
        came = z[:, 1][z[:, 0] == i]
        assert np.mean(came == 0) == pytest.approx(TRUTH.transitions[0, i, 0], abs=0.02)


def test_noise_enters_means_and_variances_alone():
    y = MODEL.sample(np.random.default_rng(1), TRUTH, (3, 100))
    start = START.take(np.zeros(3, dtype=int))
    plain, noisy = (
        algorithm.fit(problem(noise, cap=1), y, start, np.random.default_rng(0))
        for noise in (noise_of(), noise_of("additive", 1.0))
    )
    np.testing.assert_array_equal(plain.theta.transitions, noisy.theta.transitions)
    np.testing.assert_array_equal(plain.theta.initial, noisy.theta.initial)
    assert not np.array_equal(plain.theta.means, noisy.theta.means)


def test_the_stop_rule_looks_at_the_free_transitions_and_not_at_the_initial_law():
    rule = stop_rules.get("euclidean")
    coordinates = rule.coordinates(MODEL, None, THREE, frozenset(MODEL.estimable))
    assert coordinates.shape == (1, 3 * 2 + 3 + 3)


def test_a_state_that_dies_out_is_degenerate():
    y = np.random.default_rng(0).normal(0, 1, (1, 50))
    start = MODEL.theta({"initial": [1, 0], "transitions": [[1, 0], [0, 1]], "means": [0, 5], "variances": [1, 1]})
    assert algorithm.fit(problem(), y, start, None).status.tolist() == [Status.DEGENERATE]


def test_names_in_csv_files():
    names = [name for each in MODEL.parameters for name, _ in each.columns(THREE.arrays[each.name].shape[1:])]
    assert names[:5] == ["initial_1", "initial_2", "initial_3", "transition_11", "transition_12"]
