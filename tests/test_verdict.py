"""The verdict's rule on made-up numbers, its edges among them; the paper's numbers against its own arithmetic."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from made import MadeJournal, ended

from nem_cli.compare.comparison import Comparison, Counts, Difference, Interval, side
from nem_cli.errors import ConfigError
from nem_cli.experiment.plan import levels, validate
from nem_cli.paper import claims, verdict
from nem_cli.paper.evidence import Evidence, ModeEvidence
from nem_cli.paper.prose import tally
from nem_cli.paper.verdict import Outcome
from nem_cli.statistics import published as paper
from nem_cli.statistics.effect import Effect, effects
from nem_cli.statistics.estimate import Estimate
from nem_cli.statistics.optimum import OptimumSet
from nem_cli.statistics.published import Number
from nem_cli.statistics.summary import summarise

PER_CENT = Number("27.6", "Figure 1", "%")


def effect(sigma, difference, *, half=0.1):
    """An effect with EM at 10 M-steps and the bounds `half` away."""
    mean, saved = Estimate(10 + difference, 10 + difference - half, 10 + difference + half), -10 * difference
    speedup = Estimate(saved, saved - 10 * half, saved + 10 * half)
    em = Estimate(10, 9.9, 10.1)
    return Effect(sigma, 100, em, mean, speedup, speedup, difference, difference - half, difference + half)


def difference(value, *, half=0.1, p_value=0.5):
    widths = ((0.9, 0.8), (0.95, 1), (0.99, 1.3))
    ends = tuple(Interval(each, value - half * width, value + half * width) for each, width in widths)
    return Difference(value, half / 2, ends, p_value, 0.5, np.array([value]))


NOTHING = Difference(0.2, None, (), None, None, np.array([0.2]))


class TestNumber:
    @pytest.mark.parametrize(
        ("low", "high", "reproduced"),
        [
            (27.0, 28.0, True),
            (27.65, 28.0, True),  # touches 27.6 + 0.05
            (27.651, 28.0, False),
            (27.0, 27.55, True),  # touches 27.6 - 0.05
            (27.0, 27.549, False),
            (27.58, 27.59, True),  # inside the half units
        ],
    )
    def test_meets_half_a_unit(self, low, high, reproduced):
        found = verdict.number(PER_CENT, Estimate((low + high) / 2, low, high))
        assert (found.outcome is Outcome.REPRODUCED) == reproduced

    def test_half_a_unit_is_of_the_printed_digit(self):
        assert [Number(each, "").half_unit for each in ("10", "1.9", "0.44", "0.492")] == [0.5, 0.05, 0.005, 0.0005]
        assert verdict.number(Number("7", ""), Estimate(7.7, 7.5, 7.9)).outcome is Outcome.REPRODUCED
        assert verdict.number(Number("7.0", ""), Estimate(7.7, 7.5, 7.9)).outcome is Outcome.DIFFERS

    def test_says_by_how_much(self):
        assert verdict.number(PER_CENT, Estimate(30.0, 29.0, 31.0)).text == "differs by +2.4 points"
        assert verdict.number(Number("10", ""), Estimate(8.0, 7.9, 8.1)).text == "differs by -2.0"

    def test_without_an_interval(self):
        assert verdict.number(PER_CENT, None).outcome is Outcome.UNCHECKABLE


class TestInterval:
    @pytest.mark.parametrize(
        ("value", "outcome"),
        [
            (0.0, Outcome.REPRODUCED),
            (0.165, Outcome.REPRODUCED),  # from 0.065: touches 0.06 + 0.005
            (0.17, Outcome.DIFFERS),
            (-0.545, Outcome.REPRODUCED),
            (-0.55, Outcome.DIFFERS),
        ],
    )
    def test_meets_the_papers(self, value, outcome):
        assert verdict.interval(paper.interval(95), difference(value)).outcome is outcome

    def test_says_by_how_much_and_when_it_cannot(self):
        assert verdict.interval(paper.interval(95), difference(1.0)).text == "differs by +1.19"
        assert verdict.interval(paper.interval(95), NOTHING).outcome is Outcome.UNCHECKABLE

    def test_takes_ours_of_the_same_confidence(self):
        ours = difference(0.21)  # 90 %: from 0.13; 95 %: from 0.11; 99 %: from 0.08
        found = [verdict.interval(each, ours).outcome for each in paper.INTERVALS]
        assert found == [Outcome.DIFFERS, Outcome.DIFFERS, Outcome.REPRODUCED]


class TestOptimum:
    LEVEL = Number("0.44", "Figure 1")
    GRID = (0.0, 0.4, 0.44, 0.5)

    @pytest.mark.parametrize(
        ("members", "text"),
        [((0.4, 0.44), "reproduced"), ((0.5,), "differs by +0.06"), ((0.4, 0.5), "differs by -0.04")],
    )
    def test_lies_in_the_set(self, members, text):
        assert verdict.optimum(self.LEVEL, OptimumSet(members[0], members, 0.95, (3.0,)), self.GRID).text == text

    def test_needs_the_level_and_trials(self):
        known, unknown = OptimumSet(0.4, (0.4,), 0.95, (3.0,)), OptimumSet(0.4, (0.4,), 0.95, None)
        assert "no level 0.44" in verdict.optimum(self.LEVEL, known, (0.0, 0.4)).text
        assert verdict.optimum(self.LEVEL, unknown, self.GRID).outcome is Outcome.UNCHECKABLE


class TestShape:
    @pytest.mark.parametrize(
        ("low", "high", "outcome"),
        [
            (-1.0, 1.0, Outcome.REPRODUCED),
            (-0.1, 1.0, Outcome.UNCHECKABLE),  # its bound is 0 exactly: no fewer shown
            (1.0, 1.0, Outcome.DIFFERS),
            (-1.0, -1.0, Outcome.DIFFERS),
            (-1.0, 0.05, Outcome.UNCHECKABLE),
            (1.0, -1.0, Outcome.DIFFERS),
        ],
    )
    def test_u(self, low, high, outcome):
        assert verdict.u_shape(effect(0.44, low), effect(2, high)).outcome is outcome

    def test_u_says_where(self):
        assert verdict.u_shape(effect(0.44, -1), effect(2, -1.5)).text == "differs at 2: -1.50 M-steps"
        assert verdict.u_shape(None, effect(2, 1)).outcome is Outcome.UNCHECKABLE

    @pytest.mark.parametrize(
        ("at", "others", "outcome"),
        [
            (1.0, (0.05, 2.0), Outcome.REPRODUCED),
            (1.0, (-0.05, 2.0), Outcome.REPRODUCED),  # not shown to be faster
            (1.0, (-0.2, 2.0), Outcome.DIFFERS),
            (0.05, (0.5,), Outcome.UNCHECKABLE),
            (-1.0, (), Outcome.DIFFERS),
        ],
    )
    def test_harm(self, at, others, outcome):
        grid = [effect(1.9, at), *(effect(number, each) for number, each in enumerate(others))]
        assert verdict.harm(grid[0], grid).outcome is outcome


class TestSignificance:
    @pytest.mark.parametrize(("p", "outcome"), [(0.051, Outcome.REPRODUCED), (0.05, Outcome.DIFFERS)])
    def test_level(self, p, outcome):
        assert verdict.not_significant(Number("0.05", ""), difference(0, p_value=p)).outcome is outcome

    def test_p_value_needs_the_papers_trials(self):
        def found(stated, p=0.49):
            ours = difference(0, p_value=p)
            return verdict.p_value(paper.P_VALUE, ours, bootstraps=10_000, trials=100, stated_trials=stated).outcome

        assert found(None) is Outcome.UNCHECKABLE
        assert found(1000) is Outcome.UNCHECKABLE
        assert found(100) is Outcome.REPRODUCED  # within the Monte Carlo error of 10,000 bootstraps
        assert found(100, p=0.3) is Outcome.DIFFERS

    def test_one_trial(self):
        assert verdict.not_significant(Number("0.05", ""), NOTHING).outcome is Outcome.UNCHECKABLE
        assert verdict.p_value(paper.P_VALUE, NOTHING, bootstraps=9, trials=1).outcome is Outcome.UNCHECKABLE


class TestEffects:
    rng = np.random.default_rng(0)
    EM = rng.poisson(10, 400)
    NEM = EM - rng.integers(0, 5, 400)

    def test_estimates(self):
        (found,) = effects(self.EM, [(0.5, self.NEM)], seed=1)
        assert found.nem.value == self.NEM.mean()
        assert found.nem.low < found.nem.value < found.nem.high
        assert found.difference == pytest.approx((self.NEM - self.EM).mean())
        assert found.speedup.value == pytest.approx(100 * (1 - self.NEM.sum() / self.EM.sum()))
        counted = 100 * (1 - (self.NEM + 1).sum() / (self.EM + 1).sum())
        assert found.speedup_start_counted.value == pytest.approx(counted)
        assert found.faster
        assert not found.slower

    def test_bounds_are_one_sided_and_paired(self):
        (found,) = effects(self.EM, [(0.5, self.NEM)], seed=1)
        error = (self.NEM - self.EM).std(ddof=1) / np.sqrt(len(self.EM))
        assert found.at_most - found.difference == pytest.approx(1.645 * error, rel=0.05)
        assert found.difference - found.at_least == pytest.approx(1.645 * error, rel=0.05)

    def test_are_those_of_the_summary(self):
        experiment = validate(
            {
                "name": "two",
                "mixture": {"weights": [1.0], "means": [0.0], "variances": [1.0]},
                "sample_size": 2,
                "sweep": {"sigma": [0.5]},
                "trials": len(self.EM),
            }
        )
        counts = {0.0: self.EM, 0.5: self.NEM}
        journal = MadeJournal(lambda level: ended(counts[level.sigma]))
        rows = summarise(experiment, levels(experiment), journal)
        (found,) = effects(self.EM, [(0.5, self.NEM)], seed=experiment.seed)
        assert (found.nem.low, found.nem.high) == (rows[1].ci_low, rows[1].ci_high)
        assert (found.speedup.low, found.speedup.high) == (rows[1].speedup_ci_low, rows[1].speedup_ci_high)

    def test_em_without_a_step_has_no_speedup(self):
        (found,) = effects(np.zeros(5, dtype=int), [(1.0, np.ones(5, dtype=int))], seed=1)
        assert found.speedup is None
        assert found.slower


def evidence(shift=0.0, *, p_value=0.5):
    """Made-up evidence at the paper's own numbers, moved by `shift` M-steps."""

    def mode(name):
        published = paper.OPTIMA[name]
        saved = effect(published.sigma, -published.speedup_percent / 10 + shift)
        blind = effect(published.sigma, 3.0)
        known = OptimumSet(published.sigma, (published.sigma,), 0.95, (3.0,))
        largest = effect(9.0, 2.0)
        grid = (0.0, published.sigma, 9.0)
        return ModeEvidence(saved, largest, saved, grid, known, blind, (blind,), 1.5, 1.5)

    experiment = validate(
        {
            "name": "made-up",
            "mixture": {"weights": [1.0], "means": [0.0], "variances": [1.0]},
            "sample_size": 2,
            "sweep": {"sigma": [0.5]},
        }
    )
    known, counts = OptimumSet(0.5, (0.5,), 0.95, (3.0,)), Counts(np.full(9, 10), np.full(9, 7))
    sides = [side(name, experiment, known, counts, 10, 1) for name in ("a", "b")]
    found = difference(-0.19 + shift, p_value=p_value)
    return Evidence(mode("multiplicative"), mode("additive"), Comparison(*sides, found, found, 10, 1))


class TestRows:
    def test_every_claim_has_a_row(self):
        table = claims.rows(evidence(), evidence())
        written = [row.claim.paper for row in table]
        for value in ("10", "7", "27.6 %", "0.44", "30.5 %", "1.9", "-0.40 to 0.02", "-0.44 to 0.06", "-0.52 to 0.13",
                      "0.492", "p > 0.10", "p > 0.05", "p > 0.01"):  # fmt: skip
            assert value in written
        assert written.count("a U") == written.count("slower") == 2
        assert written.count("10") == written.count("7") == 2  # with and without the start
        assert all(row.claim.place for row in table)
        assert len({(row.claim.group, row.claim.text) for row in table}) == len(table)

    def test_verdicts_follow_the_evidence(self):
        table = claims.rows(evidence(), evidence(shift=1.0, p_value=0.001))
        for row in table:
            if "start counted" in row.claim.text and row.claim.paper in ("10", "7"):
                assert row.stated.verdict.outcome is Outcome.DIFFERS
            elif row.claim.text == "p-value":
                assert row.stated.verdict.outcome is Outcome.UNCHECKABLE
            else:
                assert row.stated.verdict.outcome is Outcome.REPRODUCED, row
        moved = {row.claim.paper: row.companion.verdict.outcome for row in table if "start" not in row.claim.text}
        assert moved["27.6 %"] is moved["-0.44 to 0.06"] is moved["p > 0.01"] is Outcome.DIFFERS
        assert moved["0.44"] is moved["a U"] is Outcome.REPRODUCED

    def test_tally_counts_the_rows(self):
        table = claims.rows(evidence(), evidence(shift=1.0, p_value=0.001))
        reproduced = sum(row.stated.verdict.outcome is Outcome.REPRODUCED for row in table)
        assert f"of {len(table)} rows {reproduced} are reproduced" in tally(table)[0]

    def test_too_few_trials_are_never_a_verdict(self):
        known = evidence()
        none = dataclasses.replace(
            known.multiplicative,
            at_paper=None,
            at_largest=None,
            at_optimum=None,
            blind_at_paper=None,
            optimum=OptimumSet(0.44, (0.44,), 0.95, None),
        )
        compared = dataclasses.replace(known.comparison, unpaired=NOTHING)
        for row in claims.rows(Evidence(none, none, compared), known):
            assert row.stated.verdict.outcome is Outcome.UNCHECKABLE, row


class TestPaper:
    def test_implied_numbers(self):
        assert paper.implied_standard_error() == pytest.approx(0.1276, abs=1e-4)
        assert paper.implied_p_value() == pytest.approx(0.136, abs=1e-3)
        assert paper.implied_difference() == pytest.approx(-0.29)

    def test_interval_of_another_confidence(self):
        with pytest.raises(ConfigError, match="90, 95, 99"):
            paper.interval(80)
