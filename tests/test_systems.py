"""Systems as configs: bad input, columns, measures; and screens in several dimensions against their definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models import noise_of

from nem_cli.em.families.gaussian_nd import COVARIANCES, Unit
from nem_cli.em.latents.hard import Hard
from nem_cli.em.latents.independent import Independent
from nem_cli.em.model import Model
from nem_cli.em.sets import Box
from nem_cli.errors import ConfigError
from nem_cli.experiment.block import run_block, trial_columns
from nem_cli.experiment.plan import levels, validate
from nem_cli.experiment.registry import screens

bounded = settings(max_examples=50, deadline=None)
PLANAR = {
    "name": "planar",
    "mixture": {"covariance": "diagonal", "weights": [0.5, 0.5], "means": [[-2, -2], [2, 2]],
                "variances": [[4, 4], [4, 4]]},
    "sample_size": 50,
    "noise": {"screen": "every-coordinate"},
}  # fmt: skip
FULL = {
    "name": "full",
    "mixture": {"covariance": "full", "weights": [0.5, 0.5], "means": [[-2, -2], [2, 2]],
                "covariances": [[[4, 1], [1, 4]], [[4, 0], [0, 4]]]},
    "sample_size": 50,
}  # fmt: skip
CHAIN = {
    "name": "chain",
    "chain": {"initial": [0.5, 0.5], "transitions": [[0.9, 0.1], [0.1, 0.9]], "means": [-2, 2], "variances": [4, 4]},
    "sample_size": 50,
}
CLUSTERS = {
    "name": "clusters",
    "clusters": {"weights": [0.5, 0.5], "means": [[-2, -2], [2, 2]], "variances": [1, 1]},
    "sample_size": 50,
    "stop": {"rule": "labels"},
}
NETWORK = {
    "name": "network",
    "network": {"data": "digits", "train": 60, "test": 40, "hidden": [5]},
    "stop": {"rule": "loss", "below": 1.0},
}


def merged(config, change):
    """A config with some settings changed, one level deep where they are mappings; None takes one away."""
    tree = {**config}
    for key, value in change.items():
        together = {**tree.get(key, {}), **value} if isinstance(value, dict) else value
        tree[key] = {k: v for k, v in together.items() if v is not None} if isinstance(value, dict) else value
    return tree


@pytest.mark.parametrize(
    ("config", "change", "message"),
    [
        (PLANAR, {"mixture": {"means": [[-2, -2], [2]]}}, "mixture.means: must be lists of one length"),
        (PLANAR, {"mixture": {"means": [-2, 2]}}, "mixture: means must be lists"),
        (PLANAR, {"mixture": {"means": [[-2, -2], [2, 2], [0, 0]]}}, "mixture.means: must have 2 numbers, as many as"),
        (PLANAR, {"mixture": {"variances": [4, 4]}}, "mixture.variances: must have a list of numbers a component"),
        (PLANAR, {"mixture": {"variances": [[4, -1], [4, 4]]}}, "every variance must be above 0, but one is -1.0"),
        (PLANAR, {"mixture": {"covariance": "round"}}, "mixture.covariance: input should be 'spherical'"),
        (PLANAR, {"mixture": {"family": "exponential"}}, "only family gaussian has covariances"),
        (PLANAR, {"mixture": {"covariance": None}}, "mixture.means: must have a number a component"),
        (PLANAR, {"start": {"weights": [0.5, 0.5], "means": [[-3, -3], [3, 3]]}}, "start has no variances"),
        (PLANAR, {"start": {"weights": [1], "means": [[0, 0]], "variances": [[1, 1]]}}, "start has 1 components, but"),
        (PLANAR, {"start": "random-weights"}, "start: only a network has weights to draw"),
        (PLANAR, {"stop": {"rule": "labels"}}, "stop.rule: samples have labels in k-means alone"),
        (PLANAR, {"stop": {"rule": "loss", "below": 1.0}}, "stop.rule: only a network has a loss"),
        (PLANAR, {"stop": {"below": 1.0}}, "stop.below: rule loss needs below"),
        (PLANAR, {"noise": {"screen": "assigned"}}, "noise.screen: samples are assigned to components by k-means"),
        (PLANAR, {"estimate": ["covariances"]}, "estimate holds covariances"),
        (PLANAR, {"chain": CHAIN["chain"]}, "just one of mixture, chain, clusters, network"),
        (FULL, {"mixture": {"covariances": [[[4, 0], [0, 4]], [[1, 2], [2, 1]]]}}, "covariance 2 isn't symmetric and"),
        (FULL, {"mixture": {"covariances": [[[4, 1], [0, 4]]] * 2}}, "covariance 1 isn't symmetric and positive"),
        (FULL, {"mixture": {"covariances": [[[4]], [[4]]]}}, "mixture.covariances: must have 2 by 2 numbers"),
        (FULL, {"noise": {"screen": "every-coordinate"}}, "noise.screen: noise that suits every coordinate alone"),
        (FULL, {"noise": {"screen": "mean-shift"}}, "noise.screen: this screen needs a closed form"),
        (CHAIN, {"chain": {"transitions": [[0.9, 0.2], [0.1, 0.9]]}}, "chain.transitions: row 1 must sum to 1"),
        (CHAIN, {"chain": {"transitions": [[0.9, 0.1, 0], [0.1, 0.9, 0]]}}, "row 1 of 2 has 3 numbers"),
        (CHAIN, {"chain": {"transitions": [[1.5, -0.5], [0.1, 0.9]]}}, "no probability may be below 0"),
        (CHAIN, {"chain": {"initial": [0.5, 0.6]}}, "chain.initial: must sum to 1"),
        (CHAIN, {"chain": {"weights": [0.5, 0.5]}}, "chain.weights: unknown setting"),
        (CHAIN, {"start": {"weights": [0.5, 0.5], "means": [-1, 1], "variances": [1, 1]}}, "start has weights, but"),
        (CLUSTERS, {"stop": {"tol": 2}}, "stop.tol: rule labels takes no tolerance"),
        (CLUSTERS, {"noise": {"screen": "assigned", "enters": "e-step"}}, "needs noise that enters the m-step"),
        (CLUSTERS, {"noise": {"enters": "both"}}, "noise.enters: input should be 'm-step' or 'e-step'"),
        (NETWORK, {"network": {"data": "letters"}}, "network.data: input should be 'digits'"),
        (NETWORK, {"network": {"train": 1700, "test": 500}}, "network.test: there are 1,797 digits"),
        (NETWORK, {"start": "moments"}, "start: a network's weights are drawn; use random-weights"),
        (NETWORK, {"start": {"means": [0]}}, "a network's weights are drawn"),
        (NETWORK, {"sample_size": 7}, "sample_size is 7, but network has 60 samples"),
        (NETWORK, {"noise": {"enters": "e-step"}}, "noise.enters: what the E-step knows doesn't depend on"),
        (NETWORK, {"stop": {"below": None}}, "stop.below: rule loss needs below"),
    ],
)
def test_bad_input_is_one_message(config, change, message):
    with pytest.raises(ConfigError) as caught:
        validate(merged(config, change))
    assert message in str(caught.value)


@pytest.mark.parametrize("config", [PLANAR, FULL, CHAIN, CLUSTERS, NETWORK], ids=lambda config: config["name"])
def test_a_block_is_as_its_columns_say_and_the_same_again(config, small_blocks):
    level = levels(validate(merged(config, {"sweep": {"sigma": [0.5]}, "stop": {"max_iterations": 20}})))[1]
    one, again = (run_block(level, 7, 0).trials for _ in range(2))
    assert one.tobytes() == again.tobytes()
    names = [name for name, _, _ in trial_columns(level.trial)]
    assert len(set(names)) == len(names)
    for _, field, index in trial_columns(level.trial):
        assert np.isfinite(one[field][(slice(None), *index)]).all()


def test_what_is_kept_of_each_system():
    def columns(config):
        return [name for name, _, _ in trial_columns(levels(validate(config))[0].trial)]

    assert columns(PLANAR)[:4] == ["weight_1", "weight_2", "mean_1_1", "mean_1_2"]
    assert columns(FULL)[-6:-3] == ["covariance_1_11", "covariance_1_12", "covariance_1_22"]
    assert columns(CHAIN)[:6] == [
        "initial_1", "initial_2", "transition_11", "transition_12", "transition_21", "transition_22",
    ]  # fmt: skip
    assert columns(CLUSTERS)[4:] == ["sum_of_squares", "sum_of_squares_run_on"]
    assert columns(NETWORK) == ["training_error", "test_loss", "test_error"]


def test_measures_of_clusters_and_of_a_network():
    trials = run_block(levels(validate(merged(CLUSTERS, {"stop": {"rule": "euclidean"}})))[0], 1, 0).trials
    assert np.all(trials["sum_of_squares_run_on"] <= trials["sum_of_squares"] + 1e-9)
    network = run_block(levels(validate(NETWORK))[0], 1, 0).trials
    assert network["training_error"].mean() < network["test_error"].mean() < 0.7
    assert np.all(network["test_loss"] > 0.5)


@st.composite
def clouds(draw, covariance):
    """A mixture in two dimensions and samples about it, some of them at its means."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    components = draw(st.integers(1, 4))
    factors = rng.normal(size=(components, 2, 2)) + 0.2 * np.eye(2)
    values = {
        "weights": rng.dirichlet(np.full(components, 3.0)),
        "means": rng.normal(0, 4, (components, 2)),
        "variances": rng.uniform(0.1, 9, components if covariance == "spherical" else (components, 2)),
        "covariances": factors @ factors.transpose(0, 2, 1) + 0.05 * np.eye(2),
    }
    model = Model(Hard(), Unit()) if covariance == "unit" else Model(Independent(), COVARIANCES[covariance])
    theta = model.theta(values)
    y = np.concatenate([rng.normal(0, 6, (1, 30, 2)), theta.means], axis=1)
    return model, theta, y


def gains(model, theta, y, y_dagger):
    """log f(y+ | j) - log f(y | j), shape (K, samples)."""
    return (model.family.log_densities(y_dagger, theta) - model.family.log_densities(y, theta))[:, 0]


@bounded
@given(st.data(), st.sampled_from(["spherical", "diagonal", "unit"]))
def test_the_box_implies_the_definition(data, covariance):
    model, theta, y = data.draw(clouds(covariance))
    known = model.posterior(y, theta)
    box = screens.get("every-coordinate").admissible(model.family, y, theta, known)
    assert isinstance(box, Box)
    share = np.random.default_rng(data.draw(st.integers(0, 2**32))).uniform(size=y.shape)
    gain = gains(model, theta, y, y + share * box.reach)
    assert np.all(gain >= -1e-9 * (1 + np.abs(y).max() ** 2 / 0.1))


@bounded
@given(
    st.data(), st.sampled_from(["spherical", "diagonal", "full", "unit"]),
    st.sampled_from(["every-component", "every-coordinate", "posterior-average", "reversed", "assigned"]),
    st.sampled_from(["additive", "multiplicative", "saturating"]), st.sampled_from(["redraw", "drop"]),
    st.floats(0.05, 5), st.integers(0, 2**32),
)  # fmt: skip
def test_accepted_noise_meets_its_definition(data, covariance, screen, injection, on_reject, sigma, seed):
    model, theta, y = data.draw(clouds(covariance))
    noise = noise_of(injection, sigma, screen, on_reject=on_reject)
    try:
        noise.check(model)
    except ConfigError:
        assert screen in ("every-coordinate", "assigned")
        return
    known = model.posterior(y, theta)
    sampled = noise.sample(np.random.default_rng(seed), model, y, theta, known, 1)
    y_dagger = noise.injection.phi(y, sampled.n)
    gain = gains(model, theta, y, y_dagger)
    slack = 1e-9 * (1 + (np.abs(y).max() + np.abs(y_dagger).max()) ** 2 / 0.05)
    r = known.responsibilities[:, 0]
    either = noise.screen.admits(gain + slack, r) | noise.screen.admits(gain - slack, r)
    assert either.all()


def test_the_box_is_not_valid_for_full_covariances():
    """P = [[1, -.9], [-.9, 1]], c = (1, .5), n = (0, .5): between 0 and 2 c, and less probable."""
    covariance = np.linalg.inv([[1, -0.9], [-0.9, 1]])
    model = Model(Independent(), COVARIANCES["full"])
    theta = model.theta({"weights": [1.0], "means": [[1.0, 0.5]], "covariances": [covariance]})
    y = np.zeros((1, 1, 2))
    assert gains(model, theta, y, y + np.array([0.0, 0.5]))[0, 0] < 0


def test_redraw_by_the_definition_has_the_law_of_the_box_in_one_coordinate():
    """Where all means agree in a coordinate, noise in it can't be admitted by the box, and is by the definition."""
    model = Model(Independent(), COVARIANCES["spherical"])
    theta = model.theta({"weights": [0.5, 0.5], "means": [[2.0, 0.0], [4.0, 0.0]], "variances": [1.0, 1.0]})
    y = np.zeros((1, 2000, 2))
    known = model.posterior(y, theta)
    box = noise_of("additive", 1.0, "every-coordinate").sample(np.random.default_rng(0), model, y, theta, known, 1)
    whole = noise_of("additive", 1.0).sample(np.random.default_rng(0), model, y, theta, known, 1)
    assert np.all(box.n[..., 1] == 0)
    assert box.draws == 0
    assert np.mean(whole.n[..., 1] != 0) > 0.99
    assert 0 < whole.accepted / whole.draws < 1
