"""The family that the paper announces: does screened noise help exponential mixtures?"""

from __future__ import annotations

from dataclasses import dataclass

from nem_cli.experiment.describe import shown
from nem_cli.paper.studies.study import Runs, Study, Work, signs, speedup
from nem_cli.statistics.estimate import Estimate, Sign, mean_estimate


@dataclass(frozen=True)
class Start:
    """One start.

    Parameters
    ----------
    means : str
        Where it starts.
    side : str
        Of the true means: above, below, beside.
    sigma : float
        The best level, chosen on half of the trials; what follows is measured on the other half.
    saved : Estimate
        Per cent fewer M-steps than EM.
    gap : Estimate
        Final log-likelihood minus EM's.
    levels, slower : int
        Levels with noise, and those whose interval says slower than EM.
    """

    means: str
    side: str
    sigma: float
    saved: Estimate
    gap: Estimate
    levels: int
    slower: int


def measure(runs: Runs, work: Work) -> list[Start]:
    run = runs["exponential"]
    truth = run.experiment.system.values()["means"]
    choose, judge = run.halves
    starts = []
    for means in run.values("start.means"):
        best = run.best({"start.means": means}, trials=choose)
        above, below = (all(sign * a > sign * b for a, b in zip(means, truth, strict=True)) for sign in (1, -1))
        likelihoods = [run.trials(row)["log_likelihood"][judge] for row in (best, run.em(best))]
        noisy = [row for row in run.where({"start.means": means}) if row.sigma]
        starts.append(
            Start(
                shown(means),
                "above" if above else "below" if below else "beside",
                best.sigma,
                speedup(run, best, judge),
                mean_estimate(likelihoods[0] - likelihoods[1]),
                len(noisy),
                signs(run, noisy)[Sign.BELOW],
            )
        )
    return starts


STUDY = Study(("exponential",), Start, measure)
