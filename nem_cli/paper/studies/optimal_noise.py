"""The best noise level and decay of each mode: a race by successive halving, then fresh trials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nem_cli.experiment.plan import validate
from nem_cli.paper.studies.study import Runs, Study, Work, at_edge, known
from nem_cli.statistics.estimate import Estimate, mean_estimate
from nem_cli.statistics.published import DECAY, OPTIMA
from nem_cli.statistics.run import Run
from nem_cli.statistics.study import MODES
from nem_cli.statistics.summary import Row

KEEP = 1 / 3
"""The share of levels that goes on to the next round, on twice the trials."""
FINALISTS = 4
"""The race ends with the round that has no more levels than this."""
FRESH = 4
"""Fresh trials, as a multiple of the sweep's."""


@dataclass(frozen=True)
class Best:
    """One mode's best noise, and the paper's, on fresh trials.

    Parameters
    ----------
    rounds : str
        Levels and trials of each round of the race.
    sigma, decay : float
        The winner.
    edge : bool
        Whether either lies at the edge of the grid.
    m_steps, em : Estimate
        Mean M-steps of the winner and of EM.
    saved : Estimate
        Per cent fewer than EM.
    paper_sigma : float
        The paper's, with its decay.
    paper_saved : Estimate
        Per cent fewer than EM with it.
    loss : Estimate
        The paper's M-steps minus the winner's, paired.
    trials : int
        Fresh ones.
    """

    mode: str
    rounds: str
    sigma: float
    decay: float
    edge: bool
    m_steps: Estimate
    em: Estimate
    saved: Estimate
    paper_sigma: float
    paper_saved: Estimate
    loss: Estimate
    trials: int


def measure(runs: Runs, work: Work) -> list[Best]:
    run = runs["optimal-noise"]
    races = {mode: _race(run, mode, work) for mode in MODES}
    grids = [
        _grid(mode, sigma, decay)
        for mode, (winner, _) in races.items()
        for sigma, decay in ((winner.sigma, winner["noise.decay"]), (OPTIMA[mode].sigma, DECAY.value))
    ]
    trials = FRESH * run.experiment.trials
    changed = {"name": f"{run.name}-fresh", "sweep": grids, "seed": run.experiment.seed + 1, "trials": trials}
    fresh = work.collect(
        run.folder / "fresh", validate(run.experiment.model_dump() | changed | {"figure": {}}, run.name)
    )
    return [_best(run, fresh, mode, *race) for mode, race in races.items()]


def _race(run: Run, mode: str, work: Work) -> tuple[Row, str]:
    """The winner and the rounds; all levels of a round share data, so they differ by the noise alone.

    Successive halving: Jamieson and Talwalkar (2016), Non-stochastic best arm identification and hyperparameter
    optimization, AISTATS.
    """
    racing = [row for row in run.where({"noise.injection": mode}) if row.sigma]
    rounds = []
    trials = run.experiment.trials
    while True:
        rounds.append(f"{len(racing)} on {trials:,}")
        racing.sort(key=lambda row: (row.mean_iterations, row.sigma))
        if len(racing) <= FINALISTS:
            return racing[0], "; ".join(rounds)
        trials *= 2
        grids = [_grid(mode, row.sigma, row["noise.decay"]) for row in racing[: max(1, -int(-KEEP * len(racing) // 1))]]
        more = validate(run.experiment.model_dump() | {"sweep": grids, "trials": trials}, run.name)
        racing = [row for row in work.collect(run.folder, more).rows if row.sigma]


def _grid(mode: str, sigma: float, decay: float) -> dict[str, list[Any]]:
    return {"sigma": [0.0, sigma], "noise.injection": [mode], "noise.decay": [decay]}


def _best(run: Run, fresh: Run, mode: str, winner: Row, rounds: str) -> Best:
    sigma, decay = winner.sigma, winner["noise.decay"]
    (found,) = fresh.where({"noise.injection": mode, "noise.decay": decay, "sigma": sigma})
    (paper,) = fresh.where({"noise.injection": mode, "noise.decay": DECAY.value, "sigma": OPTIMA[mode].sigma})
    searched = [row for row in run.where({"noise.injection": mode}) if row.sigma]
    return Best(
        mode,
        rounds,
        sigma,
        decay,
        at_edge(sigma, [row.sigma for row in searched]) or at_edge(decay, [row["noise.decay"] for row in searched]),
        known(fresh, found, "mean_iterations"),
        known(fresh, fresh.em(found), "mean_iterations"),
        known(fresh, found, "speedup_percent"),
        paper.sigma,
        known(fresh, paper, "speedup_percent"),
        mean_estimate(fresh.counts(paper) - fresh.counts(found)),
        fresh.experiment.trials,
    )


STUDY = Study(("optimal-noise",), Best, measure)
