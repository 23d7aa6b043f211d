"""Families of positive values whose variances follow from their means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nem_cli.em.arrays import FloatArray
from nem_cli.em.family import Family
from nem_cli.em.moments import Means
from nem_cli.em.theta import Theta


class Positive(Family):
    """Means above 0 are all that is estimated; the variances are kept in theta, but neither given nor estimated."""

    estimable = ("means",)
    support = (0.0, np.inf)

    def sums(self, theta: Theta, shares: FloatArray) -> Means:
        return Means(theta.means, shares)

    def maximise(self, sums: Means, theta: Theta, estimate: frozenset[str]) -> dict[str, FloatArray]:
        return {"means": sums.mean()} if "means" in estimate else {}

    def start_from_moments(self, mean: FloatArray, sd: FloatArray, c: FloatArray) -> dict[str, FloatArray]:
        """Means m exp(l c_j), above 0, where l^2 = log(1 + s^2 / m^2).

        l is the standard deviation of the logarithm of a lognormal variable of mean m and standard deviation s.
        """
        with np.errstate(divide="ignore", invalid="ignore"):  # data that are all 0: a degenerate start
            return {"means": mean * np.exp(np.sqrt(np.log1p((sd / mean) ** 2)) * c)}

    def check(self, values: Mapping[str, Any], where: str) -> None:
        if values.get("variances") is not None:
            raise ValueError(
                f"{where} has variances, but in family {self.name} they follow from the means; leave variances out"
            )
        if min(values["means"]) <= 0:
            raise ValueError(
                f"{where}: every mean must be above 0 in family {self.name}, but means holds {min(values['means'])!r}"
            )
