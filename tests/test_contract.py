"""What an injection and a screen promise, and how it is said that they don't keep it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from models import mixture_of, noise_of, theta_of
from sine import Sine

import nem_cli
from nem_cli.em.families.gaussian import Gaussian
from nem_cli.em.screen import Screen
from nem_cli.errors import ConfigError, PluginError
from nem_cli.experiment.folder import find_config
from nem_cli.experiment.load import load


class Nan(Sine):
    def phi(self, y, n):
        return y + np.where(n == 0, 0, np.nan)


class Scalar(Sine):
    def phi(self, y, n):
        return y + n if not n.any() else np.mean(y + n)


class Column(Sine):
    def phi(self, y, n):
        return y[:, None] + n


class NotNeutral(Sine):
    neutral = 1.0


class NoNeutral(Sine):
    neutral = math.nan


class InPlace(Sine):
    def phi(self, y, n):
        y += n
        return y


class Sorted(Sine):
    def phi(self, y, n):
        return np.sort(y, axis=-1) + n


class Raises(Sine):
    def phi(self, y, n):
        raise KeyError("oops")


class Text(Sine):
    def phi(self, y, n):
        return np.full(y.shape, "text")


class WrongSlope(Sine):
    def slope(self, y):
        return 2.0


class SlopeShape(Sine):
    def slope(self, y):
        return np.ones(2)


class OwnLawWithSlope(Sine):
    def phi(self, y, n):
        return y + n

    def draw(self, rng, scale, size):
        return scale * rng.uniform(-1, 1, size)

    def slope(self, y):
        return 1.0


class WrongSize(Sine):
    def draw(self, rng, scale, size):
        return rng.standard_normal(size + 1)


@pytest.mark.parametrize(
    ("injection", "message"),
    [
        (Nan, "phi must return finite numbers"),
        (Scalar, r"phi must return an array of shape \(7,\), but returned shape \(\)"),
        (Column, r"phi must return an array of shape \(7,\), but returned shape \(7, 7\)"),
        (NotNeutral, r"phi\(y, 1.0\) must be y: that is its neutral noise"),
        (NoNeutral, r"neutral must be a finite number \(got nan\)"),
        (InPlace, "phi must not change its arguments"),
        (Sorted, "phi must work elementwise on arrays of any shape"),
        (Raises, "phi raises KeyError: 'oops'"),
        (Text, "phi must return finite numbers"),
        (WrongSlope, r"slope must be d phi / d n"),
        (SlopeShape, r"slope must be d phi / d n"),
        (OwnLawWithSlope, "slope must be None where draw isn't the normal law"),
        (WrongSize, r"draw must return an array of shape \(7,\), but returned shape \(8,\)"),
    ],
)
def test_an_injection_that_breaks_its_contract_is_refused(injection, message):
    with pytest.raises(PluginError, match=rf"noise.injection: injection 'sine': {message}") as caught:
        noise_of(injection()).check(mixture_of("gaussian"))
    assert "\n" not in str(caught.value)


def test_a_screen_without_its_closed_form_is_refused():
    with pytest.raises(ConfigError, match="this screen needs a closed form, which injection 'sine' doesn't have"):
        noise_of(Sine(), 1.0, "mean-shift").check(mixture_of("gaussian"))
    with pytest.raises(ConfigError, match="needs a closed form, which injection 'power' doesn't have"):
        load(find_config("mnem"), ["noise.injection=power", "noise.screen=mean-shift"])
    noise_of("additive", 1.0, "mean-shift").check(mixture_of("gaussian"))

    class OfUnknownShape(Gaussian):
        boxed = False

    with pytest.raises(ConfigError, match="closed form"):
        noise_of("additive", 1.0, "mean-shift").check(mixture_of(OfUnknownShape()))


@pytest.mark.parametrize("answer", [np.array(True), np.ones(5), np.ones((1, 3), dtype=bool)])
def test_a_screen_that_breaks_its_contract_is_refused(answer):
    class Odd(Screen):
        name = "odd"

        def admits(self, log_gain, r):
            return answer

    y = np.ones((1, 5))
    theta = theta_of([1], [0], [1])
    model = mixture_of("gaussian")
    known, noise = model.posterior(y, theta), noise_of("power", 1.0, Odd())
    with pytest.raises(PluginError, match=r"screen 'odd': admits must return 5 truth values, but returned"):
        noise.sample(np.random.default_rng(0), model, 2 * y, theta, known, 1)


def test_a_fit_checks_its_noise_before_it_draws_any():
    y = np.random.default_rng(0).normal(size=50)
    with pytest.raises(PluginError, match="injection 'sine': phi must not change its arguments"):
        nem_cli.fit(y, 2, noise=nem_cli.Noise(InPlace(), 0.1))
    with pytest.raises(ConfigError, match="this screen needs a closed form"):
        nem_cli.fit(y, 2, noise=nem_cli.Noise("power", 0.1, "mean-shift"))
