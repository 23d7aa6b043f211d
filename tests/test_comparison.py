"""The statistics of a comparison: bootstrap of differences, and the confidence set of levels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from nem_cli.compare.comparison import CONFIDENCES, Comparison, Side, paired, side_means, unpaired
from nem_cli.experiment.config import Experiment
from nem_cli.experiment.load import load
from nem_cli.experiment.shipped import shipped_configs
from nem_cli.statistics.bootstrap import resampled_means, resampled_sums
from nem_cli.statistics.optimum import METHOD, optimum_set
from nem_cli.statistics.summary import ENOUGH
from nem_cli.terminal.words import words

B = 20_000


def counts(seed: int, n: int, mean: float = 7.5) -> np.ndarray:
    """Whole numbers, skewed to the right like M-steps."""
    return 2 + np.random.default_rng(seed).negative_binomial(4, 4 / (2 + mean), n)


def rng() -> np.random.Generator:
    return np.random.default_rng(11)


# Resampled sums


def test_sums_are_whole_and_means_are_sums_over_n():
    values = counts(1, 300)
    sums = resampled_sums(values, 50, rng())
    assert sums.dtype == np.int64
    assert np.array_equal(resampled_means(values, 50, rng()), sums / 300)


@pytest.mark.parametrize("values", [[-3, 5, 5, 0], [0, 10**9], [4], [7, 7]])
def test_sums_of_negative_wide_and_constant_values_lie_where_they_can(values):
    values = np.array(values)
    possible = {0}
    for _ in values:
        possible = {partial + int(value) for partial in possible for value in values}
    assert set(resampled_sums(values, 200, rng()).tolist()) <= possible


def test_sums_have_the_moments_of_resampling():
    values = counts(2, 400)
    sums = resampled_sums(values, B, rng())
    spread = values.std() * np.sqrt(400)
    assert abs(sums.mean() - values.sum()) < 4 * spread / np.sqrt(B)
    assert sums.std() == pytest.approx(spread, rel=4 / np.sqrt(2 * B))


# Differences


@pytest.mark.parametrize("n", [60, 2000])
@pytest.mark.parametrize("design", ["unpaired", "paired"])
def test_intervals_agree_with_scipys_percentile_bootstrap(design, n):
    a, b = counts(3, n), counts(4, n, mean=7)
    ours = {"unpaired": unpaired, "paired": paired}[design](a, b, B, 0)
    for confidence in CONFIDENCES:
        interval = ours.interval(confidence)
        arguments = {"confidence_level": confidence, "n_resamples": B, "method": "percentile", "batch": 500}
        if design == "paired":
            theirs = stats.bootstrap((a - b,), np.mean, rng=rng(), **arguments)
        else:
            theirs = stats.bootstrap((a, b), lambda x, y, axis: x.mean(axis) - y.mean(axis), rng=rng(), **arguments)
        # A quantile of B draws has a standard error of about .02 (90 %) to .035 (99 %) standard errors of the mean.
        tolerance = 0.2 * theirs.standard_error
        assert (interval.low, interval.high) == pytest.approx(tuple(theirs.confidence_interval), abs=tolerance)
    assert ours.standard_error == pytest.approx(theirs.standard_error, rel=0.05)


def test_p_value_is_that_of_resampling_both_samples_shifted_to_their_common_mean():
    a, b = np.array([3, 4, 4, 5, 9, 7, 6, 2]), np.array([8, 6, 9, 5, 7, 12, 6, 11])
    both = np.concatenate([a, b]).mean()
    shifted = [values - values.mean() + both for values in (a, b)]
    draws = [each[rng().spawn(2)[i].integers(0, 8, (B, 8))].mean(axis=1) for i, each in enumerate(shifted)]
    null = draws[0] - draws[1]  # eighths: no rounding
    extreme = np.count_nonzero(np.abs(null) >= abs(a.mean() - b.mean()))
    expected = (extreme + 1) / (B + 1)
    assert 0.001 < expected < 0.2
    assert unpaired(a, b, B, 0).p_value == pytest.approx(expected, abs=6 * np.sqrt(2 * expected / B))


def test_paired_p_value_is_that_of_resampling_centred_differences():
    differences = np.array([1, -2, 3, 4, 0, 2, 5, -1])
    centred = differences - differences.mean()
    null = centred[rng().integers(0, 8, (B, 8))].mean(axis=1)
    expected = (np.count_nonzero(np.abs(null) >= differences.mean()) + 1) / (B + 1)
    found = paired(differences + 9, np.full(8, 9), B, 0)
    assert 0.001 < expected < 0.2
    assert found.p_value == pytest.approx(expected, abs=6 * np.sqrt(2 * expected / B))


@pytest.mark.parametrize("design", [unpaired, paired])
def test_p_values_are_uniform_enough_under_the_null(design):
    p = np.array([design(counts(10 + i, 300), counts(5000 + i, 300), 400, i).p_value for i in range(400)])
    for level in (0.1, 0.5, 0.9):
        assert abs(np.mean(p <= level) - level) < 4 * np.sqrt(level * (1 - level) / 400) + 0.02


@pytest.mark.parametrize("design", [unpaired, paired])
def test_a_clear_difference_has_the_smallest_p_value_there_is_but_not_zero(design):
    found = design(counts(5, 500), counts(6, 500) + 5, 999, 0)
    assert found.p_value == 1 / 1000
    assert 0.0 not in found.interval(0.99)


def test_the_uncentred_share_is_near_one_half_whatever_the_difference():
    for shift in (0, 1, 5):
        assert unpaired(counts(5, 500), counts(6, 500) + shift, B, 0).p_value_uncentred == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("design", [unpaired, paired])
def test_intervals_are_nested_and_hold_the_difference(design):
    found = design(counts(7, 200), counts(8, 200), 2000, 0)
    ends = [(each.low, each.high) for each in map(found.interval, CONFIDENCES)]
    assert ends[2][0] < ends[1][0] < ends[0][0] < found.difference < ends[0][1] < ends[1][1] < ends[2][1]


def test_common_data_sharpen_the_paired_design_alone():
    common = counts(7, 1000)
    a, b = common + rng().integers(0, 2, 1000), common
    assert paired(a, b, 100, 0).standard_error < 0.2 * unpaired(a, b, 100, 0).standard_error


def test_the_same_seed_gives_the_same_numbers():
    a, b = counts(1, 50), counts(2, 50)
    assert np.array_equal(unpaired(a, b, 100, 3).replicates, unpaired(a, b, 100, 3).replicates)
    assert not np.array_equal(unpaired(a, b, 100, 3).replicates, unpaired(a, b, 100, 4).replicates)


def test_unpaired_samples_may_differ_in_size():
    found = unpaired(counts(1, 50), counts(2, 300), 2000, 0)
    assert found.difference == pytest.approx(counts(1, 50).mean() - counts(2, 300).mean())
    assert found.replicates.std() == pytest.approx(found.standard_error, rel=0.1)


def test_a_side_compared_with_itself_differs_by_nothing():
    a = counts(1, 50)
    found = paired(a, a, 100, 0)
    assert (found.difference, found.standard_error, found.p_value) == (0, 0, 1)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000)), min_size=2, max_size=20))
def test_swapping_the_sides_turns_the_sign(rows):
    a, b = np.array(rows).T
    there, back = paired(a, b, 50, 0), paired(b, a, 50, 0)
    assert there.difference == -back.difference
    assert there.standard_error == back.standard_error
    for found in (there, back, unpaired(a, b, 50, 0)):
        assert 0 < found.p_value <= 1
        assert 0 <= found.p_value_uncentred <= 1


# The confidence set of levels


def columns(n: int, *means: float) -> np.ndarray:
    """Paired counts: common data make levels alike."""
    common = counts(1, n)
    return np.column_stack([common + np.random.default_rng(i).poisson(mean, n) for i, mean in enumerate(means)])


def test_a_clearly_best_level_stands_alone():
    found = optimum_set(columns(1000, 5, 1, 3), [0.1, 0.2, 0.3], rng())
    assert (found.best, found.members) == (0.2, (0.2,))


def test_levels_that_are_alike_stay_together():
    found = optimum_set(columns(1000, 5, 1, 1.01, 1.02), [0.1, 0.2, 0.3, 0.4], rng())
    assert found.members == (0.2, 0.3, 0.4)
    assert found.best in found.members


def test_of_equal_means_the_smaller_sigma_is_best_and_both_are_members():
    same = counts(1, 100)
    found = optimum_set(np.column_stack([same, same, same + 1]), [0.2, 0.1, 0.3], rng())
    assert (found.best, found.members) == (0.1, (0.2, 0.1))  # a constant difference has no spread: it is certain


def test_one_level_is_the_set():
    assert optimum_set(counts(1, 100)[:, None], [0.5], rng()).members == (0.5,)


@pytest.mark.parametrize(("levels", "confidence"), [(2, 0.95), (10, 0.95), (10, 0.9), (24, 0.99)])
def test_the_critical_values_are_dunnetts_where_levels_are_independent_and_alike(levels, confidence):
    """One level against levels - 1 others, correlation 1/2: the one-sided Dunnett (1955) problem.

    Given the one level's normal z the others are independent: P(all below c) is the
    mean of Phi(sqrt(2) c + z)^(levels - 1).
    """
    values = np.random.default_rng(3).poisson(8, (20_000, levels))
    z, weights = np.polynomial.hermite_e.hermegauss(60)
    found = optimum_set(values, range(levels), rng(), confidence=confidence)
    assert len(found.critical_values) == levels
    for critical in found.critical_values[:3]:
        all_below = stats.norm.cdf(np.sqrt(2) * critical + z) ** (levels - 1)
        assert np.average(all_below, weights=weights) == pytest.approx(confidence, abs=0.01)


def test_the_set_narrows_with_more_trials():
    few, many = (optimum_set(columns(n, 1.2, 1.1, 1, 1.1, 1.2), [1, 2, 3, 4, 5], rng()) for n in (30, 30_000))
    assert set(many.members) < set(few.members)
    assert many.members == (3,)


# What is said of a comparison


def comparison(a: np.ndarray, b: np.ndarray, other: np.ndarray, **overrides: object) -> Comparison:
    first: Experiment = load(shipped_configs()["anem"], **overrides)
    second: Experiment = load(shipped_configs()["mnem"], **overrides)
    sweep = optimum_set(columns(100, 3, 1, 2), [1, 2, 3], rng())
    return Comparison(
        Side("additive", first, sweep, a + 3, a, side_means(a, 500, 0)),
        Side("multiplicative", second, sweep, b + 3, b, side_means(b, 500, 0)),
        paired=paired(a, b, 500, 0),
        unpaired=unpaired(a, other, 500, 0),
        bootstraps=500,
        seed=0,
    )


def conclusion(comparison: Comparison) -> str:
    return words("compare", "words.txt", c=comparison, notes=False, enough=ENOUGH, method=METHOD)


def test_the_conclusion_names_the_mode_that_needs_fewer():
    a = counts(1, 1000)
    assert "additive at its optimum needs 2.00 fewer M-steps than mult" in conclusion(comparison(a, a + 2, a + 2))
    assert "multiplicative at its optimum needs 2.00 fewer M-steps than add" in conclusion(comparison(a + 2, a, a))


def test_the_conclusion_takes_no_significance_for_no_evidence():
    a = counts(1, 100)
    text = conclusion(comparison(a, np.roll(a, 1), np.roll(a, 2)))
    assert "don't settle" in text
    assert "isn't evidence of no difference" in text


def test_the_conclusion_says_where_the_unpaired_design_misses_what_the_paired_shows():
    a = counts(1, 100)
    b = a + (rng().random(100) < 0.3)
    assert "doesn't show it" in conclusion(comparison(a, b, counts(2, 100)))
    assert "shows it too" in conclusion(comparison(a, a + 5, a + 5))


def test_the_conclusion_of_a_side_compared_with_itself():
    a = counts(1, 100)
    assert "equally many M-steps in each of 100 fresh trials" in conclusion(comparison(a, a, counts(2, 100)))


def test_no_m_steps_leave_the_speed_up_null():
    experiment = load(shipped_configs()["anem"])
    none = np.zeros(5, dtype=int)
    sweep = optimum_set(columns(10, 1), [1], rng())
    assert Side("a", experiment, sweep, none, none, side_means(none, 10, 0)).speedup_percent is None


def test_the_papers_intervals_turn_with_the_order_of_the_modes():
    a = counts(1, 20)
    here = comparison(a, a, a)
    there = Comparison(here.b, here.a, here.paired, here.unpaired, 500, 0)
    assert here.published == ((-0.40, 0.02), (-0.44, 0.06), (-0.52, 0.13))
    assert there.published == ((-0.02, 0.40), (-0.06, 0.44), (-0.13, 0.52))


def test_the_papers_intervals_are_not_shown_for_another_mixture():
    a = counts(1, 20)
    other = {"weights": [0.5, 0.5], "means": [-1, 1], "variances": [4, 4]}
    assert comparison(a, a, a, mixture=other).published is None
