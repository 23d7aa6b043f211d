"""The stages of a search: what is measured of a path family, and what that leaves.

A family runs once, to the horizon or until every way to count that is left has ended; each way is a first passage of
the same path. A stage looks at trials that no stage before it has seen. Nothing is ranked: a protocol is dropped where
no size of study could explain the paper's numbers.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from scipy import stats

from nem_cli.em import trace
from nem_cli.em.arrays import BoolArray, FloatArray, IntArray
from nem_cli.em.theta import Theta
from nem_cli.experiment.block import data_and_starts, problem
from nem_cli.experiment.plan import BOOTSTRAP, NOISE, Level, stream
from nem_cli.paper.protocols.config import Rule, Search
from nem_cli.paper.protocols.together import NORMS, Cached, Together
from nem_cli.statistics import published
from nem_cli.statistics.first_passage import first_below
from nem_cli.statistics.prediction import JOINTS, PRINTED, SIZES, predict, sizes, trials_assumed
from nem_cli.statistics.study import MODES, STATISTICS, Curve, Protocol

UNEXPLAINED = 1e-4
"""Where a chi-square test says less, no size of study explains the paper's numbers."""
EM_COLUMNS = ("mean", "restricted")
"""Of plain EM: mean count and share at the horizon."""
LEVEL_COLUMNS = ("mean", *MODES, "distance")
"""EM's mean count, per cent saved at the paper's levels, and how far these are from the paper's numbers."""
FULL_COLUMNS = (
    *EM_COLUMNS,
    *MODES,
    *(f"{claim}:{what}" for claim in JOINTS for what in ("p", "n")),
    *STATISTICS,
    "shape",
)
"""The same; over sizes of study the largest p, of each joint claim with that size, of each printed number alone; and
the largest share of studies with the paper's shape."""


def em_stage(search: Search, level: Level, rules: Sequence[Rule]) -> FloatArray:
    """Columns `EM_COLUMNS`, shape (rules, 2)."""
    counts, reached = _passages(search, level, rules, 0, search.trials.em)
    return np.stack([counts.mean(axis=1), 1 - reached.mean(axis=1)], axis=1)


def plausible(em: FloatArray) -> BoolArray:
    """Where EM's mean count is what the paper prints."""
    return np.abs(em - PRINTED["em"].value) <= PRINTED["em"].half_width


def level_stage(search: Search, level: Level, rules: Sequence[Rule], number: int) -> FloatArray:
    """Columns `LEVEL_COLUMNS`, shape (rules, 4).

    Parameters
    ----------
    number : int
        Which of the search's `paper_levels`.
    """
    trials = search.trials.paper_levels[number]
    block = 1 + number
    em, _ = _passages(search, level, rules, block, trials)
    noisy = [
        _passages(search, _at(level, mode, published.OPTIMA[mode].sigma), rules, block, trials)[0] for mode in MODES
    ]
    savings = [100 * (1 - counts.mean(axis=1) / em.mean(axis=1)) for counts in noisy]
    return np.stack([em.mean(axis=1), *savings, _distances(em, noisy)], axis=1)


def explained(distance: FloatArray) -> BoolArray:
    """Where some size of study may explain the paper's numbers."""
    return np.asarray(distance <= stats.chi2.isf(UNEXPLAINED, 3))


def full_stage(search: Search, level: Level, rules: Sequence[Rule]) -> FloatArray:
    """The predictive check on full grids, columns `FULL_COLUMNS`, shape (rules, 18)."""
    trials = search.trials.full
    first = 1 + len(search.trials.paper_levels)
    em, reached = _passages(search, level, rules, first, trials)
    grids = {mode: np.array(getattr(search.sigma, mode)) for mode in MODES}
    curves = {
        mode: np.stack(
            [_passages(search, _at(level, mode, sigma), rules, first, trials)[0] for sigma in grids[mode]], axis=2
        )
        for mode in MODES
    }  # (rules, trials, levels) each
    table = np.empty((len(rules), len(FULL_COLUMNS)))
    for index in range(len(rules)):
        protocol = Protocol(em[index], {mode: Curve(grids[mode], curves[mode][index]) for mode in MODES})
        predicted = [
            predict(protocol, n, "fresh", stream(search.seed, BOOTSTRAP, n), studies=search.studies)
            for n in sizes(trials)
        ]
        row = [em[index].mean(), 1 - reached[index].mean()]
        for mode in MODES:
            counts = protocol.curves[mode].counts[:, grids[mode] == published.OPTIMA[mode].sigma]
            row.append(100 * (1 - counts.mean() / em[index].mean()))
        for claim in JOINTS:
            best = trials_assumed(predicted, claim)
            row += [best.p[claim], best.n]
        row += [max(each.p[name] for each in predicted) for name in STATISTICS]
        table[index] = [*row, max(each.shape for each in predicted)]
    return table


def _at(level: Level, mode: str, sigma: float) -> Level:
    noise = level.trial.noise.model_copy(update={"injection": mode})
    return dataclasses.replace(level, sigma=sigma, trial=level.trial.model_copy(update={"noise": noise}))


def _passages(
    search: Search, level: Level, rules: Sequence[Rule], first: int, trials: int
) -> tuple[IntArray, BoolArray]:
    """Each rule's count in the trials from a block on, and whether it held by the horizon, shape (rules, trials)."""
    blocks = [data_and_starts(level, search.seed, first + block) for block in range(level.blocks(trials))]
    y = np.concatenate([data for data, _ in blocks])[:trials]
    start = Theta.joined([theta for _, theta in blocks]).take(slice(trials))
    strictest: dict[str, float] = {
        rule.norm: max(each.tol for each in rules if each.norm == rule.norm) for rule in rules
    }
    norms = {norm: Cached(NORMS[norm]) for norm in strictest}
    stop = Together(norms, strictest)
    path = dataclasses.replace(problem(level), stop=stop, tol=0.0, max_iterations=search.horizon)
    distances = trace.record(path, y, start, stream(search.seed, NOISE, first), norms).distances
    passages = [first_below(distances[rule.norm], 10.0**-rule.tol) for rule in rules]
    counts = [passage.steps + rule.start_counted for passage, rule in zip(passages, rules, strict=True)]
    return np.stack(counts), np.stack([passage.reached for passage in passages])


def _distances(em: IntArray, noisy: Sequence[IntArray]) -> FloatArray:
    """Squared normal distance of (EM, savings at the paper's levels) from the paper's numbers, shape (rules,).

    In the covariance of the smallest study plus that of ours, by the delta method; least over the cell of EM's mean.
    """
    trials = em.shape[1]
    share = 1 / SIZES[0] + 1 / trials
    mean, variance = em.mean(axis=1), em.var(axis=1) * share
    slope = 100 / mean
    covariance = np.zeros((len(em), 3, 3))
    covariance[:, 0, 0] = variance
    gap = np.empty((len(em), 3))
    for index, (mode, counts) in enumerate(zip(MODES, noisy, strict=True), start=1):
        ratio = counts.mean(axis=1) / mean
        gap[:, index] = published.OPTIMA[mode].speedup_percent - 100 * (1 - ratio)
        covariance[:, index, index] = slope**2 * (counts.var(axis=1) * share + ratio**2 * variance)
        if index == 1:  # the second figure has an EM run of its own
            covariance[:, 0, 1] = covariance[:, 1, 0] = slope * ratio * variance
    precision = np.linalg.inv(covariance + 1e-9 * np.eye(3))
    pull = np.einsum("ri,ri->r", gap[:, 1:], precision[:, 1:, 0]) / precision[:, 0, 0]
    away, half = PRINTED["em"].value - mean, PRINTED["em"].half_width
    gap[:, 0] = np.clip(-pull, away - half, away + half)
    return np.asarray(np.einsum("ri,rij,rj->r", gap, precision, gap))
