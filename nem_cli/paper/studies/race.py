"""The race: EM, NEM and the accelerators of EM on published problems, from the same starts, counted in EM's map."""

from __future__ import annotations

import math
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from nem_cli.em import algorithm
from nem_cli.em.arrays import BoolArray, FloatArray
from nem_cli.em.status import Status
from nem_cli.experiment.block import data_and_starts, problem
from nem_cli.experiment.plan import NOISE, Level, stream
from nem_cli.experiment.registry import EM
from nem_cli.paper.studies.race_figure import figure
from nem_cli.paper.studies.study import Runs, Study, Work, of_means
from nem_cli.statistics.estimate import UNKNOWN, Estimate, mean_estimate
from nem_cli.statistics.run import Run
from nem_cli.statistics.summary import Row

CLOSE = 0.01
"""A trial has reached the best limit where its log-likelihood is no further below."""
PROBLEMS = {
    "race": "deaths",
    **{
        f"race-{name}": name
        for name in (
            "five-parameter", "variances-only", "data-driven", "waiting", "eruptions", "galaxies-3", "galaxies-3-tied",
            "galaxies-6", "galaxies-6-tied", "ten",
        )
    },
}  # fmt: skip
"""Each problem's config, and what it is called."""
REACHED = {"reached_10": 0.1, "reached_25": 0.25, "reached_50": 0.5, "reached_75": 0.75, "reached_90": 0.9}
"""The quantiles of a racer's evaluations until the best limit, by field."""
PUBLISHED = {"em": 2000, "squarem": 78, "anderson": 48, "quasi-newton": 42}
"""Median evaluations on the deaths over 20 starts, to 10^-7, as quoted for the comparison of B. Tang, N. C. Henderson
and R. Varadhan (AccelBenchmark 0.3.0), whose print wasn't seen; EM's is above the cap of 2,000."""


@dataclass(frozen=True)
class Racer:
    """How one method fared on one problem; evaluations are of EM's map.

    Parameters
    ----------
    starts : int
        Trials: random starts on fixed data, or data sets.
    evaluations_mean, evaluations_median, evaluations_low, evaluations_high : float
        To the stop rule or the cap; the last two are a 95 % interval of the median.
    converged, capped, failed : int
        How the trials ended; failed are those that degenerated.
    uncapped_median : float
        Evaluations to the stop rule with a cap of 100,000; EM alone.
    reached : float
        The share of trials that end within `CLOSE` of the best limit that any method found on these data.
    reached_10, reached_25, reached_50, reached_75, reached_90 : float
        Quantiles of the evaluations until they come so near; NaN where fewer trials do.
    expected : Estimate
        Evaluations until then where a trial that ends elsewhere is followed by another: all of them over the successes;
        NaN where there are none.
    more : Estimate
        Evaluations until then minus EM's, paired; a trial that doesn't come there counts with the cap.
    published : float
        The published median of evaluations; NaN where there is none.
    """

    problem: str
    method: str
    starts: int
    evaluations_mean: float
    evaluations_median: float
    evaluations_low: float
    evaluations_high: float
    converged: int
    capped: int
    failed: int
    uncapped_median: float
    reached: float
    reached_10: float
    reached_25: float
    reached_50: float
    reached_75: float
    reached_90: float
    expected: Estimate
    more: Estimate
    published: float

    @property
    def noisy(self) -> bool:
        """Whether it is NEM."""
        return self.method.startswith("nem-")

    @property
    def priced(self) -> str:
        """What its evaluations cost the price of: its mode, or its method."""
        return self.method.split("-")[1] if self.noisy else self.method


@dataclass(frozen=True)
class _Entry:
    """A method on a problem.

    Parameters
    ----------
    row : Row
        Its level.
    trials : structured ndarray of shape (trials,)
    least : ndarray of shape (trials,)
        The log-likelihood within `CLOSE` of the best limit; infinite in a trial that doesn't end there.
    """

    problem: str
    run: Run
    row: Row
    trials: NDArray[np.void]
    least: FloatArray

    @property
    def work(self) -> int:
        """Evaluations times what each costs, roughly."""
        level = self.row.level
        return int(self.trials["iterations"].sum()) * level.trial.sample_size * level.trial.system.k


def measure(runs: Runs, work: Work) -> list[Racer]:
    entries = [entry for config, name in PROBLEMS.items() if config in runs for entry in _entries(name, runs[config])]
    tasks = sorted(enumerate(entries), key=lambda each: -each[1].work)  # the longest first: no worker waits at the end
    sent = [(number, entry.run.experiment.seed, entry.row.level, entry.least) for number, entry in tasks]
    with closing(work.workers.each(first_within, sent)) as found:
        first = dict(found)
    baseline: dict[str, FloatArray] = {}
    for number, entry in enumerate(entries):
        baseline.setdefault(entry.problem, first[number])  # EM's
    return [_racer(entry, first[number], baseline[entry.problem]) for number, entry in enumerate(entries)]


def _entries(name: str, run: Run) -> list[_Entry]:
    """The methods of one problem, EM first."""
    ended: dict[str, tuple[Row, NDArray[np.void]]] = {}
    for row in run.rows:  # EM first; its levels of several injections are one
        ended.setdefault(row.level.key, (row, run.trials(row)))
    limits = np.array([np.where(trials["status"] == Status.DEGENERATE, -np.inf, trials["log_likelihood"])
                       for _, trials in ended.values()]).max(axis=0)  # fmt: skip
    if run.experiment.data is not None:  # one data set, many starts
        limits[:] = limits.max()
    least = limits - CLOSE
    return [
        _Entry(name, run, row, trials, np.where(trials["log_likelihood"] >= least, least, np.inf))
        for row, trials in ended.values()
        if not _uncapped(run, row)
    ]


def _uncapped(run: Run, row: Row) -> bool:
    return row.level.trial.stop.max_iterations > run.experiment.stop.max_iterations


def _racer(entry: _Entry, first: FloatArray, baseline: FloatArray) -> Racer:
    """What became of a method, from its evaluations until the best limit and EM's."""
    run, row, trials = entry.run, entry.row, entry.trials
    trial, evaluations, came = row.level.trial, trials["iterations"], np.isfinite(first)
    cap = trial.stop.max_iterations
    uncapped = [run.counts(each) for each in run.rows if _uncapped(run, each)]
    method = f"nem-{trial.noise.injection}-{row.sigma:g}" if row.sigma else trial.method
    low, high = stats.quantile_test(evaluations, p=0.5).confidence_interval(0.95)
    quantiles = [float(np.quantile(first, q, method="higher")) for q in REACHED.values()]
    spread = dict(zip(REACHED, (each if math.isfinite(each) else math.nan for each in quantiles), strict=True))
    return Racer(
        problem=entry.problem,
        method=method,
        starts=len(trials),
        evaluations_mean=float(evaluations.mean()),
        evaluations_median=float(np.median(evaluations)),
        evaluations_low=float(low),
        evaluations_high=float(high),
        converged=int(np.count_nonzero(trials["status"] == Status.CONVERGED)),
        capped=int(np.count_nonzero(trials["status"] == Status.MAX_ITERATIONS)),
        failed=int(np.count_nonzero(trials["status"] == Status.DEGENERATE)),
        uncapped_median=float(np.median(uncapped[0])) if method == EM and uncapped else math.nan,
        reached=float(came.mean()),
        **spread,
        expected=_expected(np.where(came, first, evaluations), came, run.experiment.seed),
        more=mean_estimate(np.minimum(first, cap) - np.minimum(baseline, cap)),
        published=float(PUBLISHED.get(method, math.nan)) if entry.problem == "deaths" else math.nan,
    )


def _expected(spent: FloatArray, came: BoolArray, seed: int) -> Estimate:
    """Evaluations for each success, by its inverse: successes may be rare, but evaluations never are."""
    if not came.any():
        return UNKNOWN
    rate = of_means([spent.astype(int), came.astype(int)], lambda means: means[1] / means[0], seed)
    return Estimate(1 / rate.value, 1 / rate.high, 1 / rate.low if rate.low else math.inf)


def first_within(task: tuple[int, int, Level, FloatArray]) -> tuple[int, FloatArray]:
    """Evaluations until each trial's log-likelihood is high enough, shape (trials,), with the task's number.

    Parameters
    ----------
    task : int, int, Level, ndarray of shape (trials,)
        Any number, the seed, a level, and the log-likelihood to reach; infinite, as the evaluations are then, in a
        trial that isn't to be waited for.
    """
    number, seed, level, least = task
    size, found = level.block_trials, []
    for block in range(level.blocks(len(least))):
        y, start = data_and_starts(level, seed, block)
        counted = level.counted(block, len(least))
        wanted = np.full(size, np.inf)
        wanted[:counted] = least[block * size :][:counted]
        # noise is drawn for the whole block, and without it a trial is its own
        entered = np.arange(size) if level.sigma else np.flatnonzero(np.isfinite(wanted))
        first = np.full(size, np.inf)
        path = algorithm.steps(problem(level), y[entered], start.take(entered), stream(seed, NOISE, block))
        for step in path if entered.size else ():
            trials = entered[step.trials]
            waiting = np.isinf(first[trials]) & np.isfinite(wanted[trials])
            if not waiting.any():
                break
            at = trials[waiting]
            with np.errstate(all="ignore"):  # a degenerate start has no density
                likelihood = level.trial.system.model().log_likelihood(y[at], step.theta.take(waiting))
            first[at[likelihood >= wanted[at]]] = step.k
        found.append(first[:counted])
    return number, np.concatenate(found)


STUDY = Study(
    tuple(PROBLEMS), Racer, measure, figure, file="race.csv", title="The race: NEM among the accelerators of EM"
)
