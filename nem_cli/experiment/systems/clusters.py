"""Clusters: drawn from a mixture of normals, fitted by k-means."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from nem_cli.em import algorithm
from nem_cli.em.arrays import FloatArray
from nem_cli.em.families.gaussian_nd import COVARIANCES, Unit
from nem_cli.em.latents.hard import Hard
from nem_cli.em.latents.independent import Independent
from nem_cli.em.model import Model
from nem_cli.em.noise import Noise
from nem_cli.em.stops import SameLabels
from nem_cli.em.theta import Theta
from nem_cli.experiment.systems.system import System
from nem_cli.experiment.values import Law, Lists, Variances

MAX_ITERATIONS = 10_000


class Clusters(System):
    """Normal clusters, of which k-means estimates the centroids alone."""

    kind: ClassVar[str] = "clusters"
    default_start: ClassVar[str] = "random-points"
    measures: ClassVar[tuple[str, ...]] = ("sum_of_squares", "sum_of_squares_run_on")
    """Within the clusters, at the stop and at the fixed point of plain k-means that is run on from there."""

    weights: Law = Field(
        description="K numbers above 0 that sum to 1", title="the clusters' shares of the data", examples=[[0.5, 0.5]]
    )
    means: Lists = Field(
        description="K lists of a number a coordinate", title="the clusters' centres", examples=[[[-2, 0], [2, 0]]]
    )
    variances: Variances = Field(
        description="numbers above 0: one a cluster, or a list a cluster with one a coordinate",
        title="the clusters' variances",
        examples=[[1, 1]],
    )

    def model(self) -> Model:
        return Model(Hard(), Unit())

    def source(self) -> Model:
        covariance = "diagonal" if isinstance(self.variances[0], tuple) else "spherical"
        return Model(Independent(), COVARIANCES[covariance])

    def truth(self) -> Theta:
        return self.model().theta({"means": self.means})

    def measured(self, y: FloatArray, theta: Theta) -> dict[str, FloatArray]:
        plain = algorithm.Problem(self.model(), Noise(), frozenset(["means"]), SameLabels(), 0.0, MAX_ITERATIONS)
        run_on = algorithm.fit(plain, y, theta, np.random.default_rng(0))  # plain k-means draws nothing from it
        return dict(zip(self.measures, (self._squares(y, each) for each in (theta, run_on.theta)), strict=True))

    def _squares(self, y: FloatArray, theta: Theta) -> FloatArray:
        """Minus twice the log-likelihood of unit variances, but for its constant."""
        values = y.shape[1] * y.shape[2]
        return np.asarray(-2 * self.model().log_likelihood(y, theta) - values * np.log(2 * np.pi))
