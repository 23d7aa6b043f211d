"""How often a fit's bootstrap intervals hold the truth, over many simulated data sets (`make test-slow`)."""

from __future__ import annotations

import numpy as np
import pytest

import nem_cli

pytestmark = pytest.mark.slow

DATA_SETS, RESAMPLES = 1000, 400
TRUTH = {"weights": [0.4, 0.6], "means": [-3.0, 3.0], "variances": [1.0, 2.25]}


@pytest.mark.parametrize("kind", ["parametric", "nonparametric"])
def test_95_per_cent_intervals_hold_the_truth_in_90_to_97_per_cent(kind, record_property):
    """n = 200, two components well apart; the share of 1,000 data sets has a standard error of 0.7 per cent."""
    held = {name: np.zeros(2) for name in TRUTH}
    for seed in range(DATA_SETS):
        rng = np.random.default_rng(seed)
        first = rng.random(200) < 0.4
        y = np.where(first, rng.normal(-3, 1, 200), rng.normal(3, 1.5, 200))
        fit = nem_cli.fit(y, 2, start="moments")
        found = nem_cli.bootstrap(fit, y, kind=kind, resamples=RESAMPLES, seed=seed)
        for name, truth in TRUTH.items():
            held[name] += (found.low[name] <= truth) & (truth <= found.high[name])
    for name, count in held.items():
        print(f"{kind}, {name}: {count / DATA_SETS}")
        record_property(name, (count / DATA_SETS).tolist())
        assert np.all((count / DATA_SETS >= 0.90) & (count / DATA_SETS <= 0.97))
