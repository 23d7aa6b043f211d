"""How often the intervals and the confidence set hold the truth, over many simulated samples (`make test-slow`).

Counts are like those of M-steps: whole numbers, skewed to the right, means of 7 to 10, and much alike on the same data.
The share of 2,000 repetitions has a standard error of about half a per cent.
"""

from __future__ import annotations

import numpy as np
import pytest

from nem_cli.compare.comparison import paired, unpaired
from nem_cli.statistics.optimum import optimum_set

pytestmark = pytest.mark.slow

PAIRS = 2000
RESAMPLES = 2000
DIFFERENCE = 2.5
"""The true difference of means of the simulated pairs."""


def common(rng: np.random.Generator, n: int) -> np.ndarray:
    """What the data make of a trial's count, whatever the mode: mean 7, standard deviation about 4.1."""
    return 2 + rng.negative_binomial(2.4, 2.4 / 7.4, n)


def unpaired_counts(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    return common(rng, n) + rng.poisson(DIFFERENCE, n), common(rng, n)


def paired_counts(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """On the same data, with a correlation of about 0.9."""
    shared = common(rng, n)
    return shared + rng.poisson(DIFFERENCE + 0.5, n), shared + rng.poisson(0.5, n)


@pytest.mark.parametrize("n", [100, 1000])
@pytest.mark.parametrize(("design", "simulate"), [(unpaired, unpaired_counts), (paired, paired_counts)])
def test_95_per_cent_intervals_hold_the_true_difference_in_93_to_97_per_cent(design, simulate, n, record_property):
    held = 0
    for number in range(PAIRS):
        a, b = simulate(np.random.default_rng([n, number]), n)
        held += DIFFERENCE in design(a, b, RESAMPLES, number).interval(0.95)
    record_property("coverage", held / PAIRS)
    print(f"{design.__name__}, n = {n}: {100 * held / PAIRS:.2f} %")
    assert 0.93 <= held / PAIRS <= 0.97


@pytest.mark.parametrize("n", [100, 1000])
def test_the_set_of_levels_holds_the_best_one_in_at_least_93_per_cent(n):
    effects = np.array([1.2, 0.8, 0.55, 0.5, 0.55, 0.7, 1.0])  # flat about its minimum, as the curves are
    held = 0
    for number in range(PAIRS):
        rng = np.random.default_rng([n, number])
        counts = common(rng, n)[:, None] + rng.poisson(effects, (n, len(effects)))
        held += 3 in optimum_set(counts, range(len(effects)), rng).members
    print(f"set of levels, n = {n}: {100 * held / PAIRS:.2f} %")
    assert held / PAIRS >= 0.93
