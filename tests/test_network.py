"""A network: its gradient by differences and against scikit-learn, and noise on its targets."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from command_line import invoke
from models import noise_of
from scipy import stats
from sklearn.neural_network import MLPClassifier

from nem_cli.em import algorithm
from nem_cli.em.families.network import Network
from nem_cli.em.latents.forward import Forward
from nem_cli.em.model import Model
from nem_cli.errors import ConfigError
from nem_cli.experiment.load import load
from nem_cli.experiment.registry import starts, stop_rules
from nem_cli.experiment.runner import Workers
from nem_cli.experiment.shipped import shipped_configs
from nem_cli.statistics.run import Run
from nem_cli.sweep.sweep import sweep

ROOT = Path(__file__).parents[1]

SIZES = (5, 4, 3, 3)


def network(loss="cross-entropy", rate=1.0, sizes=SIZES, **settings):
    return Model(Forward(), Network(sizes, rate, loss, **settings))


def data(trials=2, samples=30, seed=0):
    rng = np.random.default_rng(seed)
    y = np.concatenate([rng.normal(size=(samples, 5)), np.eye(3)[rng.integers(0, 3, samples)]], axis=1)
    return np.broadcast_to(y, (trials, samples, 8))


def weights(model, trials=2, seed=1):
    return starts.get("random-weights").theta(np.random.default_rng(seed), model, data(trials), None, None)


def problem(model, noise=None, cap=1, rule="never", tol=0.0):
    return algorithm.Problem(model, noise or noise_of(), frozenset(model.estimable), stop_rules.get(rule), tol, cap)


@pytest.mark.parametrize("loss", ["cross-entropy", "squared-error"])
def test_a_step_is_down_the_gradient_by_differences(loss):
    model, y = network(loss, rate=0.7), data()
    theta = weights(model)
    after = algorithm.fit(problem(model), y, theta, None).theta
    for name in model.estimable:
        moved = (theta.arrays[name] - after.arrays[name]) / 0.7
        for index in list(np.ndindex(*theta.arrays[name].shape[1:]))[:5]:
            ends = []
            for step in (1e-5, -1e-5):
                shifted = theta.copy()
                shifted.arrays[name][(slice(None), *index)] += step
                ends.append(model.family.mean_loss(y, shifted))
            np.testing.assert_allclose(moved[(slice(None), *index)], (ends[0] - ends[1]) / 2e-5, atol=1e-8)


def test_steps_are_those_of_scikit_learn():
    model, y = network(sizes=(5, 4, 3), rate=0.5), data()
    theta = weights(model)
    inputs, classes = y[0, :, :5], y[0, :, 5:].argmax(axis=1)
    oracle = MLPClassifier(
        (4,), "tanh", solver="sgd", alpha=0, momentum=0, learning_rate_init=0.5, batch_size=30, shuffle=False
    )
    oracle.partial_fit(inputs, classes, classes=[0, 1, 2])
    oracle.coefs_ = [theta.weights_1[0].copy(), theta.weights_2[0].copy()]
    oracle.intercepts_ = [theta.biases_1[0].copy(), theta.biases_2[0].copy()]
    oracle._optimizer.params = oracle.coefs_ + oracle.intercepts_
    for _ in range(5):
        oracle.partial_fit(inputs, classes)
    after = algorithm.fit(problem(model, cap=5), y, theta, None)
    for name, expected in zip(
        model.estimable, [oracle.coefs_[0], oracle.intercepts_[0], oracle.coefs_[1], oracle.intercepts_[1]], strict=True
    ):
        np.testing.assert_allclose(after.theta.arrays[name][0], expected, atol=1e-8)
    assert after.log_likelihood[0] == pytest.approx(np.log(oracle.predict_proba(inputs))[range(30), classes].sum())


def test_the_gradient_with_noise_is_of_the_noisy_loss():
    """-sum_c (t + n)_c ln a_c has the gradient a sum(t + n) - (t + n) at the logits, which the simplification isn't."""
    model, y = network(rate=1.0), data(1)
    theta = weights(model, 1)
    noisy = y.copy()
    noisy[..., 5:] += np.random.default_rng(3).normal(size=(1, 30, 3))
    sums = model.sums(theta)
    sums.add(slice(0, 1), noisy[..., 5:], model.posterior(y, theta), theta)
    ends = []
    for step in (1e-5, -1e-5):
        shifted = theta.copy()
        shifted.arrays["biases_3"][0, 1] += step
        ends.append(model.family.mean_loss(noisy, shifted)[0] * 30)
    assert sums.statistics.arrays["biases_3"][0, 1] == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-6)
    simple = network(gradient="simplified").sums(theta)
    simple.add(slice(0, 1), noisy[..., 5:], model.posterior(y, theta), theta)
    assert not np.allclose(simple.statistics.arrays["biases_3"], sums.statistics.arrays["biases_3"])


def sampled(noise, loss="cross-entropy", trials=400):
    """Noise on the targets of one sample, many times over; with the sample's log-outputs or errors."""
    model = network(loss)
    y = np.broadcast_to(data(1, 1), (trials, 50, 8))
    theta = weights(model, 1).take(np.zeros(trials, dtype=int))
    known = model.posterior(y, theta)
    n = noise.sample(np.random.default_rng(0), model, y, theta, known, 1)
    return n.n.reshape(-1, 3), model, known, y


def test_flipped_noise_has_the_law_conditioned_on_the_half_space():
    n, _, known, _ = sampled(noise_of("additive", 0.5))
    normal = known.log_output[0, 0]
    assert np.all(n @ normal >= 0)
    plain = 0.5 * np.random.default_rng(9).standard_normal((200_000, 3))
    kept = plain[plain @ normal >= 0]
    rng = np.random.default_rng(1)
    for direction in (*np.eye(3), normal, rng.normal(size=3)):
        assert stats.ks_2samp(n @ direction, kept[:20_000] @ direction).pvalue > 1e-4
    mean = sampled(noise_of("additive", 0.5, "mean-shift"))[0][0]
    np.testing.assert_allclose(mean, 0.5 * np.sqrt(2 / np.pi) * normal / np.linalg.norm(normal))
    np.testing.assert_allclose(mean, n.mean(axis=0), atol=5 * 0.5 / np.sqrt(len(n)))


def test_dropped_noise_is_nothing_where_it_fails():
    n, _, known, _ = sampled(noise_of("additive", 0.5, on_reject="drop"))
    assert np.mean(np.all(n == 0, axis=1)) == pytest.approx(0.5, abs=0.02)
    assert np.all(n @ known.log_output[0, 0] >= 0)


@pytest.mark.parametrize("screen", ["every-component", "posterior-average", "every-coordinate"])
def test_squared_error_has_a_ball(screen):
    n, _, known, y = sampled(noise_of("additive", 0.5, screen), "squared-error", trials=20)
    centre = (known.output - y[..., 5:]).reshape(-1, 3)
    assert np.all(((n - centre) ** 2).sum(axis=1) <= (centre**2).sum(axis=1) * (1 + 1e-12))
    assert np.mean(n.any(axis=1)) > 0.9


@pytest.mark.parametrize("loss", ["cross-entropy", "squared-error"])
@pytest.mark.parametrize("screen", ["every-component", "every-coordinate", "reversed"])
def test_noise_meets_the_definition(loss, screen):
    noise = noise_of("additive", 0.3, screen)
    n, model, known, y = sampled(noise, loss, trials=5)
    noisy = y.copy()
    noisy[..., 5:] += n.reshape(5, 50, 3)
    gain = model.family.expected_log(noisy, None, known) - model.family.expected_log(y, None, known)
    assert np.all((-gain if screen == "reversed" else gain) >= -1e-12)


def test_multiplicative_noise_only_touches_the_own_class():
    n, _, known, y = sampled(noise_of("multiplicative", 0.5))
    targets = y[0, 0, 5:]
    moved = targets * n - targets
    assert np.all(moved[:, targets == 0] == 0)
    assert np.all(moved @ known.log_output[0, 0] >= 0)


def test_the_loss_rule_ends_below_its_value():
    from nem_cli.em.stops import LossBelow

    model, y = network(rate=0.5), data()
    theta = weights(model)
    task = algorithm.Problem(model, noise_of(), frozenset(model.estimable), LossBelow(0.6), 0.0, 2000)
    fits = algorithm.fit(task, y, theta, None)
    assert np.all(model.family.mean_loss(y, fits.theta) < 0.6)
    before = algorithm.fit(problem(model, cap=int(fits.iterations[0]) - 1), y[:1], theta.take(slice(0, 1)), None)
    assert model.family.mean_loss(y[:1], before.theta)[0] >= 0.6


def test_start_weights_have_the_spread_of_the_fan_in():
    model = network(sizes=(64, 20, 10))
    theta = weights(model, 50)
    assert theta.weights_1.std() == pytest.approx(1 / 8, rel=0.02)
    assert theta.weights_2.std() == pytest.approx(1 / np.sqrt(20), rel=0.05)
    assert not theta.biases_1.any()


def test_results_are_read_without_scikit_learn_and_trials_ask_for_it(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    experiment = load(shipped_configs()["network"], ["trials=4"])
    assert Run.open(ROOT / "results" / "network").experiment.system == experiment.system
    with pytest.raises(ConfigError, match=r"nem-cli\[data\]"):
        sweep(experiment, out=tmp_path, workers=Workers(1))
    for arguments in (("check", "network"), ("figures", "--all", "--out", str(tmp_path / "all"))):
        refused = invoke(*arguments)
        assert refused.exit_code == 2
        assert "nem-cli[data]" in refused.stderr
    assert not (tmp_path / "all").exists()
