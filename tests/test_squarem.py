"""SQUAREM: EM's fixed point, in fewer evaluations of EM's map."""

from __future__ import annotations

import numpy as np
import pytest
from models import PARAMETERS, mixture_of, noise_of, theta_of

from nem_cli.em import algorithm
from nem_cli.em.squarem import squarem
from nem_cli.em.status import Status
from nem_cli.experiment.registry import stop_rules

GAUSSIAN, EXPONENTIAL = mixture_of("gaussian"), mixture_of("exponential")
ALL = frozenset(PARAMETERS)


def problem(family=GAUSSIAN, estimate=ALL, tol=6.0, cap=100_000, rule="max-change"):
    return algorithm.Problem(family, noise_of(), estimate, stop_rules.get(rule), tol, cap)


def em(task, y, start):
    return algorithm.fit(task, y, start, np.random.default_rng(0))


def gaussian_data(trials=8, samples=500):
    truth = theta_of([0.5, 0.5], [-2, 2], [4, 4])
    y = GAUSSIAN.sample(np.random.default_rng(2), truth, (trials, samples))
    return y, theta_of([0.5, 0.5], [-3, 3], [9, 9], trials)


def test_same_fixed_point_as_em_with_fewer_evaluations():
    y, start = gaussian_data()
    one, other = squarem(problem(), y, start), em(problem(), y, start)
    assert np.all(one.status == Status.CONVERGED)
    assert np.all(other.status == Status.CONVERGED)
    same = np.abs(one.log_likelihood - other.log_likelihood) < 1e-3  # else another local maximum
    assert same.mean() > 0.8
    for name in PARAMETERS:
        np.testing.assert_allclose(getattr(one.theta, name)[same], getattr(other.theta, name)[same], atol=0.02)
    assert np.all(one.evaluations < other.iterations / 2)
    assert one.evaluations.mean() < other.iterations.mean() / 4


def test_its_end_is_a_fixed_point():
    y, start = gaussian_data()
    end = squarem(problem(), y, start).theta
    *_, step = algorithm.steps(problem(rule="never", cap=1), y, end, np.random.default_rng(0))
    for name in PARAMETERS:
        np.testing.assert_allclose(step.theta.arrays[name], getattr(end, name), atol=1e-5)


def test_exponential_family():
    y = EXPONENTIAL.sample(np.random.default_rng(3), theta_of([0.4, 0.6], [1, 6], [1, 36]), (5, 1000))
    start = theta_of([0.5, 0.5], [3, 15], [9, 225], 5)
    task = problem(EXPONENTIAL, frozenset({"weights", "means"}))
    one, other = squarem(task, y, start), em(task, y, start)
    np.testing.assert_allclose(one.log_likelihood, other.log_likelihood, atol=1e-3)
    np.testing.assert_allclose(one.theta.variances, one.theta.means**2)
    assert np.all(one.evaluations < other.iterations)


@pytest.mark.parametrize("estimate", [{"means"}, {"variances"}, {"weights", "variances"}])
def test_parameters_outside_estimate_keep_their_value(estimate):
    y, start = gaussian_data(3)
    fits = squarem(problem(estimate=frozenset(estimate)), y, start)
    for name in ALL - estimate:
        np.testing.assert_array_equal(fits.theta.arrays[name], getattr(start, name))
    np.testing.assert_allclose(fits.theta.weights.sum(axis=1), 1)


def test_the_likelihood_does_not_fall():
    y, start = gaussian_data(4)
    ends = [squarem(problem(rule="never", cap=cap), y, start) for cap in range(3, 31, 3)]
    assert [fits.evaluations.tolist() for fits in ends] == [[cap] * 4 for cap in range(3, 31, 3)]
    likelihoods = np.array([GAUSSIAN.log_likelihood(y, fits.theta) for fits in ends])
    assert np.all(np.diff(likelihoods, axis=0) > -1e-9)
    assert all(np.all(fits.status == Status.MAX_ITERATIONS) for fits in ends)


def test_a_trial_that_ends_at_once_is_counted_once():
    y, start = gaussian_data(3)
    fits = squarem(problem(tol=-5), y, start)
    assert fits.evaluations.tolist() == [1, 1, 1]
    assert fits.likelihoods.tolist() == [1, 1, 1]
    np.testing.assert_array_equal(fits.theta.means, em(problem(tol=-5), y, start).theta.means)


def test_trials_do_not_depend_on_their_batch():
    y, start = gaussian_data(5)
    together = squarem(problem(), y, start)
    alone = squarem(problem(), y[2:3], start.take(slice(2, 3)))
    assert alone.evaluations[0] == together.evaluations[2]
    np.testing.assert_allclose(alone.theta.means[0], together.theta.means[2], rtol=1e-9)


def test_a_degenerate_start_is_said():
    y, start = gaussian_data(2)
    variances = start.variances.copy()
    variances[0, 0] = 0.0
    fits = squarem(problem(), y, start.replace(variances=variances))
    assert fits.status.tolist() == [Status.DEGENERATE, Status.CONVERGED]
    assert fits.evaluations[0] == 0
