"""A stop rule that waits for several: a path that ends there has passed them all."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nem_cli.em.arrays import FloatArray
from nem_cli.em.model import Model
from nem_cli.em.stops import Euclidean, LogLikelihood, MaxChange, StopRule
from nem_cli.em.theta import Theta

NORMS: Mapping[str, StopRule] = {rule.name: rule for rule in (Euclidean(), MaxChange(), LogLikelihood())}


class Cached(StopRule):
    """A rule that keeps the coordinates of the last theta: a path's own stop and its trace ask for the same ones."""

    name = "cached"

    def __init__(self, rule: StopRule) -> None:
        self.rule = rule
        self._last: tuple[Theta, FloatArray] | None = None

    def coordinates(self, model: Model, y: FloatArray, theta: Theta, estimate: frozenset[str]) -> FloatArray:
        if self._last is None or self._last[0] is not theta:
            self._last = theta, self.rule.coordinates(model, y, theta, estimate)
        return self._last[1]

    def distance(self, before: FloatArray, after: FloatArray) -> FloatArray:
        return self.rule.distance(before, after)


class Together(StopRule):
    """Every one of some rules holds at once; the distance is the largest, each in units of its own threshold.

    Parameters
    ----------
    tols : dict of str to float
        Of the same names.
    """

    name = "together"

    def __init__(self, rules: Mapping[str, StopRule], tols: Mapping[str, float]) -> None:
        self.rules = rules
        self.tols = tols
        self._bounds: list[int] = []

    def coordinates(self, model: Model, y: FloatArray, theta: Theta, estimate: frozenset[str]) -> FloatArray:
        parts = [rule.coordinates(model, y, theta, estimate) for rule in self.rules.values()]
        self._bounds = np.cumsum([part.shape[1] for part in parts])[:-1].tolist()
        return np.concatenate(parts, axis=1)

    def distance(self, before: FloatArray, after: FloatArray) -> FloatArray:
        pairs = zip(np.split(before, self._bounds, axis=1), np.split(after, self._bounds, axis=1), strict=True)
        scaled = [
            rule.distance(*pair) / rule.threshold(self.tols[name])
            for (name, rule), pair in zip(self.rules.items(), pairs, strict=True)
        ]
        return np.asarray(np.max(scaled, axis=0))
