"""k-means against scikit-learn's Lloyd, and the noise that suits it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from models import noise_of
from sklearn.cluster import KMeans

from nem_cli.em import algorithm
from nem_cli.em.arrays import first_highest
from nem_cli.em.families.gaussian_nd import Unit
from nem_cli.em.family import Family
from nem_cli.em.latents.hard import Hard
from nem_cli.em.model import Model
from nem_cli.em.status import Status
from nem_cli.experiment.registry import starts, stop_rules

MODEL = Model(Hard(), Unit())
CENTRES = np.array([[-1.5, -1.5], [-1.5, 1.5], [1.5, -1.5], [1.5, 1.5]])


def data(trials, samples, seed=0):
    rng = np.random.default_rng(seed)
    return CENTRES[rng.integers(0, 4, (trials, samples))] + rng.normal(size=(trials, samples, 2))


def problem(noise=None, rule="labels", tol=2.0, cap=1000):
    return algorithm.Problem(MODEL, noise or noise_of(), frozenset({"means"}), stop_rules.get(rule), tol, cap)


@given(arrays(float, (2, 5, 7), elements=st.integers(0, 2)))
def test_the_first_of_the_highest_is_numpys(values):
    np.testing.assert_array_equal(first_highest(values), values.argmax(axis=1))


@pytest.mark.parametrize("far", [0.0, 1e6])
def test_ratios_are_the_densities_less_what_these_share(far):
    y, theta = data(3, 50) + far, MODEL.theta({"means": CENTRES + far}).take(np.zeros(3, dtype=int))
    expected = Family.log_ratios(MODEL.family, y, theta)
    found = MODEL.family.log_ratios(y, theta)
    np.testing.assert_allclose(found - found[:, :1], expected - expected[:, :1], atol=1e-8)


def test_centroids_and_counts_are_scikit_learns():
    y = data(20, 300)
    start = starts.get("random-points").theta(
        np.random.default_rng(1), MODEL, y, MODEL.theta({"means": CENTRES}), frozenset({"means"})
    )
    fits = algorithm.fit(problem(), y, start, None)
    assert np.all(fits.status == Status.CONVERGED)
    for trial in range(20):
        oracle = KMeans(4, init=start.means[trial], n_init=1, tol=0, algorithm="lloyd", max_iter=1000).fit(y[trial])
        assert fits.iterations[trial] == oracle.n_iter_
        np.testing.assert_allclose(fits.theta.means[trial], oracle.cluster_centers_, atol=1e-12)
        squares = -2 * fits.log_likelihood[trial] - y[trial].size * np.log(2 * np.pi)
        assert squares == pytest.approx(oracle.inertia_)


def test_likelihood_never_falls_without_noise():
    y = data(10, 200)
    start = MODEL.theta({"means": CENTRES / 3}).take(np.zeros(10, dtype=int))
    last = np.full(10, -np.inf)
    for step in algorithm.steps(problem(rule="never", cap=15), y, start, None):
        here = MODEL.log_likelihood(y[step.trials], step.theta)
        assert np.all(here >= last[step.trials] - 1e-9)
        last[step.trials] = here


def test_an_emptied_centroid_keeps_its_place():
    y = np.array([[[0.0, 0.0], [1.0, 0.0]]])
    fits = algorithm.fit(problem(), y, MODEL.theta({"means": [[0.4, 0.0], [50.0, 50.0]]}), None)
    np.testing.assert_array_equal(fits.theta.means[0], [[0.5, 0], [50, 50]])
    assert fits.status[0] == Status.CONVERGED


def test_assigned_noise_damps_the_step():
    """Its conditional mean lies between the sample and its centroid; noise in every component's box moves fewer."""
    y = data(2, 400)
    theta = MODEL.theta({"means": CENTRES * 0.8}).take(np.zeros(2, dtype=int))
    known = MODEL.posterior(y, theta)
    own = theta.means[np.arange(2)[:, None], known.labels]
    n = noise_of("additive", 0.5, "assigned").sample(np.random.default_rng(0), MODEL, y, theta, known, 1).n
    assert np.all(n * (own - y) > 0)
    assert np.all(np.abs(n) <= 2 * np.abs(own - y))
    every = noise_of("additive", 0.5, "every-coordinate").sample(np.random.default_rng(0), MODEL, y, theta, known, 1).n
    assert 0 < np.mean(every != 0) < 0.7


def test_noise_may_enter_the_assignment_too():
    y = data(3, 200)
    start = MODEL.theta({"means": CENTRES * 0.8}).take(np.zeros(3, dtype=int))
    ends = [
        algorithm.fit(
            problem(noise_of("additive", 3.0, "none", enters=enters), cap=1), y, start, np.random.default_rng(0)
        )
        for enters in ("m-step", "e-step")
    ]
    assert not np.array_equal(ends[0].theta.means, ends[1].theta.means)
    noise = noise_of("additive", 3.0, "none")
    n = noise.sample(np.random.default_rng(0), MODEL, y, start, MODEL.posterior(y, start), 1).n
    labels = MODEL.posterior(y + n, start).labels
    expected = [(y + n)[0][labels[0] == j].mean(axis=0) for j in range(4)]
    np.testing.assert_allclose(ends[1].theta.means[0], expected)


def test_sums_by_label_are_those_by_responsibility():
    y = data(3, 100)
    known = MODEL.posterior(y, MODEL.theta({"means": CENTRES}).take(np.zeros(3, dtype=int)))
    r = known.responsibilities
    np.testing.assert_allclose(known.mass, r.sum(axis=2).T)
    np.testing.assert_allclose(known.sums(y), np.einsum("ktn,tnd->tkd", r, y))
    np.testing.assert_allclose(known.sums(y[..., 0]), np.einsum("ktn,tn->tk", r, y[..., 0]))
