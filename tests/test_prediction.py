"""The predictive check: against its definitions by hand, and its calibration on protocols that are cheap to draw."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from nem_cli.errors import ConfigError
from nem_cli.statistics import prediction
from nem_cli.statistics.prediction import JOINTS, PRINTED, holm, joint_p_values, p_values, predict, rounded, sizes
from nem_cli.statistics.study import MODES, STATISTICS, Curve, Protocol, Studies, draw

SIGMAS = {
    "multiplicative": np.array([0.2, 0.36, 0.4, 0.44, 0.48, 1.0]),
    "additive": np.array([1.0, 1.8, 1.9, 2.0, 5.0]),
}
PAPER = np.array([[PRINTED[name].value for name in STATISTICS]])


def rng(seed=0):
    return np.random.Generator(np.random.SFC64(seed))


def protocol(trials=2000, seed=1, saving=2.8, em=9.0):
    """Counts that fall to the middle of each grid and rise above EM beyond, with what a trial's data share."""
    random = rng(seed)
    shared = random.normal(0, 0.7, trials)
    count = lambda mean: np.maximum(1, np.round(1 + mean + shared + random.normal(0, 0.7, trials))).astype(int)  # noqa: E731
    curves = {}
    for mode, shapes in (("multiplicative", [2, 2.6, 2.7, 2.8, 2.7, -2]), ("additive", [2, 2.9, 3, 2.9, -2])):
        counts = np.stack([count(em - saving / 2.8 * each) for each in shapes], axis=1)
        curves[mode] = Curve(SIGMAS[mode], counts, count(em + 1))
    return Protocol(count(em), curves)


def test_the_papers_seven_numbers():
    assert {name: (round(each.value, 3), each.half_width) for name, each in PRINTED.items()} == {
        "em": (10, 0.5),
        "multiplicative-speedup": (27.6, 0.05),
        "additive-speedup": (30.5, 0.05),
        "multiplicative-sigma": (0.44, 0.005),
        "additive-sigma": (1.9, 0.05),
        "difference": (-0.19, 0.005),
        "difference-se": (0.128, 0.003),
    }


@pytest.mark.parametrize("design", ["fresh", "common"])
def test_means_and_standard_errors_are_those_of_studies_of_n_trials(design):
    ours, n, many = protocol(), 40, 20_000
    studies = draw(ours, n, design, many, rng())
    em = studies.column("em")
    assert abs(em.mean() - ours.em.mean()) < 5 * ours.em.std() / np.sqrt(n * many)
    assert em.std() == pytest.approx(ours.em.std() / np.sqrt(n), rel=0.03)
    additive, multiplicative = (
        ours.curves[mode].counts[:, best] for mode, best in (("additive", 2), ("multiplicative", 3))
    )
    expected = (additive.var() + multiplicative.var()) * (n - 1) / n / n
    assert np.mean(studies.column("difference-se") ** 2) == pytest.approx(expected, rel=0.03)
    assert studies.shape.mean() > 0.999


def test_common_studies_share_their_rows():
    ours = protocol()
    apart, together = (draw(ours, 40, design, 4000, rng()) for design in ("fresh", "common"))
    speedups = ("additive-speedup", "multiplicative-speedup")
    assert abs(np.corrcoef(*(apart.column(name) for name in speedups))[0, 1]) < 0.1
    assert np.corrcoef(*(together.column(name) for name in speedups))[0, 1] > 0.3
    assert together.column("difference").std() < 0.8 * apart.column("difference").std()
    from_the_rest = together.column("em") / 100 * (together.column(speedups[1]) - together.column(speedups[0]))
    np.testing.assert_allclose(together.column("difference"), from_the_rest, atol=1e-12)


def test_a_study_with_one_count_a_level_prints_just_that():
    counts = {mode: np.tile([9, 7, 12], (100, 1)) for mode in MODES}
    same = Protocol(np.full(100, 10), {mode: Curve(np.array([1.0, 2.0, 3.0]), counts[mode]) for mode in MODES})
    for design in ("fresh", "common"):
        studies = draw(same, 10, design, 3, rng())
        np.testing.assert_allclose(studies.printed, np.tile([10, 30, 30, 2, 2, 0, 0], (3, 1)), atol=1e-12)
        assert studies.shape.mean() > 0.999


def test_the_shape_needs_all_its_parts():
    def share(levels, blind):
        counts = np.tile(levels, (100, 1))
        same = {mode: Curve(np.array([1.0, 2.0, 3.0]), counts, np.full(100, blind)) for mode in MODES}
        return predict(Protocol(np.full(100, 10), same), 10, "fresh", rng(), studies=5).shape

    assert share([9, 7, 12], blind=11) == 1
    assert share([9, 7, 10], blind=11) == 0, "doesn't rise above EM"
    assert share([12, 9, 8], blind=11) == 0, "rises above EM, but before the optimum"
    assert share([11, 10, 12], blind=11) == 0, "doesn't fall below EM"
    assert share([9, 7, 12], blind=10) == 0, "blind noise isn't slower"


def test_p_values_by_their_definition():
    studies = draw(protocol(), 30, "fresh", 400, rng())
    printed = np.concatenate([PAPER, studies.printed[:5]])
    got = p_values(studies, printed)
    for row, numbers in enumerate(printed):
        for column, name in enumerate(STATISTICS):
            half, x = PRINTED[name].half_width, studies.column(name)
            below = (1 + np.sum(x <= numbers[column] + half + 1e-9)) / 401
            above = (1 + np.sum(x >= numbers[column] - half - 1e-9)) / 401
            assert got[row, column] == pytest.approx(min(1, 2 * min(below, above)))


def test_the_joint_distance_is_least_over_the_cell_of_ems_mean():
    studies = draw(protocol(), 30, "fresh", 500, rng())
    names = JOINTS["joint-fit"]
    x = rounded(studies.printed)[:, :3]
    exact = np.column_stack([studies.printed[:, 0], x[:, 1:]])
    precision = np.linalg.inv(np.cov(exact, rowvar=False, ddof=0))
    centre = exact.mean(axis=0)

    def distance(numbers):
        def at(em):
            z = np.array([em, *numbers[1:]]) - centre
            return z @ precision @ z

        return optimize.minimize_scalar(at, (numbers[0] - 0.5, numbers[0] + 0.5), (numbers[0] - 0.5, numbers[0] + 0.5),
                                        method="bounded", options={"xatol": 1e-10}).fun  # fmt: skip

    ours = np.array([distance(row) for row in x])
    for printed in (PAPER, studies.printed[:3]):
        theirs = np.array([distance(row[:3]) for row in rounded(printed)])
        expected = [(1 + np.sum(ours >= each - 1e-6)) / 501 for each in theirs]
        np.testing.assert_allclose(joint_p_values(studies, printed, names), expected, atol=2 / 501)


def test_what_never_varies_and_is_missed_makes_p_minimal():
    studies = draw(protocol(), 30, "fresh", 300, rng())
    printed = studies.printed.copy()
    column = STATISTICS.index("additive-sigma")
    printed[:, column] = 1.9
    hit = Studies(printed, studies.shape)
    middle = printed.mean(axis=0)
    assert joint_p_values(hit, middle[None], STATISTICS)[0] > 0.1
    middle[column] = 2.0
    assert joint_p_values(hit, middle[None], STATISTICS)[0] == pytest.approx(1 / 301)
    printed = printed.copy()
    printed[:, column] = 2.4
    missed = Studies(printed, studies.shape)
    assert joint_p_values(missed, PAPER, STATISTICS)[0] == pytest.approx(1 / 301)
    all_fixed = Studies(np.tile(PAPER, (50, 1)), np.ones(50, dtype=bool))
    assert joint_p_values(all_fixed, PAPER, STATISTICS)[0] == 1
    assert joint_p_values(all_fixed, PAPER + 1, STATISTICS)[0] == pytest.approx(1 / 51)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
@settings(deadline=None)
def test_holm_by_its_definition(p):
    adjusted = holm(np.array(p))
    for value, got in zip(p, adjusted, strict=True):
        steps = [min(1, (len(p) - rank) * other) for rank, other in enumerate(sorted(p)) if other <= value]
        assert got == pytest.approx(max(steps))


def test_holm_of_an_example():
    np.testing.assert_allclose(holm(np.array([0.01, 0.04, 0.03, 0.005])), [0.03, 0.06, 0.06, 0.02])


def test_joint_p_is_uniform_for_studies_of_the_protocol_itself():
    ours = protocol(6000)
    studies, judged = (draw(ours, 100, "fresh", many, rng(seed)) for many, seed in ((4000, 1), (2000, 2)))
    for names in JOINTS.values():
        p = joint_p_values(studies, rounded(judged.printed), names)
        for level in (0.01, 0.05, 0.2):
            assert np.mean(p <= level) < level + 4 * np.sqrt(level * (1 - level) / len(p))
            assert np.mean(p <= 2 * level) > level


def test_studies_of_another_protocol_are_told_apart():
    studies = draw(protocol(), 100, "fresh", 2000, rng(1))
    judged = draw(protocol(saving=2.4), 100, "fresh", 200, rng(2))
    assert np.mean(joint_p_values(studies, judged.printed, JOINTS["joint-fit"]) < 0.05) > 0.9


def test_outcomes():
    ours = protocol()
    predicted = [predict(ours, n, "fresh", rng(n), studies=1000) for n in (25, 50, 100, 200)]
    assumed = prediction.trials_assumed(predicted)
    assert assumed.p["joint"] == max(each.p["joint"] for each in predicted)
    assert prediction.outcome(predicted, "additive-speedup", assumed) == "compatible-informative"
    assert prediction.outcome(predicted, "additive-sigma", assumed) == "compatible"
    assert prediction.outcome(predicted, "shape", assumed) == "compatible-informative"
    assert prediction.outcome([], "em", None) == "cannot-be-checked"
    slow = [predict(protocol(em=14.0), n, "fresh", rng(n), studies=1000) for n in (25, 50)]
    assert prediction.outcome(slow, "em", prediction.trials_assumed(slow)) == "incompatible"


def test_too_few_trials_for_a_size_of_study():
    assert sizes(2000) == (25, 50, 100, 200)
    assert sizes(100) == ()
    with pytest.raises(ConfigError, match=r"4,010 trials or more.*got 2000"):
        predict(protocol(), 401, "fresh", rng())


def test_the_thinned_grid_keeps_the_papers_level():
    curve = protocol().curves["multiplicative"]
    np.testing.assert_array_equal(curve.thinned(0.44).sigmas, [0.36, 0.44, 1.0])
    np.testing.assert_array_equal(curve.thinned(0.44).counts, curve.counts[:, 1::2])
    np.testing.assert_array_equal(curve.thinned(0.4).sigmas, [0.2, 0.4, 0.48])


def test_the_not_significant_share():
    ours = protocol()
    predicted = predict(ours, 100, "fresh", rng(), studies=2000)
    x = predicted.studies
    p = 2 * stats.norm.sf(np.abs(x.column("difference") / x.column("difference-se")))
    assert predicted.not_significant == pytest.approx(np.mean(p > 0.05))
