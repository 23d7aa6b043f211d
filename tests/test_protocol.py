"""Mean counts against independent simulations: the protocol's table, and the slow reference for other settings."""

from __future__ import annotations

import math

import numpy as np
import pytest
import reference

from nem_cli.experiment.block import run_block
from nem_cli.experiment.config import Experiment
from nem_cli.experiment.load import load
from nem_cli.experiment.plan import Level, levels
from nem_cli.experiment.shipped import shipped_configs

# Section 6 of the protocol: mean count and its standard error, 6,000 trials.
TABLE = [
    ("anem", 0, 10.14, 0.066),
    ("anem", 1.9, 7.52, 0.051),
    ("mnem", 0.44, 7.54, 0.053),
    ("anem", 8, 11.08, 0.051),
    ("mnem", 2, 12.73, 0.052),
    ("anem blind", 1.9, 19.5, 0.11),
    ("mnem blind", 0.44, 14.9, 0.08),
    ("companion-anem", 0, 10.19, 0.007),
    ("companion-anem", 1.9, 7.10, 0.011),
    ("companion-mnem", 0.44, 7.27, 0.015),
    ("companion-anem", 8, 14.67, 0.028),
    ("companion-mnem", 2, 15.10, 0.026),
    ("companion-anem blind", 1.9, 10.78, 0.009),
    ("companion-mnem blind", 0.44, 10.52, 0.009),
    ("data-driven-anem", 0, 11.21, 0.062),
    ("data-driven-anem", 1.9, 8.06, 0.042),
    ("data-driven-mnem", 0.44, 7.89, 0.042),
    ("data-driven-anem blind", 1.9, 26.8, 0.06),
    ("data-driven-mnem blind", 0.44, 18.7, 0.05),
]
TRIALS = 2000


def counts(experiment: Experiment, sigma: float, trials: int) -> np.ndarray:
    level: Level = next(level for level in levels(experiment) if level.sigma == sigma)
    tables = [run_block(level, experiment.seed, block).trials for block in range(level.blocks(trials))]
    return np.concatenate(tables)["iterations"][:trials]


@pytest.mark.parametrize(("protocol", "sigma", "mean", "standard_error"), TABLE)
def test_mean_counts_meet_the_protocols_table(protocol, sigma, mean, standard_error):
    name, _, blind = protocol.partition(" ")
    overrides = [f"sweep.sigma=[{sigma}]", *(["noise.screen=none"] if blind else [])]
    ours = counts(load(shipped_configs()[name], overrides), sigma, TRIALS)
    joint = math.hypot(ours.std(ddof=1) / math.sqrt(TRIALS), standard_error)
    assert abs(ours.mean() - mean) < 4 * joint
    assert 4 * joint < 0.06 * mean  # enough trials to tell


OTHERS = {
    "three components": {
        "mixture": {"weights": [0.3, 0.4, 0.3], "means": [-5, 0, 4], "variances": [1, 2, 1.5]},
        "start": {"weights": [0.2, 0.4, 0.4], "means": [-6, -1, 6], "variances": [6, 6, 6]},
        "sample_size": 120,
    },
    "unequal, small sample": {
        "mixture": {"weights": [0.7, 0.3], "means": [0, 5], "variances": [1, 4]},
        "start": {"weights": [0.5, 0.5], "means": [-1, 6], "variances": [5, 5]},
        "sample_size": 25,
    },
    "one component, means known": {
        "mixture": {"weights": [1.0], "means": [1.0], "variances": [2.0]},
        "start": {"weights": [1.0], "means": [1.0], "variances": [30.0]},
        "sample_size": 60,
        "estimate": ["variances"],
    },
}


@pytest.mark.parametrize("setting", OTHERS)
@pytest.mark.parametrize(
    ("mode", "sigma", "screen", "on_reject"),
    [
        ("additive", 1.5, "every-component", "redraw"),
        ("additive", 1.5, "every-component", "drop"),
        ("multiplicative", 0.4, "every-component", "redraw"),
        ("multiplicative", 0.4, "none", "redraw"),
    ],
)
def test_mean_counts_and_estimates_meet_the_slow_reference(setting, mode, sigma, screen, on_reject):
    tree = {
        "name": "other",
        "noise": {"injection": mode, "screen": screen, "on_reject": on_reject},
        "stop": {"rule": "max-change", "tol": 2.0, "max_iterations": 200},
        "sweep": {"sigma": [sigma]},
        "seed": 5,
    } | OTHERS[setting]
    experiment = Experiment.model_validate(tree)
    level = levels(experiment)[1]
    ours = run_block(level, experiment.seed, 0).trials
    start = [np.array(getattr(experiment.start, name)) for name in ("weights", "means", "variances")]
    mixture = [experiment.mixture.weights, experiment.mixture.means, experiment.mixture.variances]
    rng = np.random.default_rng(11)
    theirs, spreads = [], []
    for _ in range(250):
        y = reference.sample(rng, *mixture, experiment.sample_size)
        count, (_, _, variances) = reference.fit(
            rng, y, start, mode=mode, sigma=sigma, blind=screen == "none", redraw=on_reject == "redraw",
            estimate=experiment.estimate, rule="max-change", tol=2.0, cap=200,
        )  # fmt: skip
        theirs.append(count)
        spreads.append(np.sqrt(variances).sum())
    sound = ours["status"] != 2
    for mine, other in (
        (ours["iterations"], np.array(theirs)),
        (np.sqrt(ours["variances"][sound]).sum(axis=1), np.array(spreads)),
    ):
        joint = math.hypot(mine.std(ddof=1) / math.sqrt(len(mine)), other.std(ddof=1) / math.sqrt(len(other)))
        assert abs(mine.mean() - other.mean()) < 4 * joint
