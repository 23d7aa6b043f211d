"""Mean M-steps of the other systems against separate simulations, within four joint standard errors."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nem_cli.experiment.block import run_block
from nem_cli.experiment.folder import find_config
from nem_cli.experiment.load import load
from nem_cli.experiment.plan import levels

SPHERICAL = [
    "mixture.covariance=spherical", "mixture.variances=[4, 4]", "start.variances=[9, 9]",
]  # fmt: skip
ADDITIVE = (0, 0.5, 1, 1.9, 4, 8)
MULTIPLICATIVE = (0.1, 0.2, 0.44, 1, 2)


def cases():
    """(config, overrides, sigma, mean, standard error)."""
    screen, box = "noise.screen={}".format, ["noise.screen=every-coordinate"]
    for sigma, mean, error in zip(
        ADDITIVE, (7.15, 6.95, 7.56, 8.28, 9.54, 11.18), (0.06, 0.06, 0.05, 0.05, 0.04, 0.04), strict=True
    ):
        yield "planar-anem", box, sigma, mean, error
    for sigma, mean, error in zip(
        MULTIPLICATIVE, (6.91, 7.45, 8.35, 9.75, 11.57), (0.06, 0.05, 0.05, 0.04, 0.04), strict=True
    ):
        yield "planar-mnem", box, sigma, mean, error
    yield "planar-anem", [screen("none")], 1.9, 9.26, 0.06
    yield "planar-anem", [screen("mean-shift")], 1.9, 8.19, 0.05
    yield "planar-anem", [screen("every-component")], 1, 7.97, 0.05
    yield "planar-anem", [screen("every-component")], 1.9, 8.86, 0.05
    yield "planar-anem", [*SPHERICAL, *box], 0, 5.40, 0.04
    yield "planar-anem", [*SPHERICAL, *box], 1, 6.03, 0.03
    yield "planar-anem", [*SPHERICAL, screen("every-component")], 1, 6.56, 0.03
    yield "planar-full", [screen("every-component")], 0, 9.54, 0.12
    yield "planar-full", [screen("every-component")], 1, 9.35, 0.11
    every = [screen("every-component")]
    for sigma, mean, error in zip(
        ADDITIVE, (9.10, 9.22, 9.56, 10.30, 11.21, 12.09), (0.07, 0.07, 0.07, 0.06, 0.06, 0.06), strict=True
    ):
        yield "chain-anem", every, sigma, mean, error
    for sigma, mean, error in zip(
        MULTIPLICATIVE, (9.21, 9.50, 10.43, 11.46, 12.50), (0.07, 0.07, 0.06, 0.06, 0.06), strict=True
    ):
        yield "chain-mnem", every, sigma, mean, error
    yield "chain-anem", [screen("none")], 1.9, 10.06, 0.06
    yield "chain-anem", [screen("mean-shift")], 1.9, 10.49, 0.06
    yield "clusters", box, 0, 11.44, 0.08
    for sigma, all_centroids, assigned, assignment_too in (
        (0.1, 11.45, 11.52, 11.41), (0.25, 11.46, 11.63, 11.34), (0.5, 11.47, 11.77, 11.36), (1, 11.52, 12.09, 11.33),
        (2, 11.71, 12.68, 11.45),
    ):  # fmt: skip
        yield "clusters", box, sigma, all_centroids, 0.08
        yield "clusters", [screen("assigned")], sigma, assigned, 0.08
        yield "clusters", [*box, "noise.enters=e-step"], sigma, assignment_too, 0.08
    yield "clusters", ["stop={rule: labels}"], 0, 12.96, 0.09
    for sigma, flip, drop, mean, blind in (
        (0.05, 34.8, 36.0, 34.8, 37.5), (0.1, 32.7, 34.8, 32.5, 37.5), (0.2, 29.3, 32.6, 29.2, 37.6),
        (0.5, 27.9, 28.6, 27.4, 38.1),
    ):  # fmt: skip
        error = 0.4 if sigma == 0.5 else 0.25
        yield "network", every, sigma, flip, error
        yield "network", [*every, "noise.on_reject=drop"], sigma, drop, error
        yield "network", [screen("mean-shift")], sigma, mean, error
        yield "network", [screen("none")], sigma, blind, error
    yield "network", every, 0, 37.6, 0.2
    yield "network", ["network.rate=1.25"], 0, 31.9, 0.2
    yield "network", ["network.rate=1.5"], 0, 30.8, 0.3
    for sigma, mean in ((0.05, 36.9), (0.1, 37.1), (0.2, 40.6)):
        yield "network", [*every, "network.gradient=simplified"], sigma, mean, 0.3


@pytest.mark.slow
@pytest.mark.parametrize(("name", "overrides", "sigma", "mean", "error"), list(cases()))
def test_mean_m_steps(name, overrides, sigma, mean, error):
    trials = 40 if name == "network" else 1000
    experiment = load(find_config(name), [f"sweep={{sigma: [{sigma}]}}", *overrides], seed=5)
    level = levels(experiment)[-1]
    tables = [run_block(level, experiment.seed, block).trials for block in range(level.blocks(trials))]
    counts = np.concatenate(tables)["iterations"][:trials]
    found, own = counts.mean(), counts.std(ddof=1) / math.sqrt(trials)
    print(f"{name} {' '.join(overrides)} sigma {sigma:g}: {found:.2f} ({own:.2f}), reference {mean:.2f} ({error:.2f})")
    assert abs(found - mean) <= 4 * math.hypot(own, error)
