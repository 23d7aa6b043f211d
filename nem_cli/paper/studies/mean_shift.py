"""Is it randomness or shrinkage? The noise against its conditional mean, and against a weaker screen."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nem_cli.em.arrays import FloatArray
from nem_cli.paper.studies.study import SCREENED, Runs, Study, Work, of_means
from nem_cli.statistics.estimate import UNKNOWN, Estimate, mean_estimate
from nem_cli.statistics.run import Run
from nem_cli.statistics.study import MODES

PROTOCOLS = {"mean-shift": "variances-only", "mean-shift-five-parameter": "five-parameter"}


@dataclass(frozen=True)
class Control:
    """One mode in one protocol.

    Parameters
    ----------
    sigma : float
        The noise's best level, chosen on half of the trials; all else is measured on the other half.
    saved, kept : Estimate
        M-steps fewer than EM with the noise, and with its conditional mean at that level.
    share : Estimate
        Per cent of the saving that the mean keeps.
    average_sigma : float
        The best level of the screen posterior-average, where it was run.
    average : Estimate
        Its M-steps minus those of every-component, each at its best level.
    """

    protocol: str
    mode: str
    sigma: float
    saved: Estimate
    kept: Estimate
    share: Estimate
    average_sigma: float
    average: Estimate


def measure(runs: Runs, work: Work) -> list[Control]:
    return [each for name, protocol in PROTOCOLS.items() for each in _modes(runs[name], protocol)]


def _modes(run: Run, protocol: str) -> Iterator[Control]:
    choose, judge = run.halves
    for mode in MODES:
        noise = run.best({"noise.injection": mode, "noise.screen": SCREENED}, trials=choose)
        (mean,) = run.where({"noise.injection": mode, "noise.screen": "mean-shift", "sigma": noise.sigma})
        em, random, fixed = (run.counts(row)[judge] for row in (run.em(noise), noise, mean))
        sigma, average = math.nan, UNKNOWN
        if "posterior-average" in run.values("noise.screen"):
            other = run.best({"noise.injection": mode, "noise.screen": "posterior-average"}, trials=choose)
            sigma, average = other.sigma, mean_estimate(run.counts(other)[judge] - random)
        yield Control(
            protocol,
            mode,
            noise.sigma,
            mean_estimate(em - random),
            mean_estimate(em - fixed),
            of_means([em, random, fixed], _share, run.experiment.seed),
            sigma,
            average,
        )


def _share(means: FloatArray) -> FloatArray:
    """Per cent of the saving that is kept, from the mean M-steps of EM, the noise and its conditional mean."""
    em, random, fixed = means
    return np.asarray(100 * (em - fixed) / (em - random))


STUDY = Study(tuple(PROTOCOLS), Control, measure)
