"""Summaries and the bootstrap."""

from __future__ import annotations

import csv
import io
import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from made import MadeJournal, dtype_of, ended
from scipy import stats

from nem_cli.experiment.plan import levels, validate
from nem_cli.statistics.bootstrap import (
    JOINT_LIMIT,
    jointly_resampled_means,
    means_beside_em,
    percentile_interval,
    resampled_means,
    resampled_sums,
)
from nem_cli.statistics.summary import summarise
from nem_cli.statistics.tables import read_summary, summary_csv, trials_header, trials_lines


def counts(n, seed=0):
    rng = np.random.default_rng(seed)
    em = rng.negative_binomial(6, 0.4, n) + 1
    return em, np.maximum(1, em - rng.integers(0, 5, n))


@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_both_ways_of_resampling_agree_with_scipy(confidence):
    em, nem = counts(400)
    oracle = stats.bootstrap(
        (nem,),
        np.mean,
        confidence_level=confidence,
        n_resamples=20_000,
        method="percentile",
        rng=np.random.default_rng(1),
    ).confidence_interval
    rng = np.random.default_rng(2)
    single = resampled_means(nem, 20_000, rng)
    paired = resampled_means(np.column_stack([em, nem]), 20_000, rng)
    joint = jointly_resampled_means(np.column_stack([em, nem]), 20_000, rng)
    for replicates in (single, paired[:, 1], joint[:, 1]):
        np.testing.assert_allclose(percentile_interval(replicates, confidence), oracle, atol=0.03)
    theirs = stats.bootstrap(
        (em, nem),
        lambda a, b, axis: 100 * (1 - b.mean(axis=axis) / a.mean(axis=axis)),
        paired=True,
        vectorized=True,
        n_resamples=20_000,
        confidence_level=confidence,
        method="percentile",
        rng=np.random.default_rng(3),
    ).confidence_interval
    for replicates in (paired, joint):
        speedup = 100 * (1 - replicates[:, 1] / replicates[:, 0])
        np.testing.assert_allclose(percentile_interval(speedup, confidence), theirs, atol=0.15)


@pytest.mark.parametrize("trials", [1000, JOINT_LIMIT + 1])
def test_a_levels_bootstrap_means_do_not_depend_on_the_other_levels(trials):
    em, nem = counts(trials)
    (alone,) = means_beside_em(em, [nem], resamples=50, seed=7)
    *_, among_others = means_beside_em(em, [em, em + 1, nem], resamples=50, seed=7)
    np.testing.assert_array_equal(alone, among_others)


def test_resampled_means_have_the_sampling_distribution():
    em, nem = counts(1000)
    for replicates in (
        resampled_means(np.column_stack([em, nem]), 5000, np.random.default_rng(0)),
        jointly_resampled_means(np.column_stack([em, nem]), 5000, np.random.default_rng(0)),
    ):
        expected = np.cov(em, nem, ddof=0) / 1000
        np.testing.assert_allclose(np.cov(replicates.T), expected, rtol=0.1)
        np.testing.assert_allclose(replicates.mean(axis=0), [em.mean(), nem.mean()], atol=0.02)


EXPERIMENT = validate(
    {
        "name": "made-up",
        "mixture": {"weights": [0.5, 0.5], "means": [-2, 2], "variances": [4, 4]},
        "sample_size": 50,
        "sweep": {"sigma": [1, 2]},
    }
)


def summary(tables, draws=0, accepted=0):
    plan = levels(EXPERIMENT)
    chosen = dict(zip([level.key for level in plan], tables, strict=True))
    experiment = EXPERIMENT.model_copy(update={"trials": len(tables[0])})
    return summarise(experiment, plan, MadeJournal(lambda level: chosen[level.key], draws, accepted))


def test_a_row_holds_what_the_trials_say():
    em, nem = counts(300)
    status = np.zeros(300, dtype=np.uint8)
    status[:3], status[3:5] = 2, 1
    likelihood = np.linspace(-400, -300, 300)
    tables = [
        ended(em, 0, likelihood),
        ended(nem, status, likelihood - 0.25),
        ended(em, 0, likelihood),
    ]
    baseline, row, same = summary(tables, draws=10, accepted=5)
    assert (row.trials, row.converged, row.max_iterations, row.degenerate) == (300, 295, 2, 3)
    assert row.mean_iterations == pytest.approx(nem.mean())
    assert row.standard_error == pytest.approx(nem.std(ddof=1) / np.sqrt(300))
    assert row.ci_low < row.mean_iterations < row.ci_high
    assert row.speedup_percent == pytest.approx(100 * (1 - nem.mean() / em.mean()))
    assert row.speedup_ci_low < row.speedup_percent < row.speedup_ci_high
    assert row.log_likelihood_gap == pytest.approx(-0.25)
    assert row.log_likelihood_gap_se == pytest.approx(0, abs=1e-12)
    assert row.median_iterations == np.median(nem)
    assert row.mean_iterations_converged == pytest.approx(nem[5:].mean())
    assert row.acceptance_rate == 0.5
    assert (baseline.speedup_percent, baseline.speedup_ci_low, baseline.speedup_ci_high) == (0, 0, 0)
    assert same.speedup_percent == 0
    assert same.ci_low == baseline.ci_low  # the same resamples for every level


def test_what_cannot_be_had_is_none_and_an_empty_cell():
    one = ended([0], 2, np.inf)
    rows = summary([one, one, one])
    assert rows[1].speedup_percent is None
    assert rows[1].standard_error is None
    assert rows[1].log_likelihood_gap is None
    text = summary_csv(rows)
    assert "nan" not in text.lower()
    assert read_summary(text, levels(EXPERIMENT)) == rows


def test_summary_csv_has_the_contracts_columns_first():
    em, nem = counts(50)
    rows = summary([ended(each) for each in (em, nem, em)])
    header = next(csv.reader(io.StringIO(summary_csv(rows))))
    assert header[:15] == [
        "sigma", "trials", "converged", "max_iterations", "degenerate", "mean_iterations", "standard_error", "ci_low",
        "ci_high", "speedup_percent", "speedup_ci_low", "speedup_ci_high", "log_likelihood_gap",
        "log_likelihood_gap_se", "median_iterations",
    ]  # fmt: skip
    assert read_summary(summary_csv(rows), levels(EXPERIMENT)) == rows


def test_trials_csv_has_the_contracts_columns_and_no_nan():
    plan = levels(EXPERIMENT)
    table = np.zeros(2, dtype=dtype_of(2))
    table["log_likelihood"] = [-1.5, np.inf]
    table["status"] = [0, 2]
    assert trials_header(plan) == (
        "sigma,trial,status,iterations,log_likelihood,weight_1,weight_2,mean_1,mean_2,variance_1,variance_2\n"
    )
    assert list(trials_lines(plan, plan[1], 7, table)) == [
        "1.0,7,converged,0,-1.5,0.0,0.0,0.0,0.0,0.0,0.0\n",
        "1.0,8,degenerate,0,,0.0,0.0,0.0,0.0,0.0,0.0\n",
    ]


@given(st.lists(st.floats(), min_size=1, max_size=20))
@example([0.0, -0.0, 1e-4, 9.99e-5, 1e15, 1e16, 5e-324, 0.1 + 0.2, math.inf, math.nan])
def test_trials_csv_has_numbers_as_python_writes_them(values):
    plan = levels(EXPERIMENT)
    table = np.zeros(len(values), dtype=dtype_of(2))
    table["log_likelihood"], table["means"][:, 1] = values, values[::-1]
    rows = csv.DictReader([trials_header(plan), *trials_lines(plan, plan[0], 0, table)])
    expected = [repr(value) if math.isfinite(value) else "" for value in values]
    found = [(row["log_likelihood"], row["mean_2"]) for row in rows]
    assert found == list(zip(expected, expected[::-1], strict=True))


@pytest.mark.parametrize("scale", [1, 10**7])
def test_distinct_pairs_are_counted_alike_whether_they_are_sorted_or_not(scale):
    """Resampling draws them in the order of their counts, so that both ways give the same replicates."""
    pairs = np.column_stack(counts(300))
    small = resampled_sums(pairs, 20, np.random.default_rng(0))
    large = resampled_sums(pairs * scale - 5, 20, np.random.default_rng(0))
    assert np.array_equal(large, small * scale - 5 * len(pairs))
