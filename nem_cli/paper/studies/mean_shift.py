"""Is it randomness or shrinkage? The noise against its conditional mean, and against a weaker screen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from nem_cli.em.arrays import FloatArray
from nem_cli.paper.studies.study import SCREENED, Collect, Runs, Study, of_means
from nem_cli.statistics.estimate import Estimate, mean_estimate
from nem_cli.statistics.run import Run
from nem_cli.statistics.study import MODES
from nem_cli.sweep.figure import run_figure


@dataclass(frozen=True)
class Control:
    """One mode.

    Parameters
    ----------
    sigma : float
        The noise's best level, chosen on half of the trials; all else is measured on the other half.
    saved, kept : Estimate
        M-steps fewer than EM with the noise, and with its conditional mean at that level.
    share : Estimate
        Per cent of the saving that the mean keeps.
    average_sigma : float
        The best level of the screen posterior-average.
    average : Estimate
        Its M-steps minus those of every-component, each at its best level.
    """

    mode: str
    sigma: float
    saved: Estimate
    kept: Estimate
    share: Estimate
    average_sigma: float
    average: Estimate


def measure(runs: Runs, collect: Collect) -> list[Control]:
    return list(_modes(runs["mean-shift"]))


def _modes(run: Run) -> Iterator[Control]:
    choose, judge = run.halves
    for mode in MODES:
        noise = run.best({"noise.injection": mode, "noise.screen": SCREENED}, trials=choose)
        average = run.best({"noise.injection": mode, "noise.screen": "posterior-average"}, trials=choose)
        (mean,) = run.where({"noise.injection": mode, "noise.screen": "mean-shift", "sigma": noise.sigma})
        em, random, fixed, other = (run.counts(row)[judge] for row in (run.em(noise), noise, mean, average))
        yield Control(
            mode,
            noise.sigma,
            mean_estimate(em - random),
            mean_estimate(em - fixed),
            of_means(
                [em, random, fixed],
                lambda means: 100 * (means[0] - means[2]) / (means[0] - means[1]),
                run.experiment.seed,
            ),
            average.sigma,
            mean_estimate(other - random),
        )


def _share(means: FloatArray) -> FloatArray:
    """Per cent of the saving that is kept, from the mean M-steps of EM, the noise and its conditional mean."""
    em, random, fixed = means
    return np.asarray(100 * (em - fixed) / (em - random))


def figure(runs: Runs, controls: Sequence[Control]) -> Figure:
    return run_figure(runs["mean-shift"].experiment, runs["mean-shift"].rows)


STUDY = Study(("mean-shift",), Control, measure, figure)
