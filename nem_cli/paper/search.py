"""The search for the best noise: successive halving on the journal of a finished sweep, then fresh trials."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nem_cli.experiment.config import Experiment
from nem_cli.experiment.plan import Level, validate
from nem_cli.experiment.runner import Workers
from nem_cli.paper.halving import Rung, successive_halving
from nem_cli.paper.studies.optimal_noise import BestNoise
from nem_cli.statistics.effect import effects
from nem_cli.statistics.estimate import mean_estimate
from nem_cli.statistics.published import DECAY, OPTIMA
from nem_cli.statistics.run import Run
from nem_cli.sweep.sweep import Progress, collect, sweep

FRESH = 4
"""Fresh trials, as a multiple of the sweep's."""


def search(
    run: Run,
    *,
    workers: Workers,
    progress: Progress | None = None,
    fresh: bool = False,
    command: Sequence[str] = (),
) -> list[BestNoise]:
    """The best level of each swept mode, measured on fresh trials.

    Trials beyond the sweep's go into its journal, so a search that is run again costs nothing. The fresh ones have the
    seed plus 1 and a folder of their own, ``fresh``, inside of the run's.

    Parameters
    ----------
    run : Run
        With its journal.
    workers, progress, fresh, command
        As of `sweep`; `fresh` throws away the fresh trials alone.

    Raises
    ------
    RunError
        If it can't go on; what it finished is kept.
    """
    modes = list(dict.fromkeys(level.trial.noise.injection for level in run.levels if level.sigma > 0))
    races = {mode: _race(run, mode, workers, progress) for mode in modes}
    winners = {mode: rungs[-1].levels[0] for mode, rungs in races.items()}
    measured = sweep(
        _fresh(run.experiment, winners),
        out=run.folder / "fresh",
        workers=workers,
        progress=progress,
        fresh=fresh,
        command=command,
    )
    return [_best(measured, mode, races[mode]) for mode in modes]


def _race(run: Run, mode: str, workers: Workers, progress: Progress | None) -> list[Rung[Level]]:
    experiment = run.experiment
    candidates = [level for level in run.levels if level.sigma > 0 and level.trial.noise.injection == mode]

    def means(racing: Sequence[Level], trials: int) -> list[float]:
        more = experiment.model_copy(update={"trials": trials})
        raced = collect(run.folder, more, plan=racing, workers=workers, progress=progress)
        return [float(raced.counts(level).mean()) for level in racing]

    return successive_halving(candidates, means, trials=experiment.trials)


def _fresh(experiment: Experiment, winners: dict[str, Level]) -> Experiment:
    """Fresh trials of the winners and of the paper's optima."""
    grids = []
    for mode, level in winners.items():
        for sigma, decay in dict.fromkeys([(level.sigma, level.trial.noise.decay), (OPTIMA[mode].sigma, DECAY.value)]):
            grids.append({"sigma": [0.0, sigma], "noise.injection": [mode], "noise.decay": [decay]})
    changed = {
        "name": f"{experiment.name}-fresh",
        "title": f"{experiment.title}: fresh trials",
        "sweep": grids,
        "seed": experiment.seed + 1,
        "trials": FRESH * experiment.trials,
        "figure": {},
    }
    return validate(experiment.model_dump() | changed, experiment.name)


def _best(fresh: Run, mode: str, rungs: list[Rung[Level]]) -> BestNoise:
    winner = rungs[-1].levels[0]
    sigma, decay = winner.sigma, winner.trial.noise.decay
    paper_sigma = OPTIMA[mode].sigma
    em = _counts(fresh, mode, 0.0, decay)
    found, paper = _counts(fresh, mode, sigma, decay), _counts(fresh, mode, paper_sigma, DECAY.value)
    effect, paper_effect = effects(
        em,
        [(sigma, found), (paper_sigma, paper)],
        seed=fresh.experiment.seed,
        resamples=fresh.experiment.bootstrap.resamples,
    )
    return BestNoise(
        mode=mode,
        rungs=rungs,
        sigma=sigma,
        decay=decay,
        effect=effect,
        paper_sigma=paper_sigma,
        paper_decay=DECAY.value,
        paper=paper_effect,
        difference=mean_estimate(paper - found),
    )


def _counts(run: Run, mode: str, sigma: float, decay: float) -> NDArray[np.int64]:
    """M-steps of a level's trials."""
    settings = {"sigma": sigma, "noise.injection": mode, "noise.decay": decay}
    (row,) = run.where(settings)
    return run.counts(row)
