"""The predictive check, equal accuracy and the set of protocols, on as many trials as the report has."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from nem_cli.experiment.load import load
from nem_cli.experiment.plan import BOOTSTRAP, stream
from nem_cli.experiment.runner import Workers
from nem_cli.experiment.shipped import shipped_configs
from nem_cli.paper.prediction import of_run
from nem_cli.paper.protocols import stages
from nem_cli.paper.protocols.config import families, ways
from nem_cli.paper.protocols.config import load as load_search
from nem_cli.paper.studies.equal_accuracy import CONFIGS, measured
from nem_cli.statistics.prediction import JOINTS, joint_p_values, predict, rounded
from nem_cli.statistics.study import MODES, STATISTICS, Curve, Protocol, draw
from nem_cli.sweep.sweep import collect

pytestmark = pytest.mark.slow

INTERVALS = {
    ("five-parameter", 100): [(24.0, 38.6), (24.0, 38.3), (0.20, 0.52), (1.2, 2.4), (-0.45, 0.51), (0.26, 0.47)],
    ("five-parameter", 800): [(25.8, 31.6), (25.6, 31.1), (0.28, 0.48), (1.4, 2.2), (-0.17, 0.25), (0.14, 0.18)],
    ("variances-only", 100): [(27.5, 31.2), (29.6, 32.6), (0.40, 0.48), (1.8, 2.2), (-0.39, 0.04), (0.10, 0.18)],
    ("variances-only", 400): [(28.0, 29.9), (29.9, 31.5), (0.40, 0.48), (1.8, 2.0), (-0.30, -0.07), (0.06, 0.09)],
}
"""Ends of 95 % predictive intervals of another simulation of 20,000 trials, fresh design; EM's left out."""
P_VALUES = {
    ("five-parameter", 100): [0.31, 0.83, 0.50, 0.70, 0.41, 0.001],
    ("five-parameter", 800): [0.47, 0.13, 0.29, 0.71, 0.03, 0.001],
    ("variances-only", 100): [0.07, 0.51, 1, 0.93, 0.99, 0.76],
    ("variances-only", 400): [0.01, 0.85, 1, 0.83, 0.97, 0.001],
}
JOINT = {  # joint, joint-without-se, joint-fit, not significant
    ("five-parameter", 100): [0.001, 0.78, 0.60, 0.99],
    ("five-parameter", 800): [0.001, 0.18, 0.23, 0.99],
    ("variances-only", 100): [0.18, 0.22, 0.16, 0.78],
    ("variances-only", 400): [0.001, 0.003, 0.04, 0.24],
}
ACCURACY = {
    "em": [3.31, 4.41, 5.05, 6.44, 7.43, 8.33, 10.17],
    "additive": [2.18, 2.90, 3.23, 3.91, 5.00, 9.71, 16.90],
    "multiplicative": [2.17, 2.85, 3.19, 3.90, 5.35, 9.68, 16.87],
}
"""Mean T_eps under variances-only of another simulation, 2,000 trials, at the epsilons in order."""


@pytest.fixture(scope="module")
def protocols(tmp_path_factory):
    """Both tuned protocols, 20,000 trials a level."""
    folder = tmp_path_factory.mktemp("prediction")
    return {
        name: of_run(collect(folder / name, load(shipped_configs()[f"prediction-{name}"]), workers=Workers()))
        for name in ("five-parameter", "variances-only")
    }


def part(protocol, trials):
    curves = {mode: Curve(curve.sigmas, curve.counts[trials]) for mode, curve in protocol.curves.items()}
    return Protocol(protocol.em[trials], curves)


def close(ours, theirs):
    return abs(ours - theirs) <= 0.05 or 1 / 1.5 <= ours / theirs <= 1.5


@pytest.mark.parametrize(("name", "n"), INTERVALS)
def test_the_predictive_check_gives_another_simulations_numbers(protocols, name, n):
    found = predict(protocols[name], n, "fresh", stream(1, BOOTSTRAP, n))
    for claim, theirs, p in zip(STATISTICS[1:], INTERVALS[name, n], P_VALUES[name, n], strict=True):
        ours = found.interval(claim)
        level = 0.5 if claim == "additive-sigma" else 0.04 if claim.endswith("sigma") else 0.01
        place = np.sqrt(2 * n / 20_000) * found.studies.column(claim).std()  # of both simulations' 20,000 trials
        for here, there in zip(ours, theirs, strict=True):  # the next level of the grid, or rounding
            assert abs(here - there) <= max(0.02 * abs(there), level, 2 * place), (claim, ours, theirs)
        assert close(found.p[claim], p), claim
    joint = [found.p[claim] for claim in reversed(JOINTS)] + [found.not_significant]
    assert all(close(ours, theirs) for ours, theirs in zip(joint, JOINT[name, n], strict=True)), joint


@pytest.mark.parametrize("name", ["five-parameter", "variances-only"])
def test_joint_p_is_calibrated(protocols, name):
    """400 studies of n = 100, judged against the other trials of their own protocol."""
    known, unknown = (part(protocols[name], half) for half in (slice(0, 10_000), slice(10_000, None)))
    ours = draw(known, 100, "fresh", 5000, stream(2, BOOTSTRAP))
    studies = draw(unknown, 100, "fresh", 400, stream(3, BOOTSTRAP))
    for claim, names in JOINTS.items():
        p = joint_p_values(ours, rounded(studies.printed), names)
        for level in (0.01, 0.05, 0.2):
            assert np.mean(p <= level) <= level + 3 * np.sqrt(level * (1 - level) / 400), (claim, level)
    for column in ("difference", "difference-se"):
        assert stats.ks_2samp(studies.column(column), ours.column(column)).pvalue > 0.001


def test_studies_of_the_other_protocol_are_recognised(protocols):
    ours = draw(protocols["variances-only"], 100, "fresh", 5000, stream(2, BOOTSTRAP))
    studies = draw(protocols["five-parameter"], 100, "fresh", 400, stream(3, BOOTSTRAP))
    assert np.mean(joint_p_values(ours, rounded(studies.printed), STATISTICS) < 0.05) >= 0.9


def test_a_study_finds_its_own_protocol_in_the_set():
    """200 studies under protocols of the shipped grid; the set holds what joint-fit doesn't reject at every size."""
    search = load_search(shipped_configs()["protocols"])
    random = stream(4, BOOTSTRAP)
    found = [level for level in families(search) if level.trial.sample_size <= 50]
    ours, theirs = [], []
    for index in random.choice(len(found), 12, replace=False):
        em = stages.em_stage(search, found[index], ways(search.rules))
        rules = [rule for rule, fits in zip(ways(search.rules), stages.plausible(em[:, 0]), strict=True) if fits]
        for known, first in ((ours, 3), (theirs, 10)):
            known += _protocols(search, found[index], rules, first) if rules else []
    assert len(ours) > 20
    truth = random.integers(0, len(ours), 200)
    printed = np.concatenate([draw(theirs[index], 100, "fresh", 1, random).printed for index in truth])
    p = np.zeros((len(ours), 200))
    for index, protocol in enumerate(ours):
        for n in (25, 50, 100, 200):
            studies = draw(protocol, n, "fresh", 1000, random)
            p[index] = np.maximum(p[index], joint_p_values(studies, rounded(printed), JOINTS["joint-fit"]))
    inside = p >= 0.05
    print(f"mean share of {len(ours)} protocols in the set: {inside.mean():.2f}")
    assert inside[truth, np.arange(200)].mean() >= 0.9


def _protocols(search, level, rules, first):
    em = stages._passages(search, level, rules, first, 2000)[0]
    counts = {
        mode: np.stack(
            [stages._passages(search, stages._at(level, mode, sigma), rules, first, 2000)[0] for sigma in sigmas],
            axis=2,
        )
        for mode, sigmas in ((mode, getattr(search.sigma, mode)) for mode in MODES)
    }
    return [
        Protocol(em[i], {mode: Curve(np.array(getattr(search.sigma, mode)), counts[mode][i]) for mode in MODES})
        for i in range(len(rules))
    ]


def test_equal_accuracy_gives_another_simulations_numbers(tmp_path):
    run = collect(tmp_path, load(shipped_configs()[CONFIGS["variances-only"]], trials=4000), workers=Workers())
    rows = measured("variances-only", run)
    for arm, expected in ACCURACY.items():
        for row, theirs in zip([row for row in rows if row.arm == arm], expected, strict=True):
            error = row.standard_error * np.sqrt(1 + 4000 / 2000)
            assert abs(row.mean - theirs) <= 4 * error + 0.005, (arm, row.epsilon)
