"""The paper's alternative rule."""

from __future__ import annotations

from nem_cli.em.arrays import FloatArray
from nem_cli.em.family import Family
from nem_cli.em.parameters import Parameters
from nem_cli.em.posterior import log_likelihood
from nem_cli.em.stop import StopRule


class LogLikelihood(StopRule):
    """|L(theta_k) - L(theta_{k-1})|, total natural log-likelihood of the clean data."""

    name = "log-likelihood"

    def coordinates(self, family: Family, y: FloatArray, theta: Parameters, estimate: frozenset[str]) -> FloatArray:
        return log_likelihood(family, y, theta)[:, None]
