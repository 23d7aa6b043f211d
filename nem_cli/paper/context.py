"""EM, NEM at its optimum and SQUAREM on the same data: the runs behind the report's context table."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nem_cli.em.arrays import FloatArray
from nem_cli.em.squarem import squarem
from nem_cli.em.status import Status
from nem_cli.experiment import folder as files
from nem_cli.experiment.block import data_and_starts, problem
from nem_cli.experiment.config import Experiment
from nem_cli.experiment.plan import Level, validate
from nem_cli.experiment.runner import Workers
from nem_cli.paper.section import Section
from nem_cli.paper.studies import context as page
from nem_cli.paper.studies.optimal_noise import BestNoise
from nem_cli.statistics.estimate import Estimate, mean_estimate
from nem_cli.statistics.run import Run
from nem_cli.sweep.sweep import Progress, sweep

NAME = "context"
TIGHTER = 3.0
"""A second, tighter tolerance beside the protocol's."""
FIT = {"stop.rule": ["max-change"], "stop.tol": [6.0]}
"""EM run on to the maximum-likelihood fit."""


@dataclass(frozen=True)
class Ends:
    """How one algorithm's trials ended; arrays of shape (trials,), milliseconds a trial."""

    name: str
    status: NDArray[np.integer]
    evaluations: NDArray[np.int64]
    likelihoods: float
    log_likelihood: FloatArray
    milliseconds: float

    def below(self, other: Ends) -> Estimate:
        """The other's final log-likelihood minus this one's, over trials that degenerated in neither."""
        sound = (self.status != Status.DEGENERATE) & (other.status != Status.DEGENERATE)
        return mean_estimate((other.log_likelihood - self.log_likelihood)[sound])


def context(
    experiment: Experiment,
    best: Sequence[BestNoise],
    root: Path,
    *,
    workers: Workers,
    progress: Progress | None = None,
    fresh: bool = False,
    command: Sequence[str] = (),
) -> Section:
    """Run the three, write ``context.csv``, and return the report's section.

    Parameters
    ----------
    experiment : Experiment
        The protocol; its sweep is replaced.
    best : sequence of BestNoise
        NEM's optimum, one a mode.
    root : Path
        The folder of the page; the runs go into ``context`` inside of it.
    workers, progress, fresh, command
        As of `sweep`.
    """
    run = sweep(
        _experiment(experiment, best),
        out=root / NAME,
        workers=workers,
        progress=progress,
        fresh=fresh,
        command=command,
    )
    plan = run.levels
    fit = _nem(run, plan[-1])
    contenders: list[page.Contender] = []
    for tol in dict.fromkeys(level.trial.stop.tol for level in plan[:-1]):
        same = [level for level in plan[:-1] if level.trial.stop.tol == tol]
        accelerated = _squarem(run, same[0])
        ends = [_nem(run, level) for level in {level.key: level for level in same}.values()]
        contenders += [_contender(each, tol, accelerated, fit) for each in (*ends, accelerated)]
    files.write(run.folder / "context.csv", page.context_csv(contenders))
    return page.section(run.experiment, contenders, Path(os.path.relpath(run.folder, root)).as_posix())


def _experiment(experiment: Experiment, best: Sequence[BestNoise]) -> Experiment:
    tols = list(dict.fromkeys((experiment.stop.tol, TIGHTER)))
    grids = [
        {"sigma": [0.0, each.sigma], "noise.injection": [each.mode], "noise.decay": [each.decay], "stop.tol": tols}
        for each in best
    ]
    stop = experiment.stop.model_dump() | {"max_iterations": 20_000}
    changed = {"name": NAME, "title": page.TITLE, "sweep": [*grids, FIT], "figure": {"x": "stop.tol", "log_y": True},
               "stop": stop}  # fmt: skip
    return validate(experiment.model_dump() | changed, NAME)


def _contender(ends: Ends, tol: float, accelerated: Ends, fit: Ends) -> page.Contender:
    return page.Contender(
        name=ends.name,
        tol=tol,
        evaluations=mean_estimate(ends.evaluations),
        likelihoods=ends.likelihoods,
        behind=ends.below(fit),
        milliseconds=ends.milliseconds,
        more_than_squarem=mean_estimate(ends.evaluations - accelerated.evaluations),
        below_squarem=ends.below(accelerated),
        trials=ends.evaluations.size,
        unfinished=int(np.count_nonzero(ends.status != Status.CONVERGED)),
    )


def _nem(run: Run, level: Level) -> Ends:
    noise = level.trial.noise
    name = f"NEM ({noise.injection}, level {level.sigma:g}, decay {noise.decay:g})" if level.sigma else "EM"
    table, totals = run.trials(level), run.totals(level)
    milliseconds = 1000 * totals.seconds / totals.trials
    return Ends(name, table["status"], table["iterations"].astype(np.int64), 0.0, table["log_likelihood"], milliseconds)


def _squarem(run: Run, level: Level) -> Ends:
    """SQUAREM on a level's data, blocks as in the run."""
    trials, seed = run.experiment.trials, run.experiment.seed
    fits, seconds = [], 0.0
    for block in range(level.blocks(trials)):
        y, start = data_and_starts(level, seed, block)
        began = time.thread_time()
        fits.append(squarem(problem(level), y, start))
        seconds += time.thread_time() - began
    status, evaluations, likelihoods, log_likelihood = (
        np.concatenate([getattr(each, name) for each in fits])[:trials]
        for name in ("status", "evaluations", "likelihoods", "log_likelihood")
    )
    milliseconds = 1000 * seconds / (level.blocks(trials) * level.block_trials)
    return Ends(page.SQUAREM, status, evaluations, float(likelihoods.mean()), log_likelihood, milliseconds)
