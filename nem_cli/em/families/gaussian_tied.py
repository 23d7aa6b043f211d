"""Normal densities in one dimension with one variance."""

from __future__ import annotations

import numpy as np

from nem_cli.em.arrays import FloatArray
from nem_cli.em.families.gaussian import Gaussian
from nem_cli.em.moments import Moments
from nem_cli.em.theta import Parameter, Theta


class TiedGaussian(Gaussian):
    """Y | Z = j ~ N(mu_j, sigma^2): the variances of a start must be equal, and stay so."""

    parameters = (Parameter("means", "mean", "k"), Parameter("variances", "variance", "k", "variance", tied=True))

    def maximise(self, sums: Moments, theta: Theta, estimate: frozenset[str]) -> dict[str, FloatArray]:
        estimates = super().maximise(sums, theta, estimate)
        if "variances" in estimate:
            within = np.sum(sums.mass * estimates["variances"], axis=1) / sums.mass.sum(axis=1)
            estimates["variances"] = np.tile(within[:, None], sums.mass.shape[1])
        return estimates
