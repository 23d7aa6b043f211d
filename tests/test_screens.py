"""Screens: closed form against definition, exact draws against scipy, the control against many draws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from models import mixture_of, noise_of, theta_of
from scipy import stats

from nem_cli.em import conditioned_normal, noise
from nem_cli.experiment.registry import injections, screens
from nem_cli.testing import ROUNDING, log_gain

GAUSSIAN = mixture_of("gaussian")
MODES = ("additive", "multiplicative")
SCREENED = ("every-component", "posterior-average", "reversed")
P_VALUE = 1e-4
bounded = settings(max_examples=100, deadline=None)


@st.composite
def mixtures(draw):
    """A Gaussian mixture of 1 to 5 components, with samples about it, at 0 and at its means."""
    components = draw(st.integers(1, 5))

    def numbers(low, high):
        return draw(st.lists(st.floats(low, high), min_size=components, max_size=components))

    weights = np.array(numbers(0.05, 1))
    theta = theta_of(weights / weights.sum(), numbers(-20, 20), numbers(0.01, 50))
    y = draw(st.lists(st.floats(-40, 40), min_size=1, max_size=12))
    return theta, np.array([[*y, 0.0, *theta.means[0]]])


@bounded
@given(mixtures(), st.sampled_from(MODES), st.sampled_from(SCREENED), st.floats(-3, 3))
def test_closed_form_and_definition_admit_the_same_noise(mixture, mode, name, z):
    theta, y = mixture
    phi, screen = injections.get(mode), screens.get(name)
    n = np.full_like(y, phi.neutral + z)
    known = GAUSSIAN.posterior(y, theta)
    d = phi.slope(y) * np.full_like(y, z)
    gain = log_gain(GAUSSIAN.family, y, phi.phi(y, n), theta)
    defined = screen.admits(gain[:, 0], known.responsibilities[:, 0])
    admissible = screen.admissible(GAUSSIAN.family, y, theta, known)
    r = known.responsibilities
    if name == "reversed":
        closed = ((d == 0) | (d <= admissible.a) | (d >= admissible.b))[0]
    else:
        reach = admissible.reach
        closed = ((d == 0) | ((d * reach > 0) & (np.abs(d) <= np.abs(reach))))[0]
    average = (r * gain).sum(axis=0)[0] if name == "posterior-average" else gain[:, 0]
    terms = np.abs(theta.means).max() + np.abs(y[0]) + np.abs(d[0])
    clear = np.abs(average) > ROUNDING * (1 + terms**2 / theta.variances.min())
    clear = clear.all(axis=0) if clear.ndim == 2 else clear
    np.testing.assert_array_equal(closed[clear], defined[clear])
    if mode == "multiplicative":  # at y = 0 every n is neutral and admissible
        assert closed[y[0] == 0].all()


@bounded
@given(
    mixtures(), st.sampled_from(MODES), st.sampled_from([*SCREENED, "mean-shift"]),
    st.sampled_from(["redraw", "drop"]), st.floats(0.01, 20), st.integers(0, 2**32),
)  # fmt: skip
def test_every_injected_value_meets_its_screen(mixture, mode, name, on_reject, sigma, seed):
    theta, y = mixture
    y = np.repeat(y, 20, axis=0)
    theta = theta.take(np.zeros(20, dtype=int))
    known = GAUSSIAN.posterior(y, theta)
    mode_of = noise_of(mode, sigma, name, on_reject=on_reject)
    sampled = mode_of.sample(np.random.default_rng(seed), GAUSSIAN, y, theta, known, 1)
    assert sampled.draws == 0
    d = mode_of.injection.phi(y, sampled.n) - y
    admissible = mode_of.screen.admissible(GAUSSIAN.family, y, theta, known)
    if name == "reversed":
        a, b = admissible.a, admissible.b
        slack = ROUNDING * (1 + np.abs(y) + np.maximum(-a, b))
        assert np.all((d <= a + slack) | (d >= b - slack) | (d == 0))
    else:
        reach = admissible.reach
        slack = ROUNDING * (1 + np.abs(y) + np.abs(reach))
        assert np.all((np.minimum(reach, 0) - slack <= d) & (d <= np.maximum(reach, 0) + slack))


@bounded
@given(
    mixtures(), st.sampled_from(["power", "shrinkage", "saturating"]), st.sampled_from(SCREENED),
    st.sampled_from(["redraw", "drop"]), st.floats(0.01, 20), st.integers(0, 2**32),
)  # fmt: skip
def test_so_does_every_value_that_was_tried(mixture, injection, name, on_reject, sigma, seed):
    theta, y = mixture
    known = GAUSSIAN.posterior(y, theta)
    chosen = noise_of(injection, sigma, name, on_reject=on_reject)
    sampled = chosen.sample(np.random.default_rng(seed), GAUSSIAN, y, theta, known, 1)
    gain = log_gain(GAUSSIAN.family, y, chosen.injection.phi(y, sampled.n), theta)[:, 0]
    size = np.abs(theta.means).max() + np.abs(y[0])
    slack = ROUNDING * (1 + size**2 / theta.variances.min())
    r = known.responsibilities[:, 0]
    either = chosen.screen.admits(gain + slack, r) | chosen.screen.admits(gain - slack, r)
    assert either.all()
    assert sampled.accepted >= np.count_nonzero(sampled.n != chosen.injection.neutral)
    if on_reject == "drop":
        assert sampled.draws <= y.size


@bounded
@given(st.floats(-30, 30).filter(lambda b: abs(b) > 1e-2))  # nearer to 0 scipy's mean loses digits
def test_the_mean_between_is_scipys(bound):
    low, high = min(bound, 0), max(bound, 0)
    expected = stats.truncnorm.mean(low, high)
    np.testing.assert_allclose(conditioned_normal.mean_between(np.array([bound])), [expected], rtol=1e-6)


def test_the_mean_between_at_its_limits():
    bounds = np.array([0.0, 1e-12, -1e-12, 1e-9, math.inf, -math.inf])
    half = math.sqrt(2 / math.pi)
    np.testing.assert_allclose(
        conditioned_normal.mean_between(bounds), [0, 5e-13, -5e-13, 5e-10, half, -half], rtol=1e-9
    )


@pytest.mark.parametrize("bound", [1e-3, -0.5, 1.0, -3.0, 8.0, -math.inf])
def test_redraw_between_has_the_conditioned_law(bound):
    z = conditioned_normal.between(np.random.default_rng(5), np.full(100_000, bound))
    assert stats.kstest(z, stats.truncnorm(min(bound, 0), max(bound, 0)).cdf).pvalue > P_VALUE


@pytest.mark.parametrize(("a", "b"), [(0.0, 0.0), (-1.0, 2.0), (-30.0, 40.0), (-math.inf, 1.0), (0.0, math.inf)])
def test_redraw_outside_has_the_conditioned_law(a, b):
    z = conditioned_normal.outside(np.random.default_rng(6), np.full(100_000, a), np.full(100_000, b))
    assert np.all((z <= a) | (z >= b))
    left, right = stats.norm.logcdf(a), stats.norm.logsf(b)
    share = np.exp(left - np.logaddexp(left, right))
    assert abs(np.mean(z <= a) - share) < 5 * math.sqrt(share * (1 - share) / z.size) + 1e-12 + (a == b == 0) * 1e-4
    for side, law in (
        (z[z <= a], stats.truncnorm(-math.inf, a)),
        (z[z > max(a, b - 1e-12)], stats.truncnorm(b, math.inf)),
    ):
        if side.size:
            assert stats.kstest(side, law.cdf).pvalue > P_VALUE


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["every-component", "posterior-average"])
@pytest.mark.parametrize("y", [-6.0, -2.5, 3.0, 9.0])
def test_redraw_has_the_law_conditioned_on_the_screen(mode, name, y):
    theta = theta_of([0.4, 0.6], [-2, 2], [4, 1])
    data = np.full((1, 50_000), y)
    known = GAUSSIAN.posterior(data, theta)
    chosen = noise_of(mode, 0.8, name)
    n = chosen.sample(np.random.default_rng(1), GAUSSIAN, data, theta, known, 1).n[0]
    w = float(chosen.screen.admissible(GAUSSIAN.family, data, theta, known).reach[0, 0])
    bound = w / (0.8 * (1 if mode == "additive" else y))
    law = stats.truncnorm(min(bound, 0), max(bound, 0))
    assert stats.kstest((n - chosen.injection.neutral) / 0.8, law.cdf).pvalue > P_VALUE


class _Unrecognised(type(injections.get("additive"))):
    """Additive noise that doesn't tell its slope, so that it goes through the definition."""

    def slope(self, y):
        return None


@pytest.mark.parametrize("on_reject", ["redraw", "drop"])
@pytest.mark.parametrize("name", SCREENED)
def test_rejection_has_the_law_of_the_closed_form(name, on_reject):
    theta = theta_of([0.4, 0.6], [-2, 2], [4, 1])
    data = np.full((1, 20_000), 4.0)
    known = GAUSSIAN.posterior(data, theta)
    exact = noise_of("additive", 2.0, name, on_reject=on_reject)
    tried = noise_of(_Unrecognised(), 2.0, name, on_reject=on_reject)
    one = exact.sample(np.random.default_rng(2), GAUSSIAN, data, theta, known, 1)
    other = tried.sample(np.random.default_rng(3), GAUSSIAN, data, theta, known, 1)
    assert one.draws == 0
    assert other.accepted == np.count_nonzero(other.n)
    assert other.draws >= data.size
    if on_reject == "redraw":
        assert np.count_nonzero(other.n) > 0.999 * data.size
    assert stats.ks_2samp(one.n[0], other.n[0]).pvalue > P_VALUE


def test_a_point_that_can_not_move_keeps_its_value_and_is_not_tried():
    theta = theta_of([0.5, 0.5], [-2, 2], [4, 4])
    y = np.array([[-1.0, 0.0, 1.5]])
    known = GAUSSIAN.posterior(y, theta)
    sampled = noise_of("power", 1.0).sample(np.random.default_rng(0), GAUSSIAN, y, theta, known, 1)
    np.testing.assert_array_equal(sampled.n, 1.0)
    assert sampled.draws == 0


def test_tries_are_bounded_and_counted(monkeypatch):
    monkeypatch.setattr(noise, "MAX_TRIES", 3)
    theta = theta_of([0.5, 0.5], [-2, 2], [4, 4])
    y = np.full((1, 1000), 2.0001)  # almost no noise is admissible
    known = GAUSSIAN.posterior(y, theta)
    sampled = noise_of(_Unrecognised(), 5.0).sample(np.random.default_rng(0), GAUSSIAN, y, theta, known, 1)
    moved = np.count_nonzero(sampled.n)
    assert sampled.accepted == moved
    assert 2990 <= sampled.draws <= 3000


@pytest.mark.parametrize("mode", MODES)
def test_mean_shift_is_the_mean_of_many_draws(mode):
    theta = theta_of([0.4, 0.6], [-2, 2], [4, 1])
    y = np.array([[-9.0, -4.0, -2.0, 0.0, 1.9, 2.2, 5.0, 30.0]])
    known = GAUSSIAN.posterior(y, theta)
    shift = noise_of(mode, 1.5, "mean-shift").sample(np.random.default_rng(0), GAUSSIAN, y, theta, known, 1).n[0]
    many = np.repeat(y, 40_000, axis=0)
    drawn = noise_of(mode, 1.5).sample(
        np.random.default_rng(1), GAUSSIAN, many, theta.take(np.zeros(len(many), dtype=int)), None, 1
    ).n  # fmt: skip
    error = drawn.std(axis=0) / math.sqrt(len(many))
    moves = y[0] != 0 if mode == "multiplicative" else np.ones(y.size, dtype=bool)  # at 0 any n is neutral
    assert np.all(np.abs(shift - drawn.mean(axis=0))[moves] <= (5 * error + 1e-12)[moves])
    assert not np.allclose(shift, injections.get(mode).neutral)


def test_mean_shift_draws_nothing():
    theta = theta_of([0.4, 0.6], [-2, 2], [4, 1])
    y = np.random.default_rng(0).normal(0, 4, (2, 100))
    known = GAUSSIAN.posterior(y, theta.take(np.zeros(2, dtype=int)))
    shifts = [
        noise_of("additive", 1.0, "mean-shift").sample(np.random.default_rng(seed), GAUSSIAN, y, theta, known, 1).n
        for seed in (0, 1)
    ]
    np.testing.assert_array_equal(*shifts)


def test_blind_noise_has_the_unscreened_law():
    theta = theta_of([0.5, 0.5], [-2, 2], [4, 4])
    y = np.zeros((1, 50_000))
    n = noise_of("multiplicative", 2.0, "none").sample(np.random.default_rng(0), GAUSSIAN, y, theta, None, 1).n
    assert stats.kstest(n[0], stats.norm(1, 2).cdf).pvalue > P_VALUE


@bounded
@given(mixtures(), st.integers(0, 2**32))
def test_posterior_average_admits_all_that_every_component_does(mixture, seed):
    theta, y = mixture
    known = GAUSSIAN.posterior(y, theta)
    gain = log_gain(GAUSSIAN.family, y, y + np.random.default_rng(seed).normal(0, 5, y.shape), theta)[:, 0]
    every, average = (
        screens.get(name).admits(gain, known.responsibilities[:, 0])
        for name in ("every-component", "posterior-average")
    )
    assume(every.any())
    assert average[every].all()
