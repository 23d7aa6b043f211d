"""Every registered injection: the shared harness, and the formulas of ours."""

from __future__ import annotations

import numpy as np
import pytest

from nem_cli import testing
from nem_cli.experiment.registry import families, injections

Y = np.array([-3.0, -0.5, 0.0, 0.25, 2.0])


@pytest.mark.parametrize("family", families.names())
@pytest.mark.parametrize("name", injections.names())
def test_an_injection_passes_the_harness(name, family):
    testing.check_injection(injections.get(name), families.get(family))


@pytest.mark.parametrize(
    ("name", "n", "expected"),
    [
        ("additive", 0.5, [-2.5, 0.0, 0.5, 0.75, 2.5]),
        ("multiplicative", -2.0, [6.0, 1.0, 0.0, -0.5, -4.0]),
        ("power", 2.0, [-9.0, -0.25, 0.0, 0.0625, 4.0]),
        ("power", -1.0, [-1 / 3, -2.0, 0.0, 4.0, 0.5]),
        ("shrinkage", 1.0, [-1.0, 0.25, 0.5, 0.625, 1.5]),
        ("shrinkage", -3.0, [-3.0, -2.375, -2.25, -2.1875, -1.75]),
        ("saturating", np.arctanh(0.5), [-4.5, -0.75, 0.0, 0.375, 3.0]),
        ("saturating", -100.0, [0.0, 0.0, 0.0, 0.0, 0.0]),
    ],
)
def test_phi(name, n, expected):
    np.testing.assert_allclose(injections.get(name).phi(Y, np.full_like(Y, n)), expected, atol=1e-15)


@pytest.mark.parametrize("name", ["power", "saturating"])
def test_the_sign_stays(name):
    y = np.tile(Y, 100)
    injection = injections.get(name)
    y_dagger = injection.phi(y, injection.draw(np.random.default_rng(0), 3.0, y.size))
    assert np.all(np.sign(y_dagger) == np.sign(y))


@pytest.mark.parametrize("name", injections.names())
def test_the_largest_noise_stays_finite(name):
    injection = injections.get(name)
    for n in (-1e6, 1e6):
        assert np.all(np.isfinite(np.square(injection.phi(Y, np.full_like(Y, n)))))


def test_shrinkage_stays_between_the_value_and_the_draw():
    y, n = np.random.default_rng(0).normal(0, 3, (2, 1000))
    y_dagger = injections.get("shrinkage").phi(y, n)
    assert np.all((np.minimum(y, n) <= y_dagger) & (y_dagger <= np.maximum(y, n)))
