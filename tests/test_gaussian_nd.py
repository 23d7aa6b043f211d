"""Mixtures of normals in d dimensions against scikit-learn, and what is degenerate."""

from __future__ import annotations

import numpy as np
import pytest
import reference
from models import noise_of

from nem_cli.em import algorithm
from nem_cli.em.families.gaussian_nd import COVARIANCES, cholesky
from nem_cli.em.latents.independent import Independent
from nem_cli.em.model import Model
from nem_cli.em.status import Status
from nem_cli.em.theta import Theta
from nem_cli.experiment.registry import starts, stop_rules

SKLEARN = {"spherical": "spherical", "diagonal": "diag", "full": "full"}


def mixture(covariance, components=2, dimensions=2, seed=0):
    """A model and a theta of one trial."""
    rng = np.random.default_rng(seed)
    model = Model(Independent(), COVARIANCES[covariance])
    matrices = rng.normal(size=(components, dimensions, 2 * dimensions))
    values = {
        "weights": rng.dirichlet(np.full(components, 5.0)),
        "means": rng.normal(0, 4, (components, dimensions)),
        "variances": rng.uniform(0.5, 3, components if covariance == "spherical" else (components, dimensions)),
        "covariances": matrices @ matrices.transpose(0, 2, 1) / dimensions,
    }
    return model, model.theta(values)


def problem(model, noise=None, cap=1000, rule="never", tol=1.2, estimate=None):
    return algorithm.Problem(
        model, noise or noise_of(), frozenset(estimate or model.estimable), stop_rules.get(rule), tol, cap
    )


@pytest.mark.parametrize("covariance", COVARIANCES)
@pytest.mark.parametrize(("components", "dimensions"), [(1, 2), (2, 2), (3, 2), (2, 10)])
def test_iterates_are_scikit_learns(covariance, components, dimensions):
    model, truth = mixture(covariance, components, dimensions)
    y = model.sample(np.random.default_rng(1), truth, (1, 500))
    _, start = mixture(covariance, components, dimensions, seed=2)
    start = start.replace(means=truth.means + np.random.default_rng(3).normal(size=truth.means.shape))
    precisions = 1 / start.variances[0] if covariance != "full" else np.linalg.inv(start.covariances[0])
    for steps in (1, 5):
        oracle = reference.scikit_learn(y[0], start.weights[0], start.means[0], precisions, SKLEARN[covariance], steps)
        fits = algorithm.fit(problem(model, cap=steps), y, start, None)
        spread = fits.theta.covariances if covariance == "full" else fits.theta.variances
        np.testing.assert_allclose(fits.theta.weights[0], oracle.weights_, atol=1e-8)
        np.testing.assert_allclose(fits.theta.means[0], oracle.means_, atol=1e-8)
        np.testing.assert_allclose(spread[0], oracle.covariances_, atol=1e-8)
        np.testing.assert_allclose(fits.log_likelihood[0], oracle.score(y[0]) * 500, rtol=1e-10)


@pytest.mark.parametrize("covariance", COVARIANCES)
@pytest.mark.parametrize("start", ["moments", "random-points"])
def test_likelihood_never_falls_without_noise(covariance, start):
    model, truth = mixture(covariance, components=3)
    y = model.sample(np.random.default_rng(1), truth, (20, 100))
    theta = starts.get(start).theta(np.random.default_rng(2), model, y, truth, frozenset(model.estimable))
    last = np.full(20, -np.inf)
    for step in algorithm.steps(problem(model, cap=30), y, theta, None):
        here = model.log_likelihood(y[step.trials], step.theta)
        assert np.all(here >= last[step.trials] - 1e-8)
        last[step.trials] = here


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_the_sample_has_the_mixtures_moments(covariance):
    model, truth = mixture(covariance)
    z = np.ones((1, 40_000), dtype=int)
    y = model.family.sample(np.random.default_rng(0), truth, z)[0]
    spread = {
        "spherical": lambda: truth.variances[0, 1] * np.eye(2),
        "diagonal": lambda: np.diag(truth.variances[0, 1]),
        "full": lambda: truth.covariances[0, 1],
    }[covariance]()
    np.testing.assert_allclose(y.mean(axis=0), truth.means[0, 1], atol=5 * np.sqrt(spread.max() / len(y)))
    np.testing.assert_allclose(np.cov(y.T), spread, atol=0.05 * spread.max())


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_a_flat_component_is_degenerate_and_ends_its_trial_alone(covariance):
    """All samples of one component of the first trial lie on one point, or where covariances are full on a line."""
    model, _ = mixture(covariance)
    rng = np.random.default_rng(0)
    y = rng.normal(size=(2, 60, 2)) + np.repeat([[-9.0], [9.0]], 30, axis=0)
    y[0, :30] = -9.0
    if covariance == "full":
        y[0, :30, 0] += rng.normal(size=30)
    identity = [[1.0, 0.0], [0.0, 1.0]]
    theta = model.theta(
        {"weights": [0.5, 0.5], "means": [[-9, -9], [9, 9]], "covariances": [identity] * 2,
         "variances": [1, 1] if covariance == "spherical" else [[1, 1], [1, 1]]}
    )  # fmt: skip
    fits = algorithm.fit(problem(model, rule="max-change", tol=3), y, theta.take(np.zeros(2, dtype=int)), None)
    assert fits.status.tolist() == [Status.DEGENERATE, Status.CONVERGED]
    assert all(np.isfinite(values).all() for values in fits.theta.arrays.values())


def test_cholesky_is_nan_where_a_matrix_is_not_positive_definite():
    good, bad = [[2.0, 1.0], [1.0, 2.0]], [[1.0, 2.0], [2.0, 1.0]]
    factors = cholesky(np.array([[good, bad]]))
    np.testing.assert_allclose(factors[0, 0] @ factors[0, 0].T, good)
    assert np.isnan(factors[0, 1]).all()


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_parameters_outside_estimate_keep_their_value(covariance):
    model, theta = mixture(covariance)
    y = model.sample(np.random.default_rng(1), theta, (1, 50))
    _, elsewhere = mixture(covariance, seed=3)
    for name in model.estimable:
        left = frozenset(model.estimable) - {name}
        fits = algorithm.fit(problem(model, noise_of("additive", 1.0, "none"), cap=2, estimate=left), y, elsewhere,
                             np.random.default_rng(0))  # fmt: skip
        np.testing.assert_array_equal(fits.theta.arrays[name], elsewhere.arrays[name])


def test_stop_rules_count_what_is_free():
    model, before = mixture("full")
    after = before.replace(covariances=before.covariances + np.array([[0.3, 0.2], [0.2, 0.1]]))
    rule = stop_rules.get("euclidean")
    only = frozenset({"covariances"})
    here, there = (rule.coordinates(model, None, theta, only) for theta in (before, after))
    assert here.shape == (1, 6)  # two matrices of three entries
    assert rule.distance(here, there)[0] == pytest.approx(np.sqrt(2 * (0.3**2 + 0.2**2 + 0.1**2)))
    largest = stop_rules.get("max-change")
    sd = np.sqrt(np.einsum("kcc->kc", before.covariances[0]))
    np.testing.assert_allclose(largest.coordinates(model, None, before, only)[0].reshape(2, 3)[:, :2], sd)
    correlations = before.covariances[0, :, 0, 1] / sd.prod(axis=1)
    np.testing.assert_allclose(largest.coordinates(model, None, before, only)[0].reshape(2, 3)[:, 2], correlations)


def test_names_in_csv_files():
    model, theta = mixture("full")
    names = [name for each in model.parameters for name, _ in each.columns(theta.arrays[each.name].shape[1:])]
    assert names == [
        "weight_1", "weight_2", "mean_1_1", "mean_1_2", "mean_2_1", "mean_2_2",
        "covariance_1_11", "covariance_1_12", "covariance_1_22",
        "covariance_2_11", "covariance_2_12", "covariance_2_22",
    ]  # fmt: skip


class TestTheta:
    theta = Theta.of(3, weights=[0.2, 0.8], means=[[1, 2], [3, 4]])

    def test_flat(self):
        np.testing.assert_array_equal(self.theta.flat({"means"}), [[1, 2, 3, 4]] * 3)

    def test_take_put_where_copy(self):
        copy = self.theta.copy()
        copy.put(np.array([1]), Theta.of(1, weights=[0.5, 0.5], means=[[0, 0], [0, 0]]))
        np.testing.assert_array_equal(copy.take(slice(1, 2)).weights, [[0.5, 0.5]])
        np.testing.assert_array_equal(self.theta.means[1], [[1, 2], [3, 4]])
        mixed = copy.where(np.array([False, True, False]), self.theta)
        np.testing.assert_array_equal(mixed.means[:, 0, 0], [1, 0, 1])
        with pytest.raises(AttributeError, match="variances"):
            _ = self.theta.variances
