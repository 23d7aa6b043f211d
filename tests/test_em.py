"""Algorithm 1 against scikit-learn, against a plain reference, and against its own promises."""

from __future__ import annotations

import numpy as np
import pytest
import reference
from models import PARAMETERS, mixture_of, noise_of, theta_of

from nem_cli.em import algorithm
from nem_cli.em.status import Status
from nem_cli.em.tiles import TILE, tiles
from nem_cli.experiment.registry import starts, stop_rules

GAUSSIAN = mixture_of("gaussian")
ALL = frozenset(PARAMETERS)


def problem(noise=None, *, estimate=ALL, rule="euclidean", tol=1.2, cap=1000):
    return algorithm.Problem(GAUSSIAN, noise or noise_of(), estimate, stop_rules.get(rule), tol, cap)


def data(trials, samples, seed=0, weights=(0.5, 0.5), means=(-2, 2), variances=(4, 4)):
    rng = np.random.default_rng(seed)
    return np.stack([reference.sample(rng, weights, means, variances, samples) for _ in range(trials)])


def one_step(y, theta, noise=None, estimate=ALL):
    *_, step = algorithm.steps(
        problem(noise, estimate=estimate, rule="never", cap=1), y, theta, np.random.default_rng(0)
    )
    return step.theta


@pytest.mark.parametrize("components", [1, 2, 3, 5])
def test_sigma_0_takes_scikit_learns_steps(components):
    y = data(1, 300, seed=components, weights=(0.2, 0.5, 0.3), means=(-6, 0, 5), variances=(1, 2, 0.5))
    means = np.linspace(-5, 5, components) if components > 1 else np.array([2.0])
    theta = theta_of([1 / components] * components, means, [4.0] * components)
    for steps in (1, 2, 10):
        oracle = reference.scikit_learn(
            y[0][:, None], theta.weights[0], theta.means[0][:, None], 1 / theta.variances[0][:, None], steps=steps
        )
        fits = algorithm.fit(problem(rule="never", cap=steps), y, theta, np.random.default_rng(0))
        np.testing.assert_allclose(fits.theta.weights[0], oracle.weights_, rtol=0, atol=1e-9)
        np.testing.assert_allclose(fits.theta.means[0], oracle.means_[:, 0], rtol=0, atol=1e-9)
        np.testing.assert_allclose(fits.theta.variances[0], oracle.covariances_[:, 0], rtol=0, atol=1e-9)
        np.testing.assert_allclose(fits.log_likelihood[0], oracle.score(y[0][:, None]) * y.size, rtol=1e-12)


@pytest.mark.parametrize("estimate", [("weights",), ("means",), ("variances",), ("means", "variances"), PARAMETERS])
@pytest.mark.parametrize(("rule", "tol"), [("euclidean", 1.2), ("max-change", 2.0), ("log-likelihood", 1.0)])
def test_sigma_0_counts_the_references_m_steps(estimate, rule, tol):
    y = data(20, 150)
    start = ((0.4, 0.6), (-3.0, 2.5), (9.0, 7.0))
    fits = algorithm.fit(
        problem(estimate=frozenset(estimate), rule=rule, tol=tol),
        y,
        theta_of(*start, 20),
        np.random.default_rng(0),
    )
    for trial, sample in enumerate(y):
        steps, final = reference.fit(np.random.default_rng(0), sample, start, estimate=estimate, rule=rule, tol=tol)
        assert fits.iterations[trial] == steps
        for name, values in zip(PARAMETERS, final, strict=True):
            np.testing.assert_allclose(fits.theta.arrays[name][trial], values, rtol=1e-9)
        np.testing.assert_allclose(fits.log_likelihood[trial], reference.log_likelihood(sample, *final), rtol=1e-10)


@pytest.mark.parametrize("components", [1, 2, 3])
def test_likelihood_never_falls_without_noise(components):
    y = data(50, 80, seed=3)
    theta = starts.get("random-points").theta(
        np.random.default_rng(1),
        GAUSSIAN,
        y,
        theta_of([1 / components] * components, range(components), [1] * components),
        ALL,
    )
    last = np.full(50, -np.inf)
    for step in algorithm.steps(problem(rule="never", cap=30), y, theta, np.random.default_rng(0)):
        here = GAUSSIAN.log_likelihood(y[step.trials], step.theta)
        assert np.all(here >= last[step.trials] - 1e-9)
        last[step.trials] = here


@pytest.mark.parametrize(
    "noise",
    [
        noise_of(),
        noise_of("additive", 1.9),
        noise_of("additive", 1.9, "none"),
        noise_of("additive", 1.9, on_reject="drop"),
        noise_of("multiplicative", 0.44),
        noise_of("multiplicative", 0.44, "posterior-average"),
        noise_of("additive", 1.9, "mean-shift"),
    ],
    ids=str,
)
@pytest.mark.parametrize("components", [1, 2, 4])
def test_an_iteration_is_equivariant_and_whole(noise, components):
    """Weights sum to 1, responsibilities too, and nothing is ever NaN."""
    y = data(7, 60)
    y[0, 0] = 0.0
    theta = theta_of([1 / components] * components, np.linspace(-3, 3, components), [9] * components, 7)
    for step in algorithm.steps(problem(noise, rule="never", cap=8), y, theta, np.random.default_rng(5)):
        np.testing.assert_allclose(step.theta.weights.sum(axis=1), 1, rtol=1e-12)
        assert all(np.isfinite(step.theta.arrays[name]).all() for name in PARAMETERS)
        assert np.all(step.theta.variances > 0)


def test_parameters_outside_estimate_keep_their_value():
    y = data(3, 50)
    theta = theta_of([0.3, 0.7], [-1, 2], [3, 5], 3)
    for name in PARAMETERS:
        after = one_step(y, theta, noise_of("additive", 1.0), estimate=ALL - {name})
        np.testing.assert_array_equal(after.arrays[name], theta.arrays[name])


def test_variance_about_a_fixed_mean():
    y = np.array([[1.0, 2.0, 6.0]])
    after = one_step(y, theta_of([1], [0], [1]), estimate=frozenset({"variances"}))
    np.testing.assert_allclose(after.variances, [[41 / 3]])


def test_far_from_zero_nothing_cancels():
    y = data(4, 100)
    theta = theta_of([0.5, 0.5], [-3, 3], [9, 9], 4)
    shifted = theta.replace(means=theta.means + 1e7)
    near, far = one_step(y, theta), one_step(y + 1e7, shifted)
    np.testing.assert_allclose(far.variances, near.variances, rtol=1e-6)
    np.testing.assert_allclose(far.means - 1e7, near.means, atol=1e-6)


def test_responsibilities_are_stable_for_any_separation():
    theta = theta_of([0.5, 0.5], [-1e4, 1e4], [1e-2, 1e-2])
    r = GAUSSIAN.posterior(np.array([[-1e4, 0.0, 1e4]]), theta).responsibilities
    np.testing.assert_array_equal(r[0, 0], [1, 0.5, 0])
    three = theta_of([1 / 3] * 3, [-1e4, 0, 1e4], [1e-2] * 3)
    np.testing.assert_array_equal(
        GAUSSIAN.posterior(np.array([[-1e4, 0.0, 1e4]]), three).responsibilities[:, 0], np.eye(3)
    )


@pytest.mark.parametrize("components", [1, 2, 5])
@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (4000, 100), (1, 3 * TILE + 5), (2, TILE + 1)])
def test_tiles_cover_a_batch_once(shape, components):
    seen = np.zeros(shape, dtype=int)
    for rows, columns in tiles(shape, components):
        seen[rows, columns] += 1
        assert seen[rows, columns].size * components <= TILE
    assert np.all(seen == 1)


def test_a_trial_larger_than_the_cache_gives_the_references_numbers():
    y = data(1, 3 * TILE + 100)
    start = ((0.5, 0.5), (-3.0, 3.0), (9.0, 9.0))
    after = one_step(y, theta_of(*start))
    _, final = reference.fit(np.random.default_rng(0), y[0], start, cap=1)
    for name, values in zip(PARAMETERS, final, strict=True):
        np.testing.assert_allclose(after.arrays[name][0], values, rtol=1e-10)


class TestStatus:
    def test_cap(self):
        fits = algorithm.fit(problem(cap=3), data(5, 100), theta_of([0.5, 0.5], [-3, 3], [9, 9], 5), None)
        assert set(fits.status) == {Status.MAX_ITERATIONS}
        assert set(fits.iterations) == {3}

    def test_strictly_below(self):
        """A change of exactly 10^-tol, here the mean from 0 to 1, goes on."""
        means = problem(estimate=frozenset({"means"}), tol=0)
        fits = algorithm.fit(means, np.array([[0.0, 2.0]]), theta_of([1], [0], [1]), None)
        assert fits.status[0] == Status.CONVERGED
        assert fits.iterations[0] == 2

    def test_a_collapsed_component_ends_its_trial_alone(self):
        y = data(2, 30)
        y[0, :] = np.concatenate([np.zeros(15), np.linspace(5, 9, 15)])
        theta = theta_of([0.5, 0.5], [0, 7], [0.01, 1], 2)
        fits = algorithm.fit(problem(rule="max-change", tol=3), y, theta, None)
        assert fits.status[0] == Status.DEGENERATE
        assert fits.status[1] == Status.CONVERGED
        assert np.isfinite(fits.log_likelihood).all()
        assert all(np.isfinite(fits.theta.arrays[name]).all() for name in PARAMETERS)

    def test_a_sample_with_one_distinct_value_is_degenerate_from_the_start(self):
        y = np.full((1, 10), 3.0)
        theta = starts.get("moments").theta(None, GAUSSIAN, y, theta_of([0.5, 0.5], [0, 1], [1, 1]), ALL)
        fits = algorithm.fit(problem(), y, theta, None)
        assert fits.status[0] == Status.DEGENERATE
        assert fits.iterations[0] == 0

    def test_every_status_has_a_sentence(self):
        assert all(status.sentence.endswith(".") for status in Status)
        assert [status.label for status in Status] == ["converged", "max-iterations", "degenerate"]


class TestStarts:
    truth = theta_of([0.2, 0.3, 0.5], [-1, 0, 1], [1, 2, 3])

    def test_moments(self):
        y = data(4, 50)
        theta = starts.get("moments").theta(None, GAUSSIAN, y, self.truth, ALL)
        m, s = y.mean(axis=1), y.std(axis=1)
        np.testing.assert_allclose(theta.means, np.column_stack([m - s, m, m + s]))
        np.testing.assert_allclose(theta.variances, np.column_stack([s**2] * 3))
        np.testing.assert_allclose(theta.weights, 1 / 3)

    def test_moments_of_one_component(self):
        y = data(2, 50)
        theta = starts.get("moments").theta(None, GAUSSIAN, y, theta_of([1], [0], [1]), ALL)
        np.testing.assert_allclose(theta.means[:, 0], y.mean(axis=1))

    def test_random_points_are_distinct_sorted_samples(self):
        y = data(30, 5)
        theta = starts.get("random-points").theta(np.random.default_rng(0), GAUSSIAN, y, self.truth, ALL)
        assert np.all(np.diff(theta.means, axis=1) > 0)
        assert all(np.isin(means, row).all() for means, row in zip(theta.means, y, strict=True))
        np.testing.assert_allclose(theta.variances, np.column_stack([y.var(axis=1)] * 3))

    def test_truth(self):
        theta = starts.get("truth").theta(None, GAUSSIAN, data(4, 9), self.truth, ALL)
        np.testing.assert_array_equal(theta.means, np.tile(self.truth.means, (4, 1)))

    def test_what_is_not_estimated_is_known(self):
        theta = starts.get("moments").theta(None, GAUSSIAN, data(4, 9), self.truth, frozenset({"variances"}))
        np.testing.assert_array_equal(theta.means, np.tile(self.truth.means, (4, 1)))
        np.testing.assert_array_equal(theta.weights, np.tile(self.truth.weights, (4, 1)))


class TestStopRules:
    before = theta_of([0.3, 0.7], [-1, 1], [4, 9])
    after = theta_of([0.4, 0.6], [-1.2, 1.5], [4.84, 4])

    def distance(self, rule, estimate=ALL):
        y = np.array([[0.3, -1.0, 2.0]])
        found = stop_rules.get(rule)
        here, there = (found.coordinates(GAUSSIAN, y, theta, estimate) for theta in (self.before, self.after))
        return found.distance(here, there)[0]

    def test_euclidean_counts_the_first_weight_once(self):
        assert self.distance("euclidean") == pytest.approx(np.sqrt(0.1**2 + 0.2**2 + 0.5**2 + 0.84**2 + 5**2))
        assert self.distance("euclidean", frozenset({"weights"})) == pytest.approx(0.1)

    def test_max_change_is_over_standard_deviations(self):
        assert self.distance("max-change") == pytest.approx(1.0)
        assert self.distance("max-change", frozenset({"weights", "means"})) == pytest.approx(0.5)

    def test_log_likelihood(self):
        y = np.array([0.3, -1.0, 2.0])
        values = [
            reference.log_likelihood(y, *(theta.arrays[name][0] for name in PARAMETERS))
            for theta in (self.before, self.after)
        ]
        assert self.distance("log-likelihood") == pytest.approx(abs(values[1] - values[0]))

    def test_never(self):
        assert not self.distance("never") < 1e300


def test_cooling():
    assert [noise_of(sigma=1.9, decay=2).scale(k) for k in (1, 2, 4)] == pytest.approx([1.9, 0.475, 0.11875])
    assert noise_of(sigma=1.9, decay=0).scale(7) == 1.9
    assert noise_of(sigma=0).scale(1) == 0
