"""The claims of the paper: each row is what the trials say, and the outcome follows the printed number's cell."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from nem_cli.drawing.style import png
from nem_cli.errors import ConfigError
from nem_cli.experiment.load import load
from nem_cli.experiment.runner import Workers
from nem_cli.experiment.shipped import FIGURE_CONFIGS, shipped_configs
from nem_cli.paper.claims import WIDTHS, verdict_json, verdict_table
from nem_cli.paper.prediction import check, figure, joints, of_figures, of_run
from nem_cli.statistics import published as paper
from nem_cli.statistics.study import MODES, Curve, Protocol
from nem_cli.sweep.sweep import collect

NAMES = [
    "em", "multiplicative-speedup", "additive-speedup", "multiplicative-sigma", "additive-sigma", "difference",
    "difference-se", "shape",
]  # fmt: skip
TRIALS = 600


def counts(sigma, best, rng):
    """EM takes 9 to 11 M-steps, noise at the best level three fewer, noise far from it more."""
    off = abs(sigma / best - 1)
    return (10 if sigma == 0 else 7 + min(round(3 * off), 6)) + rng.integers(-1, 2, TRIALS)


def protocol(seed=0, saved=0, blind=4, trials=TRIALS, best=None):
    rng = np.random.default_rng(seed)
    curves = {}
    for mode in MODES:
        at = best or paper.OPTIMA[mode].sigma
        sigmas = at * np.array([0.5, 1, 2, 4])
        levels = np.stack([counts(sigma, at, rng) - saved for sigma in sigmas], axis=1)
        curves[mode] = Curve(sigmas, levels[:trials], (counts(0, at, rng) + blind)[:trials])
    return Protocol(counts(0, 1, rng)[:trials], curves)


def checked(**settings):
    return check({"one": protocol(**settings)}, {"em": 0.25}, seed=1)


@pytest.fixture(scope="module")
def found():
    return checked()


class TestVerdict:
    def test_every_claim_has_a_row_a_protocol(self):
        two = check({"one": protocol(), "two": protocol(1)}, {}, seed=1)
        assert [(row.protocol, row.claim) for row in two.verdict] == [
            (name, claim) for name in ("one", "two") for claim in NAMES
        ]

    def test_rows_are_what_the_trials_say(self, found):
        rows = {row.claim: row for row in found.verdict}
        assert rows["em"].value == pytest.approx(protocol().em.mean())
        assert rows["em"].base_rate == 0.25
        assert math.isnan(rows["shape"].base_rate)
        for mode in MODES:
            assert rows[f"{mode}-speedup"].value == pytest.approx(30, abs=1.5)
            assert rows[f"{mode}-speedup"].ci_low < 30 < rows[f"{mode}-speedup"].ci_high
            assert rows[f"{mode}-speedup"].outcome.startswith("compatible")
            assert rows[f"{mode}-sigma"].value == pytest.approx(paper.OPTIMA[mode].sigma)
        assert rows["difference"].ci_low < 0 < rows["difference"].ci_high
        size = rows["em"].trials_assumed
        assert rows["difference-se"].value == pytest.approx(math.sqrt(2 * (2 / 3) / size), rel=0.05)
        assert rows["shape"].value == pytest.approx(1, abs=0.01)
        assert rows["shape"].outcome == "compatible-informative"
        for row in found.verdict[:7]:
            assert row.predictive_low <= row.predictive_high
            assert 0 < row.p <= 1

    @pytest.mark.parametrize(
        ("change", "claim"),
        [({"saved": 3}, "multiplicative-speedup"), ({"blind": -4}, "shape"), ({"best": 8.0}, "additive-sigma")],
    )
    def test_other_trials_give_another_outcome(self, change, claim):
        rows = {row.claim: row for row in checked(**change).verdict}
        assert rows[claim].outcome == "incompatible"

    @pytest.mark.parametrize("trials", [3, 200])
    def test_too_few_trials_are_never_a_verdict(self, trials):
        few = checked(trials=trials)
        assert {row.outcome for row in few.verdict} == {"cannot-be-checked"}
        assert few.predicted == few.thinned == []
        assert math.isnan(few.verdict[0].value) == (trials == 3)

    def test_json_has_no_nan(self):
        first, *_ = json.loads(verdict_json(checked(trials=3).verdict))
        assert (first["value"], first["paper"]) == (None, 10)

    def test_the_terminals_table_fits_60_columns(self, found):
        names = ("five-parameter", "variances-only", "data-driven")
        table = verdict_table([replace(row, protocol=name) for name in names for row in found.verdict])
        console = Console(width=60)
        with console.capture() as captured:
            console.print(table.rich(WIDTHS))
        assert max(map(len, captured.get().splitlines())) <= 60
        assert "yes*" in captured.get()
        assert "\N{HORIZONTAL ELLIPSIS}" not in captured.get()


class TestPrediction:
    def test_rows_are_every_claim_of_every_size_and_design(self, found):
        sizes = {row.n for row in found.predicted}
        assert sizes == {25, 50}
        keys = [(row.design, row.n, row.claim) for row in found.predicted]
        claims = {*NAMES, "joint", "joint-fit", "joint-without-se", "not-significant"}
        assert len(keys) == len(set(keys)) == 2 * 2 * len(claims)
        assert {row.claim for row in found.predicted} == claims
        assert {row.design for row in found.thinned} == {"fresh"}

    def test_quantiles_rise(self, found):
        assert {each.n for each in found.quantiles} == {30}
        values = [each.value for each in found.quantiles if each.claim == "em"]
        assert values == sorted(values)
        assert png(figure(found.quantiles))

    def test_joints_take_the_size_with_the_largest_p(self, found):
        together = {each.claim: each for each in joints(found.predicted, found.thinned)}
        assert list(together) == ["joint", "joint-without-se", "joint-fit"]
        for claim, each in together.items():
            p = {row.n: row.p for row in found.predicted if row.claim == claim and row.design == "fresh"}
            assert each.p == max(p.values()) == p[each.n]
            assert each.compatible == (", ".join(str(n) for n in p if p[n] >= 0.05) or "none")

    def test_a_run_and_the_figures_runs_give_the_same_trials(self, small_blocks, tmp_path):
        both = load(shipped_configs()["prediction-five-parameter"], trials=8)
        modes = {mode: load(shipped_configs()[name], trials=8) for mode, name in FIGURE_CONFIGS.items()}
        blind = load(shipped_configs()["blind"], trials=8)
        runs = {
            each.name: collect(tmp_path / each.name, each, workers=Workers(1, "threading"))
            for each in (both, blind, *modes.values())
        }
        one = of_run(runs[both.name])
        other = of_figures({mode: runs[each.name] for mode, each in modes.items()}, runs["blind"])
        np.testing.assert_array_equal(one.em, other.em)
        for mode in MODES:
            np.testing.assert_array_equal(one.curves[mode].sigmas, other.curves[mode].sigmas)
            np.testing.assert_array_equal(one.curves[mode].counts, other.curves[mode].counts)
            np.testing.assert_array_equal(one.curves[mode].blind, other.curves[mode].blind)


class TestPaper:
    def test_implied_numbers(self):
        assert paper.implied_standard_error() == pytest.approx(0.1276, abs=1e-4)
        assert paper.implied_p_value() == pytest.approx(0.136, abs=1e-3)
        assert paper.implied_difference() == pytest.approx(-0.29)

    def test_interval_of_another_confidence(self):
        with pytest.raises(ConfigError, match="90, 95, 99"):
            paper.interval(80)
