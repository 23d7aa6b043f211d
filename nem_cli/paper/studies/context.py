"""Where noise stands among accelerators: EM, NEM at its optimum and SQUAREM on the same data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nem_cli.em.arrays import FloatArray
from nem_cli.em.squarem import squarem
from nem_cli.em.status import Status
from nem_cli.experiment.block import data_and_starts, problem
from nem_cli.experiment.plan import Level
from nem_cli.paper.studies.study import Collect, Runs, Study
from nem_cli.statistics.estimate import Estimate, mean_estimate
from nem_cli.statistics.run import Run
from nem_cli.statistics.summary import Row

SQUAREM = "SQUAREM"


@dataclass(frozen=True)
class Contender:
    """One algorithm at one tolerance.

    Parameters
    ----------
    algorithm : str
    tol : float
    evaluations : Estimate
        Of the EM map, each an E-step and an M-step.
    likelihoods : float
        Mean evaluations of the log-likelihood besides.
    behind : Estimate
        The maximum-likelihood fit's log-likelihood minus the final one, over trials that degenerated in neither.
    more : Estimate
        Evaluations minus SQUAREM's on the same data, paired.
    lower : Estimate
        SQUAREM's final log-likelihood minus this one's, paired.
    trials, unfinished : int
        Trials in all, and those that didn't converge.
    """

    algorithm: str
    tol: float
    evaluations: Estimate
    likelihoods: float
    behind: Estimate
    more: Estimate
    lower: Estimate
    trials: int
    unfinished: int


@dataclass(frozen=True)
class _Ends:
    """How one algorithm's trials ended; arrays of shape (trials,)."""

    name: str
    status: NDArray[np.integer]
    evaluations: NDArray[np.int64]
    likelihoods: float
    log_likelihood: FloatArray

    def below(self, other: _Ends) -> Estimate:
        sound = (self.status != Status.DEGENERATE) & (other.status != Status.DEGENERATE)
        return mean_estimate((other.log_likelihood - self.log_likelihood)[sound])


def measure(runs: Runs, collect: Collect) -> list[Contender]:
    return list(_contenders(runs["context"]))


def _contenders(run: Run) -> Iterator[Contender]:
    (fit,) = (_nem(run, row) for row in run.where({"stop.rule": "max-change"}))
    rows = run.where({"stop.rule": "euclidean"})
    for tol in dict.fromkeys(row["stop.tol"] for row in rows):
        same = {row.level.key: row for row in rows if row["stop.tol"] == tol}
        accelerated = _squarem(run, next(iter(same.values())).level)
        for each in [*(_nem(run, row) for row in same.values()), accelerated]:
            yield Contender(
                each.name,
                tol,
                mean_estimate(each.evaluations),
                each.likelihoods,
                each.below(fit),
                mean_estimate(each.evaluations - accelerated.evaluations),
                each.below(accelerated),
                each.evaluations.size,
                int(np.count_nonzero(each.status != Status.CONVERGED)),
            )


def _nem(run: Run, row: Row) -> _Ends:
    noise = row.level.trial.noise
    name = f"NEM, {noise.injection} {row.sigma:g}, decay {noise.decay:g}" if row.sigma else "EM"
    ended = run.trials(row)
    return _Ends(name, ended["status"], run.counts(row), 0.0, ended["log_likelihood"])


def _squarem(run: Run, level: Level) -> _Ends:
    """SQUAREM on a level's data, in its blocks."""
    fits = []
    for block in range(level.blocks(run.experiment.trials)):
        y, start = data_and_starts(level, run.experiment.seed, block)
        fits.append(squarem(problem(level), y, start))
    status, evaluations, likelihoods, log_likelihood = (
        np.concatenate([getattr(each, name) for each in fits])[: run.experiment.trials]
        for name in ("status", "evaluations", "likelihoods", "log_likelihood")
    )
    return _Ends(SQUAREM, status, evaluations, float(likelihoods.mean()), log_likelihood)


STUDY = Study(("context",), Contender, measure)
