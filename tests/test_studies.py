"""The studies: each runs end to end, its numbers follow the trials, and its template can say whatever they are."""

from __future__ import annotations

import csv
import dataclasses
import math
import re
from itertools import pairwise, product
from typing import get_type_hints

import numpy as np
import pytest
from made import made_run

from nem_cli.drawing.style import png
from nem_cli.em.status import Status
from nem_cli.errors import FolderError
from nem_cli.experiment import folder as files
from nem_cli.experiment.block import data_and_starts, trace_dtype, trial_dtype
from nem_cli.experiment.load import load, validate
from nem_cli.experiment.plan import levels
from nem_cli.experiment.runner import Workers
from nem_cli.experiment.shipped import shipped_configs
from nem_cli.paper.html import template
from nem_cli.paper.page import section
from nem_cli.paper.records import read_csv, to_csv
from nem_cli.paper.studies import STUDIES, harm, race
from nem_cli.paper.studies.study import Work, at_edge, less
from nem_cli.statistics import tables
from nem_cli.statistics.estimate import Estimate, Sign
from nem_cli.statistics.prediction import holm
from nem_cli.sweep.sweep import collect

TRIALS = 40
SHORT = {"rule": "euclidean", "tol": 3, "max_iterations": 60}
FEW = [{"method": ["em", "squarem", "annealed"]}, {"stop.max_iterations": [300]}]
NOISY = [*FEW, {"noise.injection": ["multiplicative"], "sigma": [0.3]}]
"""For the race, whose problems are slow ones."""
HERE = Workers(jobs=1, backend="threading")
BY_NAME = {study.name: study for study in STUDIES}


def thinned(name, **changes):
    """A shipped study with fewer trials and levels; ends of the axes and what the studies need stay."""
    run = load(shipped_configs()[name]).model_dump(mode="json")
    if "trace" in run:
        run["trace"]["horizon"] = 15
    if "network" in run:
        run["network"] |= {"train": 100, "test": 100, "hidden": [5]}
        del run["sample_size"]
    for grid in run["sweep"]:
        for path, values in grid.items():
            keep = {0, 1, len(values) // 2, len(values) - 1}
            if path == "noise.decay":
                keep.add(values.index(2) if 2 in values else 0)
            if path not in ("noise.injection", "noise.screen", "stop.rule"):
                grid[path] = [value for number, value in enumerate(values) if number in keep]
    run["bootstrap"]["resamples"] = 200
    return validate(run | {"trials": TRIALS} | changes)


def finished(folder, experiment):
    """A run with what a study's section reads: no figure and no table of trials."""
    run = collect(folder, experiment, workers=HERE)
    files.write(folder / "config.yaml", files.config_yaml(run.experiment))
    files.write(folder / "summary.csv", tables.summary_csv(run.rows))
    files.write(folder / "manifest.json", "{}")
    return run


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.name)
def test_a_study_runs_from_its_shipped_configs_to_its_section(study, small_blocks, tmp_path):
    changes = {
        "equal-accuracy": {"trials": 20, "sample_size": 50},
        "mechanism": {"trials": 20, "sample_size": 50},
        "systems": {"trials": 6},
        "harm": {"trials": 12, "sample_size": 50},
        "race": {"trials": 12, "stop": SHORT, "sweep": FEW},
    }.get(study.name, {})
    runs = {name: finished(tmp_path / name, thinned(name, **changes)) for name in study.configs}
    records = study.measure(runs, Work(HERE))
    assert records
    assert section(tmp_path, study, {}) is None
    path = tmp_path / study.name / study.file
    path.parent.mkdir(exist_ok=True)
    path.write_text(to_csv(study.record, records))
    for run in runs.values():
        (run.folder / "trials.sqlite").unlink()
    made = section(tmp_path, study, {})
    assert made.records == read_csv(study.record, path)
    assert to_csv(study.record, made.records) == to_csv(study.record, records)
    assert made.body.count("<svg") == 1
    assert "nan" not in made.body.partition("<svg")[0]


def test_every_study_has_shipped_configs():
    names = [name for study in STUDIES for name in study.configs]
    assert set(names) <= set(shipped_configs())


# --- templates: every branch can be rendered --------------------------------------------------------------------------

ESTIMATES = [
    Estimate(5, 4, 6),
    Estimate(-5, -6, -4),
    Estimate(0.5, -1, 2),
    Estimate(100, 90, 110),
    Estimate(math.nan, math.nan, math.nan),
]
WORDS = {
    "mode": ("multiplicative", "additive"),
    "side": ("below", "at", "above"),
    "screen": ("screened", "blind"),
    "method": ("em", "squarem", "nem-additive-1"),
    "problem": ("deaths",),
    "protocol": ("five-parameter",),
    "arm": ("em", "additive", "multiplicative"),
    "way": ("em", "shrunken", "additive"),
}


def record(kind, number, estimate, whole, scale, step):
    """A made-up record, the same estimate in every field that holds one; numbers rise by `step` from row to row."""
    values = {}
    for name, hint in get_type_hints(kind).items():
        words = WORDS.get(name, ("x",))
        shifted = Estimate(*(each + number * step for each in dataclasses.astuple(estimate)))
        moved = {Estimate: shifted, str: words[number % len(words)], int: whole, bool: bool(number)}
        values[name] = moved.get(hint, scale * (1 + number))
    return kind(**values | {name: value for name, value in {"tol": 1.0}.items() if name in values})


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.name)
def test_a_template_says_something_else_of_other_numbers(study):
    said = set()
    for estimate, whole, scale, step in product(ESTIMATES, (0, 3), (1.0, 0.001), (-20.0, 0.0, 20.0)):
        rows = [record(study.record, number, estimate, whole, scale, step) for number in range(3)]
        text = template(f"{study.name}.html").render(rows=rows, price={}, picture=lambda alt: alt)
        assert "None" not in text
        said.add(re.sub(r"[-+\d.]+", "", text.partition("<table>")[0]))
    assert len(said) > 1


# --- made-up numbers: EM takes 20, 21 or 22 M-steps; a level takes `more`, and a little more in every other trial -----


def made(name, more, tmp_path, *, status=None):
    """A run in which `more(level)` says what a level takes beyond EM."""
    run = thinned(name, trials=300)
    number = np.arange(run.trials)
    tables = {}
    for level in levels(run):
        table = np.zeros(run.trials, dtype=trial_dtype(level.trial))
        table["iterations"] = 20 + number % 3 + (more(level) + number % 2 - (number // 2) % 2 if level.sigma else 0)
        table["status"] = status(level) if status else Status.CONVERGED
        tables[repr(level.settings)] = table

    def traces(level):
        """Within any distance of the best fit from M-step 8 on, or `more` later."""
        table = np.zeros(run.trials, dtype=trace_dtype(level.trial))
        first = 8 + (more(level) if level.sigma else 0)
        table["log_likelihoods"] = np.where(np.arange(run.trace.horizon + 1) < first, -9, 0)
        return table

    return made_run(run, lambda level: tables[repr(level.settings)], tmp_path, traces)


def measured(name, more, tmp_path, **given):
    study = BY_NAME[name]
    runs = {config: made(config, more, tmp_path, **given) for config in study.configs}
    records = study.measure(runs, Work(HERE))
    assert png(study.draw(runs, records, {}))
    return records


def noise(level):
    return level.trial.noise


@pytest.mark.parametrize(("blind", "slower", "faster"), [(3, 3, 0), (-3, 0, 3), (0, 0, 0)])
def test_blind_noise(blind, slower, faster, tmp_path):
    found = measured("blind", lambda level: blind if noise(level).screen == "none" else -5, tmp_path)
    assert [(each.protocol, each.mode) for each in found] == [
        (protocol, mode) for protocol in ("five-parameter", "variances-only") for mode in ("multiplicative", "additive")
    ]
    for each in found:
        assert (each.levels, each.slower, each.faster) == (3, slower, faster)
        assert each.screened.sign is Sign.ABOVE
        assert each.screened.value == pytest.approx(100 * 5 / 21, abs=0.5)


@pytest.mark.parametrize(("mean", "average", "share", "sign"), [
    (-8, -8, 100, Sign.UNCLEAR), (-4, -10, 50, Sign.BELOW), (0, -5, 0, Sign.ABOVE),
])  # fmt: skip
def test_the_control(mean, average, share, sign, tmp_path):
    by_screen = {"every-component": -8, "mean-shift": mean, "posterior-average": average, "none": 5}
    found = measured("mean-shift", lambda level: by_screen[noise(level).screen], tmp_path)
    assert [each.protocol for each in found] == ["variances-only"] * 2 + ["five-parameter"] * 2
    assert [math.isnan(each.average_sigma) for each in found] == [False, False, True, True]
    for each in found:
        assert each.share.value == pytest.approx(share, abs=1)
        assert each.share.low <= each.share.value <= each.share.high
        assert each.saved.value == pytest.approx(8, abs=0.1)
        assert each.average.sign is (sign if each.protocol == "variances-only" else Sign.UNCLEAR)


@pytest.mark.parametrize(("narrow", "wide"), [(5, -5), (-5, -5), (5, 5)])
def test_harm(narrow, wide, tmp_path):
    found = measured("harm", lambda level: narrow if np.mean(level.trial.start.variances) < 4 else wide, tmp_path)
    assert {(each.screen, each.side) for each in found} >= {("screened", "below"), ("blind", "above")}
    assert {each.system for each in found if each.traced} == {"two dimensions", "hidden Markov chain"}
    for each in found:
        more = narrow if each.side == "below" else wide
        assert each.saved.sign is (Sign.BELOW if more > 0 else Sign.ABOVE)
        assert each.saved.value == pytest.approx(-100 * more / 21, abs=1)
        if each.traced:
            assert each.sooner.value == each.sooner.low == -more


@pytest.mark.parametrize(("starts", "limits"), harm.TRACED.items())
def test_the_maps_of_starts_are_of_the_data_that_the_limits_are_of(starts, limits):
    both = [load(shipped_configs()[name]) for name in (starts, limits)]
    assert both[0].trials == both[1].trials
    blocks = [data_and_starts(levels(each)[0], each.seed, 1)[0] for each in both]
    np.testing.assert_array_equal(*blocks)


@pytest.mark.parametrize(("more", "sign"), [
    ({1: -10, 3: -1}, Sign.BELOW), ({1: -1, 3: -10}, Sign.ABOVE), ({1: -4, 3: -4}, Sign.UNCLEAR),
])  # fmt: skip
def test_tolerance(more, sign, tmp_path):
    def status(level):
        return Status.MAX_ITERATIONS if level.trial.stop.tol == 3 and level.sigma == 0 else Status.CONVERGED

    found = measured("tolerance", lambda level: more.get(level.trial.stop.tol, -4), tmp_path, status=status)
    for mode in ("multiplicative", "additive"):
        first, *_, last = (each for each in found if each.mode == mode)
        assert less(last.share, first.share).sign is sign
        assert (first.em_capped, last.em_capped, last.capped) == (0, 300, 0)
        assert last.saved.value == pytest.approx(-more[3], abs=0.1)


@pytest.mark.parametrize(
    ("small", "large", "sign"), [(-1, -9, Sign.ABOVE), (-9, -1, Sign.BELOW), (-5, -5, Sign.UNCLEAR)]
)
def test_sparsity(small, large, sign, tmp_path):
    found = measured(
        "sparsity",
        lambda level: small if level.trial.sample_size < 1000 else large,
        tmp_path,
        status=lambda level: Status.DEGENERATE if level.trial.sample_size == 25 else Status.CONVERGED,
    )
    assert {each.growth.sign for each in found} == {sign}
    assert {(each.small, each.large, each.degenerate) for each in found} == {(25, 5000, 300)}


def test_decay(tmp_path):
    found = measured("decay", lambda level: {4: -9, 2: -3}.get(noise(level).decay, 6), tmp_path)
    for each in found:
        assert each.decay == 4
        assert each.edge
        assert each.loss.value == pytest.approx(6, abs=0.1)
        assert each.slowest == 0.5
        assert each.slower == each.levels == 3


def test_a_level_that_is_best_by_luck_on_one_half_shows_no_loss_of_the_other(tmp_path):
    run = made("decay", lambda level: -5, tmp_path)
    choose, judge = run.halves
    for row in run.rows:
        if row.sigma == 5 and row["noise.decay"] == 4:
            run.trials(row)["iterations"][choose] -= 3
            run.trials(row)["iterations"][judge] += 1
    found = next(each for each in BY_NAME["decay"].measure({"decay": run}, Work(HERE)) if each.mode == "additive")
    assert (found.sigma, found.decay) == (5, 4)
    assert found.loss.sign is Sign.BELOW


def test_separation(tmp_path):
    def more(level):
        distance = 2 * level.trial.mixture.means[1]
        shift = {1.0: 0, 2.0: 5, 5.0: -5}.get(distance, -8)
        return shift if noise(level).injection == "additive" or distance == 1 else -6

    found = {each.distance: each for each in measured("separation", more, tmp_path)}
    assert [found[at].difference.value for at in (1, 2, 5, 12)] == pytest.approx([0, 11, 1, -2])
    assert found[1].p == 1
    assert all(found[at].p < 1e-9 for at in (2, 5, 12))
    assert all(each.edge for each in found.values())  # all levels are alike, so the least is the best


@pytest.mark.parametrize(("above", "below"), [(-5, 5), (5, 5), (5, -5)])
def test_exponential(above, below, tmp_path):
    found = measured("exponential", lambda level: above if level.trial.start.means[0] > 1 else below, tmp_path)
    assert {each.side for each in found} == {"above", "below"}
    for each in found:
        more = above if each.side == "above" else below
        assert each.saved.sign is (Sign.ABOVE if more < 0 else Sign.BELOW)
        assert each.slower == (each.levels if more > 0 else 0)


def test_the_race_keeps_the_best_and_measures_it_on_fresh_trials(small_blocks, tmp_path):
    run = finished(tmp_path / "optimal-noise", thinned("optimal-noise"))
    before = (tmp_path / "optimal-noise" / "summary.csv").read_bytes()
    found = BY_NAME["optimal-noise"].measure({"optimal-noise": run}, Work(HERE))
    assert (tmp_path / "optimal-noise" / "summary.csv").read_bytes() == before
    for each in found:
        assert each.trials == 4 * TRIALS
        rounds = [[int(part) for part in each_round.split(" on ")] for each_round in each.rounds.split("; ")]
        assert [trials for _, trials in rounds] == [TRIALS * 2**k for k in range(len(rounds))]
        assert all(after == math.ceil(before / 3) for (before, _), (after, _) in pairwise(rounds))
        assert rounds[-1][0] <= 4
    assert BY_NAME["optimal-noise"].measure({"optimal-noise": run}, Work(HERE)) == found


def test_the_race_counts_until_the_best_limit(small_blocks, tmp_path):
    runs = {name: finished(tmp_path / name, thinned(name, stop=SHORT, sweep=grids))
            for name, grids in (("race", FEW), ("race-waiting", NOISY))}  # fmt: skip
    racers = race.measure(runs, Work(HERE))
    by_method = {racer.method: racer for racer in racers if racer.problem == "deaths"}
    assert list(by_method) == ["em", "squarem", "annealed"]
    em, squarem = by_method["em"], by_method["squarem"]
    assert em.more.value == 0
    assert squarem.more.value < 0
    assert em.uncapped_median > em.evaluations_median
    assert (em.published, squarem.published) == (2000, 78)
    for racer in racers:
        assert racer.starts == racer.converged + racer.capped + racer.failed == TRIALS
        assert racer.evaluations_low <= racer.evaluations_median <= racer.evaluations_high
        assert racer.reached <= 1
    assert [racer.method for racer in racers if racer.problem == "waiting"] == [
        "em", "squarem", "annealed", "nem-multiplicative-0.3",
    ]  # fmt: skip
    waiting = next(racer for racer in racers if (racer.problem, racer.method) == ("waiting", "squarem"))
    assert waiting.reached > 0.9
    assert waiting.reached_10 <= waiting.reached_50 <= waiting.expected.value * 2
    assert waiting.expected.low <= waiting.expected.value <= waiting.expected.high


def test_systems(tmp_path):
    def more(level):
        return {"mean-shift": -2, "none": 4}.get(noise(level).screen, -3)

    found = {each.system: each for each in measured("systems", more, tmp_path)}
    for name, each in found.items():
        if "rate" not in name:
            assert each.saved.value == pytest.approx(100 * 3 / 21, abs=0.5)
            assert math.isnan(each.kept.value) == any(part in name for part in ("assign", "full", "nine"))
            assert each.coarse.sign is (Sign.UNCLEAR if "full" in name or "nine" in name else Sign.BELOW)
        assert math.isnan(each.test_error.value) == ("network" not in name)
    assert found["plane, additive"].kept.value == pytest.approx(100 * 2 / 21, abs=0.5)
    assert found["chain, additive"].blind.sign is Sign.BELOW
    assert found["chain, additive"].fine.value == -3
    assert found["network, rate 1.25 without noise"].saved.value == 0  # these made-up trials are of noise alone


# --- helpers ----------------------------------------------------------------------------------------------------------


def test_holm_is_the_published_procedure():
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm(np.array([0.9, 0.8])).tolist() == [1.0, 1.0]


def test_the_interval_of_an_independent_difference():
    found = less(Estimate(5, 2, 6), Estimate(3, 2, 7))
    assert (found.value, found.low, found.high) == (2, pytest.approx(-3), pytest.approx(2 + math.sqrt(2)))


def test_an_edge_is_an_end_of_the_grid():
    assert [at_edge(value, [1, 2, 3]) for value in (1, 2, 3)] == [True, False, True]


@dataclasses.dataclass(frozen=True)
class Kept:
    name: str
    sound: bool
    number: int
    p: float
    saved: Estimate


class TestRecords:
    ROWS = (
        Kept("a, b", True, 3, 0.1, Estimate(1.5, 1 / 3, 2.0)),
        Kept("", False, 0, math.nan, Estimate(0, -math.inf, 1)),
    )

    def test_what_is_written_is_read(self, tmp_path):
        path = tmp_path / "kept.csv"
        path.write_text(to_csv(Kept, self.ROWS))
        first, second = read_csv(Kept, path)
        assert first == self.ROWS[0]
        assert (second.sound, second.number) == (False, 0)
        assert math.isnan(second.p)
        with path.open() as file:
            assert next(csv.reader(file))[-3:] == ["saved", "saved_low", "saved_high"]

    @pytest.mark.parametrize(
        "text", ["", "name,sound\n", "name,sound,number,p,saved,saved_low,saved_high\na,True,x,1,1,1,1\n"]
    )
    def test_another_file_is_refused(self, text, tmp_path):
        path = tmp_path / "kept.csv"
        path.write_text(text)
        with pytest.raises(FolderError, match=r"kept\.csv"):
            read_csv(Kept, path)
