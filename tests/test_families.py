"""Every registered family: the shared harness, and what is special to one."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from models import mixture_of, noise_of, theta_of

from nem_cli import testing
from nem_cli.em import algorithm
from nem_cli.em.families.gaussian import Gaussian
from nem_cli.em.status import Status
from nem_cli.errors import ConfigError
from nem_cli.experiment.plan import validate
from nem_cli.experiment.registry import families, starts, stop_rules

EXPONENTIAL = mixture_of("exponential")


@pytest.mark.parametrize("name", families.names())
def test_a_family_passes_the_harness(name):
    testing.check_family(families.get(name))


def wrong(method, change):
    """The Gaussian with one method changed."""
    honest = getattr(Gaussian, method)
    return type("Wrong", (Gaussian,), {method: lambda self, *arguments: change(honest(self, *arguments))})()


@pytest.mark.parametrize(
    ("method", "change", "check"),
    [
        ("log_normaliser", lambda value: value + 0.01, testing.check_density),
        ("sample", lambda y: 1.05 * y, testing.check_sampler),
        (
            "maximise",
            lambda moved: {**moved, "means": moved["means"] + 0.02},
            testing.check_m_step,
        ),
        (
            "geometry",
            lambda found: dataclasses.replace(found, beyond=2.05),
            testing.check_geometry,
        ),
        (
            "geometry",
            lambda found: dataclasses.replace(found, precisions=found.precisions**0.5),
            testing.check_geometry,
        ),
    ],
)
def test_the_harness_catches_a_small_mistake(method, change, check):
    with pytest.raises(AssertionError):
        check(wrong(method, change))


class TestExponential:
    truth = theta_of((0.3, 0.7), (1.0, 6.0), (1.0, 36.0))

    def data(self, trials=4, samples=2000):
        return EXPONENTIAL.sample(np.random.default_rng(1), self.truth, (trials, samples))

    def fit(self, y, start, noise=None):
        problem = algorithm.Problem(
            EXPONENTIAL,
            noise or noise_of(),
            frozenset(EXPONENTIAL.estimable),
            stop_rules.get("max-change"),
            4.0,
            20_000,
        )
        return algorithm.fit(problem, y, start, np.random.default_rng(0))

    def test_em_finds_the_mixture(self):
        y = self.data(samples=20_000)
        fits = self.fit(y, theta_of((0.5, 0.5), (0.5, 10.0), (0.25, 100.0), 4))
        assert np.all(fits.status == Status.CONVERGED)
        np.testing.assert_allclose(fits.theta.means.mean(axis=0), self.truth.means[0], rtol=0.1)
        assert np.all(fits.log_likelihood >= EXPONENTIAL.log_likelihood(y, self.truth.take(np.zeros(4, dtype=int))))

    def test_one_component_is_the_sample_mean(self):
        y = self.data()
        fits = self.fit(y, theta_of((1.0,), (50.0,), (2500.0,), 4))
        np.testing.assert_allclose(fits.theta.means[:, 0], y.mean(axis=1))
        np.testing.assert_allclose(fits.theta.variances, fits.theta.means**2)

    @pytest.mark.parametrize("injection", ["additive", "multiplicative"])
    def test_screened_noise_only_makes_data_smaller(self, injection):
        y = self.data()
        theta = self.truth.take(np.zeros(4, dtype=int))
        known = EXPONENTIAL.posterior(y, theta)
        noise = noise_of(injection, 3.0)
        y_dagger = noise.injection.phi(y, noise.sample(np.random.default_rng(0), EXPONENTIAL, y, theta, known, 1).n)
        assert np.all(y_dagger <= y)
        assert np.all(y_dagger >= -1e-12)
        assert np.mean(y_dagger < y) > 0.99

    def test_blind_noise_that_leaves_the_support_is_refused_in_one_message(self):
        start = self.truth.take(np.zeros(4, dtype=int))
        with pytest.raises(ConfigError, match=r"out of the support of family exponential, 0 to inf; use a screen"):
            self.fit(self.data(), start, noise_of("additive", 1.0, "none"))

    def test_blind_noise_that_stays_inside_is_not(self):
        fits = self.fit(self.data(), self.truth.take(np.zeros(4, dtype=int)), noise_of("saturating", 1.0, "none"))
        assert np.all(fits.status == Status.CONVERGED)

    @pytest.mark.parametrize("start", ["moments", "random-points", "truth"])
    def test_starts_belong_to_the_family(self, start):
        theta = starts.get(start).theta(
            np.random.default_rng(0), EXPONENTIAL, self.data(), self.truth, frozenset(EXPONENTIAL.estimable)
        )
        assert np.all(theta.means > 0)
        np.testing.assert_array_equal(theta.variances, theta.means**2)

    def test_start_moments_spreads_by_the_log_scale(self):
        c = np.array([-1.0, 0.0, 1.0])
        spread = EXPONENTIAL.family.start_from_moments(np.array([[2.0]]), np.array([[2.0]]), c)
        factor = np.exp(np.sqrt(np.log(2)))
        np.testing.assert_allclose(spread["means"], [[2 / factor, 2, 2 * factor]])

    def test_a_mean_that_is_not_above_0_ends_a_trial_as_degenerate(self):
        theta = theta_of((1.0,), (1.0,), (1.0,))
        sums = EXPONENTIAL.sums(theta)
        sums.statistics.mass[:], sums.statistics.first[:] = 1.0, -2.0
        assert np.isnan(EXPONENTIAL.maximise(sums, theta, frozenset({"means"})).variances).all()
        y = np.zeros((1, 10))
        y[0, 0] = 1e-3
        fits = self.fit(y, theta.replace(means=-theta.means, variances=np.full((1, 1), np.nan)))
        assert fits.status.tolist() == [Status.DEGENERATE]
        assert fits.iterations.tolist() == [0]

    def test_a_config_needs_no_estimate(self):
        assert validate(config()).estimate == ("weights", "means")
        gaussian = {"weights": [1.0], "means": [0], "variances": [1]}
        assert validate(config(mixture=gaussian)).estimate == ("weights", "means", "variances")

    @pytest.mark.parametrize(
        ("changed", "message"),
        [
            ({"estimate": ["variances"]}, "estimate holds variances, but family exponential estimates weights, means"),
            ({"start": {"weights": [1.0], "means": [1], "variances": [1]}}, "start has variances, but in family expon"),
            ({"start": {"weights": [1.0], "means": [0]}}, "start: every mean must be above 0"),
            (
                {"mixture": {"family": "exponential", "weights": [1.0], "means": [-1]}},
                "mixture: every mean must be abo",
            ),
            ({"mixture": {"family": "exponentail", "weights": [1.0], "means": [1]}}, "did you mean exponential?"),
        ],
    )
    def test_what_it_does_not_have_is_refused(self, changed, message):
        with pytest.raises(ConfigError, match=message.replace("?", r"\?")):
            validate(config(**changed))


def config(**changed):
    mixture = {"family": "exponential", "weights": [1.0], "means": [2]}
    return {"name": "e", "mixture": mixture, "sample_size": 10} | changed
