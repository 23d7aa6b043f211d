"""Equal accuracy: against its definitions, and that the arms of a run are found."""

from __future__ import annotations

import numpy as np
import pytest

from nem_cli.paper.equal_accuracy import EPSILONS, Arm, accuracies, best_limit, paired_band


def rng(seed=0):
    return np.random.Generator(np.random.SFC64(seed))


def arm(name, gaps, limit=0.0, sigma=0.0):
    """An arm whose log-likelihood lies so far below 0."""
    gaps = np.asarray(gaps, dtype=float)
    return Arm(name, sigma, -gaps, np.full(len(gaps), limit))


def test_each_accuracy_is_the_first_step_from_which_the_gap_stays_small():
    em = [[9, 4, 2.5, 0.9, 0.4, 0.05, 0.02], [9, 2, 3.5, 0.9, 0.4, 0.4, 0.4]]
    rows = {row.epsilon: row for row in accuracies("p", [arm("em", em)], rng())}
    expected = {3.0: ([2, 3], 0), 1.0: ([3, 3], 0), 0.5: ([4, 4], 0), 0.1: ([5, 6], 0.5), 0.03: ([6, 6], 0.5)}
    for epsilon, (steps, restricted) in expected.items():
        assert rows[epsilon].mean == np.mean(steps)
        assert rows[epsilon].restricted == restricted
        assert rows[epsilon].standard_error == pytest.approx(np.std(steps, ddof=1) / 2**0.5)
    assert rows[0.001].mean == 6
    assert rows[0.001].restricted == 1
    assert np.isnan(rows[3.0].difference.value)


def test_the_limit_is_the_best_of_all_arms_and_degenerate_ends_are_none():
    limits = [np.array(each) for each in ([1, np.nan, np.nan], [2, 3, np.nan])]
    np.testing.assert_array_equal(best_limit(limits), [2, 3, np.nan])


def test_a_better_limit_of_another_arm_counts_against_em():
    em, noisy = arm("em", [[5, 0, 0]] * 4, limit=0.0), arm("additive", [[5, 5, -2]] * 4, limit=2.0, sigma=1.9)
    rows = [row for row in accuracies("p", [em, noisy], rng()) if row.epsilon == 1.0]
    assert [(row.arm, row.mean, row.restricted) for row in rows] == [("em", 2, 1), ("additive", 2, 0)]


def test_differences_are_paired_and_their_band_is_simultaneous():
    random = rng(1)
    truth = np.array([0.0, 0.5, -1.0, 3.0])
    missed = pointwise = 0
    for trial in range(400):
        differences = np.round(truth + random.normal(0, 3, (80, 4))).astype(int)
        mean, low, high = paired_band(differences, rng(trial))
        outside = (truth < low) | (truth > high)
        missed += outside.any()
        pointwise += outside[0]
        np.testing.assert_allclose(mean, differences.mean(axis=0))
    assert missed / 400 < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 400)
    assert pointwise / 400 < 0.04, "each alone is missed less often"


def test_a_difference_without_spread_is_left_out_of_the_band():
    random = rng(2)
    alone = random.integers(-3, 4, size=(60, 1))
    beside = np.concatenate([np.full((60, 1), 2), alone], axis=1)
    _, low, high = paired_band(beside, rng())
    assert low[0] == high[0] == 2
    _, low_alone, high_alone = paired_band(alone, rng())
    assert (low[1], high[1]) == (low_alone[0], high_alone[0])


def test_rows_are_in_the_order_of_the_arms():
    gaps = np.tile([9, 2, 0.02, 0.0], (5, 1))
    rows = accuracies("p", [arm("em", gaps), arm("mean", gaps, sigma=1.9)], rng())
    assert [(row.arm, row.sigma, row.epsilon) for row in rows] == [
        (name, sigma, epsilon) for name, sigma in (("em", 0.0), ("mean", 1.9)) for epsilon in EPSILONS
    ]
    assert all(row.difference.value == row.difference.low == 0 for row in rows[7:])
