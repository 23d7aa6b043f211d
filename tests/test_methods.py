"""The accelerators on models: EM's limit in fewer evaluations of EM's map, or a status that says otherwise."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import nem_cli
from nem_cli.em import algorithm
from nem_cli.em.accelerate.anderson import Anderson
from nem_cli.em.accelerate.annealed import Annealed
from nem_cli.em.accelerate.em_map import EmMap
from nem_cli.em.accelerate.over_relaxed import OverRelaxed
from nem_cli.em.accelerate.quasi_newton import QuasiNewton
from nem_cli.em.accelerate.squarem import Squarem
from nem_cli.em.families.exponential import Exponential
from nem_cli.em.families.gaussian import Gaussian
from nem_cli.em.families.gaussian_tied import TiedGaussian
from nem_cli.em.families.poisson import Poisson
from nem_cli.em.latents.independent import Independent
from nem_cli.em.latents.tempered import Tempered
from nem_cli.em.model import Model
from nem_cli.em.noise import Noise
from nem_cli.em.starts import Uniform
from nem_cli.em.status import Status
from nem_cli.em.stops import Euclidean, Never
from nem_cli.em.theta import Theta
from nem_cli.errors import ConfigError
from nem_cli.experiment.fixed_data import read_columns

METHODS = [Squarem(), Anderson(), QuasiNewton(), OverRelaxed(), Annealed()]
FAST = METHODS[:4]
EM = algorithm.Problem(
    Model(Independent(), Gaussian()), Noise(), frozenset({"weights", "means", "variances"}), Euclidean(), 7, 100_000
)


def named(methods):
    return pytest.mark.parametrize("method", methods, ids=lambda method: method.name)


def fit(problem, y, start, method=None):
    return algorithm.fit(dataclasses.replace(problem, method=method), y, start, np.random.default_rng(0))


def on(family):
    return dataclasses.replace(
        EM, model=Model(Independent(), family), estimate=frozenset(Model(Independent(), family).estimable)
    )


def drawn(family, trials=10, samples=400, seed=1, **truth):
    model = Model(Independent(), family)
    return model.sample(np.random.default_rng(seed), model.theta(truth), (trials, samples))


def started(family, trials=10, **values):
    theta = Model(Independent(), family).theta(values)
    return theta.take(np.zeros(trials, dtype=int)).copy()


CASES = {
    "gaussian": (Gaussian(), {"weights": [0.5, 0.5], "means": [-2, 2], "variances": [2, 3]},
                 {"weights": [0.5, 0.5], "means": [-3, 3], "variances": [9, 9]}),
    "tied": (TiedGaussian(), {"weights": [0.3, 0.7], "means": [-2, 2], "variances": [2, 2]},
             {"weights": [0.5, 0.5], "means": [-3, 3], "variances": [9, 9]}),
    "exponential": (Exponential(), {"weights": [0.4, 0.6], "means": [1, 8]}, {"weights": [0.5, 0.5], "means": [3, 15]}),
    "poisson": (Poisson(), {"weights": [0.4, 0.6], "means": [1, 6]}, {"weights": [0.5, 0.5], "means": [2, 9]}),
    "three": (Gaussian(), {"weights": [0.3, 0.3, 0.4], "means": [-6, 0, 6], "variances": [2, 2, 2]},
              {"weights": [0.2, 0.4, 0.4], "means": [-4, 1, 4], "variances": [9, 9, 9]}),
}  # fmt: skip


@named(METHODS)
@pytest.mark.parametrize("case", CASES)
def test_ems_limit_from_the_same_start(case, method):
    family, truth, start = CASES[case]
    y, theta = drawn(family, **truth), started(family, **start)
    one, plain = fit(on(family), y, theta, method), fit(on(family), y, theta)
    assert np.all(plain.status == Status.CONVERGED)
    assert np.all(one.status == Status.CONVERGED)
    same = np.abs(one.log_likelihood - plain.log_likelihood) < 1e-4
    assert same.mean() >= 0.8  # else another local maximum
    for name in on(family).estimate:
        np.testing.assert_allclose(one.theta.arrays[name][same], plain.theta.arrays[name][same], rtol=0.02, atol=0.02)
    if method in FAST:
        assert np.median(one.iterations) < np.median(plain.iterations)


@named(METHODS)
def test_its_end_is_a_fixed_point(method):
    family, truth, start = CASES["gaussian"]
    y = drawn(family, **truth)
    end = fit(EM, y, started(family, **start), method).theta
    again = fit(dataclasses.replace(EM, stop=Never(), max_iterations=1), y, end)
    for name in EM.estimate:
        np.testing.assert_allclose(again.theta.arrays[name], end.arrays[name], atol=1e-6)


@named(METHODS)
@pytest.mark.parametrize(
    "estimate", [{"means"}, {"variances"}, {"weights", "variances"}], ids=lambda names: "-".join(sorted(names))
)
def test_parameters_outside_estimate_keep_their_value(method, estimate):
    family, truth, start = CASES["gaussian"]
    theta = started(family, 3, **start)
    fits = fit(dataclasses.replace(EM, estimate=frozenset(estimate)), drawn(family, 3, **truth), theta, method)
    for name in EM.estimate - estimate:
        np.testing.assert_array_equal(fits.theta.arrays[name], theta.arrays[name])
    np.testing.assert_allclose(fits.theta.weights.sum(axis=1), 1)


@named(METHODS)
def test_one_component_is_done_after_two_evaluations(method):
    y = drawn(Gaussian(), 4, weights=[1], means=[3], variances=[2])
    fits = fit(EM, y, started(Gaussian(), 4, weights=[1], means=[0], variances=[1]), method)
    assert np.all(fits.status == Status.CONVERGED)
    np.testing.assert_allclose(fits.theta.means[:, 0], y.mean(axis=1))
    np.testing.assert_allclose(fits.theta.variances[:, 0], y.var(axis=1))
    assert np.all(fits.iterations <= (40 if isinstance(method, Annealed) else 3))


@named(METHODS)
def test_weights_near_zero(method):
    family, truth, _ = CASES["gaussian"]
    start = started(family, weights=[1e-6, 1 - 1e-6], means=[-3, 3], variances=[9, 9])
    y = drawn(family, **truth)
    one, plain = fit(EM, y, start, method), fit(EM, y, start)
    assert np.all(one.status == Status.CONVERGED)
    assert np.mean(one.log_likelihood > plain.log_likelihood - 1e-3) >= 0.8
    assert np.all(one.theta.weights > 0)


@named(METHODS)
def test_a_degenerate_start_is_said_and_leaves_the_others_alone(method):
    family, truth, start = CASES["gaussian"]
    y, theta = drawn(family, 3, **truth), started(family, 3, **start)
    theta.variances[1, 0] = 0.0
    fits = fit(EM, y, theta, method)
    assert fits.status.tolist() == [Status.CONVERGED, Status.DEGENERATE, Status.CONVERGED]
    assert fits.iterations[1] == 0
    alone = fit(EM, y[2:], theta.take(slice(2, None)), method)
    assert alone.iterations[0] == fits.iterations[2]


@named(METHODS)
def test_data_that_collapse_are_degenerate_or_fitted_but_never_an_error(method):
    y = np.concatenate([np.zeros((4, 50)), np.ones((4, 1))], axis=1)
    fits = fit(EM, y, started(Gaussian(), 4, weights=[0.5, 0.5], means=[0, 1], variances=[0.1, 0.1]), method)
    assert set(fits.status) <= {Status.CONVERGED, Status.DEGENERATE}


@named(METHODS)
def test_the_cap_counts_every_evaluation(method):
    family, truth, start = CASES["gaussian"]
    for cap in range(1, 9):
        fits = fit(
            dataclasses.replace(EM, max_iterations=cap), drawn(family, 2, **truth), started(family, 2, **start), method
        )
        assert fits.status.tolist() == [Status.MAX_ITERATIONS] * 2
        assert fits.iterations.tolist() == [cap] * 2


@named(METHODS)
def test_steps_are_those_that_fit_counts(method):
    family, truth, start = CASES["gaussian"]
    y, theta = drawn(family, 5, **truth), started(family, 5, **start)
    problem = dataclasses.replace(EM, method=method)
    steps = list(algorithm.steps(problem, y, theta, np.random.default_rng(0)))
    assert [step.k for step in steps] == list(range(len(steps)))
    evaluations = np.zeros(5, dtype=int)
    for step in steps:
        evaluations[step.trials] = step.k
        assert step.theta.trials == len(step.trials)
    np.testing.assert_array_equal(evaluations, fit(EM, y, theta, method).iterations)


def test_long_steps_leave_the_sum_of_the_weights_at_1():
    family, truth, start = CASES["three"]
    problem = dataclasses.replace(on(family), method=OverRelaxed())
    for step in algorithm.steps(problem, drawn(family, **truth), started(family, **start), np.random.default_rng(0)):
        np.testing.assert_allclose(step.theta.weights.sum(axis=1), 1, atol=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_flat_estimates_there_and_back(case):
    family, _, start = CASES[case]
    theta = started(family, 4, **start)
    em = EmMap(on(family), np.ones((4, 5)) * np.arange(5), theta)
    x = em.flat(theta)
    k = len(start["weights"])
    assert x.shape == (4, {"gaussian": 3 * k - 1, "tied": 2 * k, "three": 3 * k - 1}.get(case, 2 * k - 1))
    back = em.theta(x, np.arange(4))
    for name, values in theta.arrays.items():
        np.testing.assert_allclose(back.arrays[name], values, rtol=1e-15)


def test_a_point_outside_of_the_parameter_space_has_no_likelihood():
    family, truth, start = CASES["gaussian"]
    em = EmMap(EM, drawn(family, 3, **truth), started(family, 3, **start))
    x = np.array([[0.5, -3, 3, 9, 9], [1.5, -3, 3, 9, 9], [0.5, -3, 3, -1, 9]])
    assert np.isfinite(em.log_likelihood(x, np.arange(3))).tolist() == [True, False, False]


@pytest.mark.parametrize("beta", [0.1, 0.5, 1.0])
def test_tempered_responsibilities_are_the_joint_density_to_a_power(beta):
    family, truth, _ = CASES["three"]
    y = drawn(family, 2, 50, **truth)
    theta = started(family, 2, **truth)
    log_f = family.log_densities(y, theta, np.log(theta.weights))
    expected = np.exp(beta * log_f)
    expected /= expected.sum(axis=0)
    np.testing.assert_allclose(Tempered(beta).posterior(family, y, theta).responsibilities, expected, rtol=1e-9)


def test_a_model_without_a_map_is_refused():
    class Gradient(Gaussian):
        name = "gradient"
        maximises = False

    for method in METHODS:
        with pytest.raises(ConfigError, match="gradient"):
            method.check(Model(Independent(), Gradient()))
        method.check(EM.model)


def test_poisson_draws_and_likelihood():
    from scipy.stats import poisson

    y = drawn(Poisson(), 2, 20_000, weights=[0.25, 0.75], means=[2, 9])
    assert abs(y.mean() - 7.25) < 0.1
    theta = started(Poisson(), 2, weights=[0.25, 0.75], means=[2, 9])
    expected = np.log(0.25 * poisson.pmf(y, 2) + 0.75 * poisson.pmf(y, 9)).sum(axis=1)
    np.testing.assert_allclose(Model(Independent(), Poisson()).log_likelihood(y, theta), expected, rtol=1e-12)


def test_uniform_starts_lie_in_their_ranges_and_weights_on_the_simplex():
    family = TiedGaussian()
    truth = Theta.of(1, weights=[np.nan] * 3, means=[np.nan] * 3, variances=[np.nan] * 3)
    rule = Uniform({"means": (0.0, 4.0), "variances": (1.0, 2.0)})
    theta = rule.theta(np.random.default_rng(0), Model(Independent(), family), np.zeros((500, 7)), truth, EM.estimate)
    np.testing.assert_allclose(theta.weights.sum(axis=1), 1)
    assert abs(theta.weights[:, 0].var() - 1 / 18) < 0.01  # Beta(1, 2)
    assert theta.means.min() >= 0
    assert theta.means.max() <= 4
    assert abs(theta.means.mean() - 2) < 0.1
    np.testing.assert_array_equal(theta.variances, np.tile(theta.variances[:, :1], 3))


@named(METHODS)
def test_nem_fit_has_the_methods(method):
    y = read_columns("faithful.csv", ("waiting",), None)
    plain, fitted = (nem_cli.fit(y, 2, restarts=3, method=each) for each in ("em", method.name))
    assert fitted.log_likelihood == pytest.approx(plain.log_likelihood, abs=1e-3)
    with pytest.raises(ConfigError, match="takes no noise"):
        nem_cli.fit(y, 2, method=method, noise=nem_cli.Noise("additive", sigma=1))
