"""The studies: each runs end to end, and each sentence follows its numbers, also where these are made up."""

import csv
import dataclasses
import re
from contextlib import nullcontext

import numpy as np
import pytest
from made import MadeJournal
from scipy import stats

from nem_cli.drawing.style import png
from nem_cli.em.status import Status
from nem_cli.experiment import plan
from nem_cli.experiment.block import trial_dtype
from nem_cli.experiment.load import load
from nem_cli.experiment.plan import levels, validate
from nem_cli.experiment.runner import Workers
from nem_cli.experiment.shipped import shipped_configs
from nem_cli.paper import accuracy as accuracy_analysis
from nem_cli.paper import finished as studies
from nem_cli.paper.halving import Rung, successive_halving
from nem_cli.paper.studies import STUDIES, context, optimal_noise, words
from nem_cli.paper.studies.study import Finished
from nem_cli.statistics.effect import effects
from nem_cli.statistics.estimate import Estimate, mean_estimate
from nem_cli.statistics.paired import best, halves
from nem_cli.statistics.summary import ENOUGH, summarise
from nem_cli.sweep.sweep import sweep

TRIALS = 40
HERE = Workers(jobs=1, backend="threading")
ANSWER = {study.name: study for study in STUDIES}


def thinned(name, **changes):
    """A shipped study with fewer trials and levels; ends of the axes and what the answers need stay."""
    run = load(shipped_configs()[name]).model_dump(mode="json")
    for grid in run["sweep"]:
        for path, values in grid.items():
            keep = {0, 1, len(values) // 2, len(values) - 1}
            if path == "noise.decay":
                keep.add(values.index(2))
            if path not in ("noise.injection", "noise.screen", "stop.rule"):
                grid[path] = [value for number, value in enumerate(values) if number in keep]
    run["bootstrap"]["resamples"] = 200
    return validate(run | {"trials": TRIALS} | changes)


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(plan, "BLOCK_TRIALS", 20)
    monkeypatch.setattr(plan, "BLOCK_SAMPLES", 20_000)


@pytest.fixture
def quick(small_blocks, monkeypatch):
    """The fit of the context table needn't be tight here."""
    from nem_cli.paper import context as workflow

    monkeypatch.setattr(workflow, "TIGHTER", 1.5)
    monkeypatch.setattr(workflow, "FIT", {"stop.rule": ["max-change"], "stop.tol": [2.5]})


@pytest.mark.parametrize("name", list(ANSWER))
def test_a_study_runs_from_its_shipped_config_to_its_section(name, small_blocks, tmp_path):
    run = sweep(thinned(name), out=tmp_path / name, workers=HERE)
    (section,) = studies.sections([run], tmp_path, workers=HERE, progress=lambda _: nullcontext())
    assert section.title == run.experiment.title
    assert all(paragraph[-1] == "." and "nan" not in paragraph for paragraph in section.paragraphs)
    (picture,) = section.pictures
    assert picture.svg.startswith(b"<?xml")
    assert picture.alt
    for link in section.links:
        assert (tmp_path / link.address).is_file()
    for table in section.tables:
        assert all(len(cells) == len(table.header) for cells in table.rows)
    assert (run.folder / "study.svg").exists() == ANSWER[name].draws
    if ANSWER[name].draws:
        assert (run.folder / "study.svg").read_bytes() == picture.svg


def test_every_study_has_a_shipped_config_of_its_name():
    assert set(studies.NAMES) <= set(shipped_configs())
    assert len(set(studies.NAMES)) == len(studies.NAMES)


def test_the_search_and_the_context_run_end_to_end_and_again_for_nothing(quick, tmp_path):
    run = sweep(thinned("optimal-noise"), out=tmp_path / "optimal-noise", workers=HERE)
    started = []

    def shown(_):
        return nullcontext(lambda done, total: started.append((done, total)))

    found, compared = studies.sections([run], tmp_path, workers=HERE, progress=shown)
    assert any(done < total for done, total in started)
    for section in (found, compared):
        assert section.tables
        for link in section.links:
            assert (tmp_path / link.address).is_file()
    fresh = load(run.folder / "fresh" / "config.yaml")
    assert fresh.seed == run.experiment.seed + 1
    assert fresh.trials == 4 * TRIALS
    with (tmp_path / "context" / "context.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["algorithm"].split(" ")[0] for row in rows] == ["EM", "NEM", "NEM", "SQUAREM"] * 2
    assert float(rows[0]["evaluations"]) == pytest.approx(
        next(float(row["mean_iterations"]) for row in read(tmp_path / "context") if float(row["sigma"]) == 0)
    )
    started.clear()
    again = studies.sections([run], tmp_path, workers=HERE, progress=shown)
    assert all(done == total for done, total in started)
    assert again[0] == found


def test_a_study_says_where_trials_are_too_few():
    few = dataclasses.replace(made("blind", lambda level: 0), experiment=thinned("blind", trials=ENOUGH - 1))
    assert "mean little" in ANSWER["blind"].make(few)[1].paragraphs[0]
    assert "mean little" not in ANSWER["blind"].make(made("blind", lambda level: 0))[1].paragraphs[0]


def read(folder):
    with (folder / "summary.csv").open() as file:
        return list(csv.DictReader(file))


# Made-up numbers: EM takes 20, 21 or 22 M-steps; a level takes `more` than EM, and a little more in every other trial.


def made(name, more, *, status=None, off=None, thin=True):
    """A finished study in which `more(level)` says what a level takes beyond EM; `off` is its error in variances."""
    run = thinned(name, trials=300) if thin else load(shipped_configs()[name], trials=300)
    number = np.arange(run.trials)
    tables = {}
    for level in levels(run):
        table = np.zeros(run.trials, dtype=trial_dtype(level.components))
        if level.trial.stop.rule == "never":
            steps = np.full(run.trials, level.trial.stop.max_iterations)
        else:
            steps = 20 + number % 3 + (more(level) + number % 2 - (number // 2) % 2 if level.sigma else 0)
        table["iterations"] = steps
        table["status"] = status(level) if status else Status.CONVERGED
        if off:
            table["variances"] = 4 + off(level)
            table["log_likelihood"] = -off(level)
        tables[repr(level.settings)] = table

    rows = summarise(run, levels(run), MadeJournal(lambda level: tables[repr(level.settings)]))
    return Finished(run, rows, lambda row: tables[repr(row.settings)], name)


def answer(name, more, **given):
    run = made(name, more, **given)
    assert png(ANSWER[name].figure(run))
    return " ".join(ANSWER[name].answer(run))


def noise(level):
    return level.trial.noise


@pytest.mark.parametrize(
    ("blind", "said"),
    [
        (3, "slower than EM at all 6 levels. This agrees with the paper"),
        (-3, "faster at all 6, and not told from EM at none of 6 levels. So the paper's sentence"),
        (0, "not told from EM at all 6 levels. Nothing here contradicts the paper"),
    ],
)
def test_blind_noise(blind, said):
    text = answer("blind", lambda level: blind if noise(level).screen == "none" else -5)
    assert said in text
    assert "Screened additive noise at its best level" in text


def test_numbers_in_the_text_are_those_of_the_summary():
    run = made("blind", lambda level: -5 if noise(level).screen != "none" else 4)
    text = " ".join(ANSWER["blind"].answer(run))
    row = next(row for row in run.summary if row.sigma and dict(row.settings)["noise.screen"] == "every-component")
    assert f"{row.speedup_percent:.1f} % ({row.speedup_ci_low:.1f} to {row.speedup_ci_high:.1f}) fewer" in text
    row = next(row for row in run.summary if row.sigma and dict(row.settings)["noise.screen"] == "none")
    assert f"{-row.speedup_percent:.1f} % ({-row.speedup_ci_high:.1f} to {-row.speedup_ci_low:.1f}) more" in text


@pytest.mark.parametrize(
    ("mean", "average", "said"),
    [
        (-8, -8, ("That is 100 % of the saving. So all", "isn't shown to differ")),
        (
            -4,
            -10,
            ("That is 50 % of the saving. So shrinkage does part", "2.00 (2.00 to 2.00) M-steps fewer: it is better"),
        ),
        (
            0,
            -5,
            ("That is 0 % of the saving. So the speed-up needs", "3.00 (3.00 to 3.00) M-steps more: it isn't better"),
        ),
    ],
)
def test_the_control(mean, average, said):
    by_screen = {"every-component": -8, "mean-shift": mean, "posterior-average": average, "none": 5}
    text = answer("mean-shift", lambda level: by_screen[noise(level).screen])
    for part in said:
        assert part in text


def test_the_control_without_a_saving():
    assert "No saving is shown here that could be attributed" in answer("mean-shift", lambda level: 5)


def start_variance(level):
    return level.trial.start.variances[0]


@pytest.mark.parametrize(
    ("narrow", "wide", "said"),
    [
        (5, -5, "So the start decides"),
        (-5, -5, "So noise helped on both sides"),
        (5, 5, "the side of the start alone doesn't decide"),
    ],
)
def test_harm(narrow, wide, said):
    text = answer("harm", lambda level: narrow if start_variance(level) < 4 else wide)
    assert said in text
    assert ("helped nowhere" in text) == (wide > 0)
    assert "Started below the true variances" in text


def test_harm_names_the_narrowest_start_that_helps():
    text = answer("harm", lambda level: -5 if start_variance(level) > 10 else 5, thin=False)
    assert text.count("noise helped is 16.") == 2


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({1: -10, 3: -1}, "shrinks as the tolerance tightens"),
        ({1: -1, 3: -10}, "grows as the tolerance tightens"),
        ({1: -4, 3: -4}, "don't show that the share depends"),
    ],
)
def test_tolerance(more, said):
    assert answer("tolerance", lambda level: more.get(level.trial.stop.tol, -4)).count(said) == 2


def test_a_mean_at_the_cap_is_a_lower_bound_in_text_and_table():
    def status(level):
        return Status.MAX_ITERATIONS if level.trial.stop.tol == 3 and level.sigma == 0 else Status.CONVERGED

    run = made("tolerance", lambda level: -4, status=status)
    text = " ".join(ANSWER["tolerance"].answer(run))
    assert "at tol 3 EM takes at least 21.0" in text
    assert "tol 1 EM takes 21.0" in text
    (table,) = ANSWER["tolerance"].tables(run)
    assert table.rows[-1][2] == "≥ 21.0"
    assert table.rows[-1][-1] == "300, 0"
    assert table.rows[0][2] == "21.0"


@pytest.mark.parametrize(
    ("small", "large", "said"),
    [
        (-1, -9, "the benefit grows with the sample size in both modes"),
        (-9, -1, "the benefit is larger where data are sparse"),
        (-5, -5, "don't show that the benefit depends on the sample size"),
    ],
)
def test_sparsity(small, large, said):
    assert said in answer("sparsity", lambda level: small if level.trial.sample_size < 1000 else large)


def test_sparsity_that_differs_between_modes_and_degenerate_trials():
    def more(level):
        additive = noise(level).injection == "additive"
        return -9 if additive == (level.trial.sample_size < 1000) else -1

    text = answer(
        "sparsity", more, status=lambda level: Status.DEGENERATE if level.trial.sample_size == 25 else Status.CONVERGED
    )
    assert "So the answer depends on mode and level." in text
    assert "degenerated, all with 25 samples or fewer" in text


def test_decay():
    text = answer("decay", lambda level: -9 if noise(level).decay == 4 else -3 if noise(level).decay == 2 else 6)
    assert "The best additive noise has decay 4" in text
    assert "Its level and decay lie at the edge" in text
    assert "The paper's decay of 2, at its best level 0.4, takes 6.00 (6.00 to 6.00) M-steps more." in text
    assert "With the slowest cooling, decay 0.5, noise was slower than EM at all 3 levels." in text
    same = answer("decay", lambda level: -9 if noise(level).decay == 2 else 6)
    assert "The paper's decay" not in same
    assert "decay lie" not in same


def test_a_level_that_is_best_by_luck_on_one_half_shows_no_loss_of_the_other():
    run = made("decay", lambda level: -5)
    rows = [row for row in run.summary if row.sigma and dict(row.settings)["noise.decay"] in (2, 4)]
    first, second = halves(run.experiment.trials)
    lucky = next(row for row in rows if dict(row.settings)["noise.decay"] == 4)
    run.trials(lucky)["iterations"][first] -= 3
    run.trials(lucky)["iterations"][second] += 1
    assert "which shows no loss" in ANSWER["decay"].answer(run)[0]


def test_separation():
    def more(level):
        distance = 2 * level.trial.mixture.means[1]
        shift = {1.0: 0, 2.0: 5, 5.0: -5}.get(distance, -8)
        return shift if noise(level).injection == "additive" or distance == 1 else -6

    text = answer("separation", more)
    assert "At distance 2 and 5 multiplicative noise took fewer M-steps than additive noise" in text
    assert "(difference 11.00 (11.00 to 11.00) and 1.00 (1.00 to 1.00) M-steps)" in text
    assert "At distance 12 additive noise took fewer than multiplicative noise" in text
    assert "At distance 1 the two weren't told apart" in text
    assert "At distance 1 neither mode was shown to be faster than EM." in text
    assert "midway between the means" in text


@pytest.mark.parametrize(
    ("factor", "said"),
    [(5.0, "5.0 times as far"), (0.5, "nearer than EM at its stop"), (1.0, "isn't shown to differ from EM's")],
)
def test_accuracy_at_the_own_stops(factor, said):
    def off(level):
        if level.trial.stop.tol == 8:
            return 0.0
        return 0.1 * (factor if level.sigma else 1)

    assert said in answer("accuracy", lambda level: -5, off=off)


@pytest.mark.parametrize(
    ("noisy", "said"),
    [
        (lambda k: 1.0 if k < 5 else 9.0, "the noise is nearer up to M-step 2, EM from M-step 9 on"),
        (lambda k: 30.0, "EM is always the nearer"),
        (lambda k: 0.01, "the noise is always the nearer"),
        (lambda k: 0.01 if k > 10 else 30.0, "the noise is nearer at 1 of 4 counts"),
    ],
)
def test_accuracy_after_equally_many_m_steps(noisy, said):
    def off(level):
        k = level.trial.stop.max_iterations
        if level.trial.stop.tol == 8:
            return 0.0
        if level.trial.stop.rule != "never":
            return 0.5
        return noisy(k) if level.sigma else 20.0 / k

    assert answer("accuracy", lambda level: -5, off=off).count(said) == 2


@pytest.mark.parametrize(
    ("above", "below", "said"),
    [
        (-5, 5, "it helps where the means must shrink, and not where they must grow"),
        (5, 5, "wasn't shown to help from any"),
        (-5, -5, "it helped from some starts above and below"),
        (5, -5, "it helped from some starts below the true means"),
    ],
)
def test_exponential(above, below, said):
    assert said in answer("exponential", lambda level: above if level.trial.start.means[0] > 1 else below)


def best_noise(sigma=1.5, decay=2.5, loss=1.0, grid=(1, 1.5, 2)):
    rng = np.random.default_rng(3)
    em = rng.integers(8, 12, 400)
    found = em - 3
    paper = found + loss + rng.integers(0, 2, 400) - rng.integers(0, 2, 400)
    effect, paper_effect = effects(em, [(sigma, found), (1.9, paper.astype(int))], seed=1, resamples=200)
    run = validate(
        {"name": "e", "mixture": {"weights": [1], "means": [0], "variances": [1]}, "sample_size": 10,
         "sweep": {"sigma": list(grid), "noise.decay": [1, 2.5, 4]}}
    )  # fmt: skip
    all_levels = tuple(level for level in levels(run) if level.sigma)
    rungs = [Rung(100, all_levels, tuple(range(len(all_levels)))), Rung(200, all_levels[:2], (7.0, 7.25))]
    return optimal_noise.BestNoise(
        "additive", rungs, sigma, decay, effect, 1.9, 2.0, paper_effect, mean_estimate(paper - found)
    )


def test_the_best_noise_and_the_papers():
    how, result = optimal_noise.answer([best_noise()])
    assert "raced 9 levels on 100 trials and 2 levels on 200 trials" in how
    assert "The last round's levels lie 0.25 M-steps apart." in how
    assert "edge" not in how + result
    assert "On 400 fresh trials the best additive noise, level 1.5 and decay 2.5, takes" in result
    assert re.search(r"that costs 1\.0\d \(.*\) M-steps more\.$", result)
    assert "so no loss is shown" in optimal_noise.answer([best_noise(loss=0)])[1]
    assert "the search missed a better one" in optimal_noise.answer([best_noise(loss=-2)])[1]
    assert "Its level and decay lie at the edge" in optimal_noise.answer([best_noise(sigma=2.0, decay=4.0)])[1]
    assert "These are the paper's level and decay." in optimal_noise.answer([best_noise(sigma=1.9, decay=2.0)])[1]


def contender(name, tol, more, below=0.0):
    def around(value):
        return Estimate(value, value - 0.1, value + 0.1)

    return context.Contender(name, tol, around(10 + more), 0, around(0.5), 0.1, around(more), around(below), 100, 0)


@pytest.mark.parametrize(
    ("loose", "tight", "said"),
    [
        (3, 50, "SQUAREM needs fewer evaluations than NEM at every tolerance here. NEM is a phenomenon"),
        (-1, 50, "SQUAREM needs fewer evaluations than NEM at tol 3, but not at tol 1.2. NEM is a phenomenon"),
        (-1, 0, "SQUAREM isn't shown to need fewer evaluations than NEM here."),
    ],
)
def test_context(loose, tight, said):
    run = thinned("optimal-noise")
    contenders = [
        each
        for tol, more in ((1.2, loose), (3, tight))
        for each in (contender("EM", tol, 5), contender("NEM (additive)", tol, more), contender("SQUAREM", tol, 0))
    ]
    section = context.section(run, contenders, "context")
    assert section.paragraphs[-1].startswith(said)
    assert ("NEM is a phenomenon" in section.paragraphs[-1]) == (max(loose, tight) > 0)
    assert len(section.tables[0].rows) == 6
    assert "5.0 (4.9 to 5.1) fewer than EM" in section.paragraphs[1]
    if loose < 0:
        assert "1.0 (0.9 to 1.1) more than NEM (additive)" in section.paragraphs[1]
    if tight == 0:
        assert "which shows no difference" in section.paragraphs[1]


def test_context_says_where_squarem_ends_higher():
    contenders = [contender("EM", 1.2, 5), contender("NEM (additive)", 1.2, 3, below=1), contender("SQUAREM", 1.2, 0)]
    assert "it ends at a higher likelihood than NEM at tol 1.2" in context.answer(thinned("blind"), contenders)[-1]


def test_successive_halving_keeps_the_best_and_doubles_the_trials():
    calls = []

    def means(running, trials):
        calls.append((len(running), trials))
        return [abs(level - 37) for level in running]

    rungs = successive_halving(range(84), means, trials=10)
    assert calls == [(84, 10), (28, 20), (10, 40), (4, 80)]
    assert rungs[-1].levels[0] == 37
    assert rungs[-1].means == (0, 1, 1, 2)
    assert successive_halving([5], means, trials=10) == [Rung(10, (5,), (32.0,))]


def test_successive_halving_corrects_an_early_mistake():
    def means(running, trials):
        return [level + (5 if level == 0 and trials == 10 else 0) for level in running]

    assert successive_halving(range(30), means, trials=10)[-1].levels[0] == 0


def test_mean_estimate_is_students_interval():
    values = np.random.default_rng(0).normal(3, 2, 50)
    found = mean_estimate(values, 0.9)
    low, high = stats.t.interval(0.9, 49, values.mean(), stats.sem(values))
    assert (found.value, found.low, found.high) == pytest.approx((values.mean(), low, high))
    assert mean_estimate(np.array([4])) == Estimate(4.0, -np.inf, np.inf)
    assert mean_estimate(np.array([])) == Estimate(0.0, -np.inf, np.inf)


def test_halves_are_disjoint_and_whole():
    first, second = halves(7)
    assert list(range(7)) == [*range(7)[first], *range(7)[second]]
    assert halves(1) == (slice(0, 1), slice(0, 1))
    assert best([np.array([3, 4]), np.array([1, 2]), np.array([2, 1])]) == 1


def test_the_gap_to_the_fit_is_over_estimated_parameters_and_sound_trials():
    table, fit = (np.zeros(3, dtype=trial_dtype(2)) for _ in range(2))
    table["variances"] = [[3, 4], [0, 0], [9, 9]]
    table["means"] = 100
    table["log_likelihood"] = [-1, -3, -99]
    table["iterations"] = [2, 4, 90]
    fit["status"][2] = Status.DEGENERATE
    found = accuracy_analysis.gap(table, fit, ["variances"])
    assert found.distance.value == 2.5
    assert found.log_likelihood.value == 2
    assert found.m_steps.value == 3


def test_words():
    assert words.against_em(Estimate(20, 10, 30)) == "takes 20.0 % (10.0 to 30.0) fewer M-steps than EM"
    assert words.against_em(Estimate(-20, -30, -10)) == "takes 20.0 % (10.0 to 30.0) more M-steps than EM"
    assert words.against_em(Estimate(1, -1, 3)) == "can't be told from EM: 1.0 % (-1.0 to 3.0) fewer M-steps"
    assert "made no M-step" in words.against_em(None)
    assert words.number(-0.01) == "0.0"
    assert words.number(1234.5) == "1,234.5"
    assert [words.listed(["a", "b", "c"][:n]) for n in (1, 2, 3)] == ["a", "a and b", "a, b and c"]
    assert [words.of(n, 3) for n in (0, 2, 3)] == ["none of 3", "2 of 3", "all 3"]
