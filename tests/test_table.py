"""One table, shown in every way."""

from __future__ import annotations

import csv
import io
import math

import numpy as np
import pytest
from command_line import invoke
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import nem_cli
from nem_cli.statistics.estimate import Estimate, Sign, mean_estimate, share_estimate
from nem_cli.statistics.table import Column, Table

TABLE = Table(
    [Column("name"), Column("mean, %", ".1f", "mean"), Column("95 % CI", ".1f", "ci"), Column("speed-up", ".2f")],
    [
        ("<a> & b|c_1", 1.25, (1.0, 1.5), Estimate(0.5, 0.25, 0.75)),
        ("none", math.nan, (None, None), Estimate(0.5, -math.inf, math.inf)),
        ("", 2, None, None),
    ],
    caption="One & two",
    bold=frozenset({0}),
)


def test_a_reader_sees_what_can_be_had():
    assert TABLE.cells() == [
        ["<a> & b|c_1", "1.2", "1.0 to 1.5", "0.50 (0.25 to 0.75)"],
        ["none", "", "", "0.50"],
        ["", "2.0", "", ""],
    ]


def test_csv_has_every_number_in_full_and_a_column_for_each_end():
    first, second, third = csv.DictReader(io.StringIO(TABLE.csv()))
    assert list(first) == ["name", "mean", "ci_low", "ci_high", "speed-up", "speed-up_low", "speed-up_high"]
    assert list(first.values()) == ["<a> & b|c_1", "1.25", "1.0", "1.5", "0.5", "0.25", "0.75"]
    assert list(second.values()) == ["none", "", "", "", "0.5", "", ""]
    assert list(third.values()) == ["", "2", "", "", "", "", ""]


def test_every_form_escapes_what_is_special_in_it():
    assert "<td>&lt;a&gt; &amp; b|c_1</td>" in TABLE.html()
    assert "One &amp; two</caption>" in TABLE.html()
    assert TABLE.html().count("font-weight: bold") == 1
    assert r"| <a> & b\|c_1 | 1.2 |" in TABLE.markdown()
    assert TABLE.markdown().splitlines()[1] == "| --- | ---: | ---: | ---: |"
    assert r"<a> \& b|c\_1 & 1.2 & 1.0 to 1.5" in TABLE.latex()
    assert TABLE.latex().startswith("\\begin{tabular}{lrrr}\n\\toprule\nname & mean, \\% &")


def test_show_prints_the_table_in_the_form_that_is_asked_for(tmp_path):
    settings = ["sweep.sigma=[0, 1.9]", "sample_size=20"]
    done = invoke("sweep", "anem", "--trials", 5, "--jobs", 1, "--out", tmp_path / "a", "--quiet",
                  *(part for setting in settings for part in ("--set", setting)))  # fmt: skip
    assert (done.exit_code, done.output) == (0, "")
    run = nem_cli.Run.open(tmp_path / "a")
    records = list(csv.DictReader(io.StringIO(invoke("show", run.folder, "--format", "csv").stdout)))
    assert [float(each["mean_iterations"]) for each in records] == [row.mean_iterations for row in run.rows]
    assert [float(each["ci_low"]) for each in records] == [row.ci_low for row in run.rows]
    assert invoke("show", run.folder, "--format", "md").stdout == run.table().markdown()
    assert invoke("show", run.folder, "--format", "latex").stdout == run.table().latex()
    assert invoke("show", run.folder, "--format", "pdf").exit_code == 2


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6))
def test_the_sign_is_that_of_the_whole_interval(value, half):
    found = Estimate(value, value - half, value + half)
    assert (found.sign is Sign.UNCLEAR) == (0 in found)
    assert found.sign is not Sign.ABOVE or found.low > 0
    assert found.sign is not Sign.BELOW or found.high < 0
    opposite = {Sign.ABOVE: Sign.BELOW, Sign.BELOW: Sign.ABOVE, Sign.UNCLEAR: Sign.UNCLEAR}
    assert (-found).sign is opposite[found.sign]
    assert Estimate(value, math.nan, math.nan).sign is Sign.UNCLEAR


@pytest.mark.parametrize(("successes", "trials"), [(0, 1), (1, 1), (0, 50), (50, 50), (3, 50), (499, 1000)])
def test_a_share_has_wilsons_interval(successes, trials):
    found = share_estimate(successes, trials)
    theirs = stats.binomtest(successes, trials).proportion_ci(0.95, method="wilson")
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    assert found.value == successes / trials


def test_one_value_tells_nothing_of_the_spread():
    assert mean_estimate(np.array([4])) == Estimate(4.0, -math.inf, math.inf)
