"""Start rules: theta_0."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from nem_cli.em.arrays import FloatArray
from nem_cli.em.families.network import Network
from nem_cli.em.model import Model
from nem_cli.em.theta import Theta
from nem_cli.errors import ConfigError


class Start(ABC):
    """Where EM starts."""

    name: ClassVar[str]

    @abstractmethod
    def theta(
        self, rng: np.random.Generator, model: Model, y: FloatArray, truth: Theta, estimate: frozenset[str]
    ) -> Theta:
        """theta_0 of every trial.

        Parameters
        ----------
        y : ndarray of shape (trials, samples) or (trials, samples, d)
        truth : Theta
            One trial, what made the data; what isn't estimated is known and taken from it.
        """

    def check(self, model: Model) -> None:
        """Refuse a model in which the rule means nothing.

        Raises
        ------
        ConfigError
        """
        if isinstance(model.family, Network):
            raise self.refusal("a network's weights are drawn; use random-weights")

    def refusal(self, problem: str) -> ConfigError:
        """What `check` raises."""
        return ConfigError(problem, path="start", value=self.name)


class Given(Start):
    """The same given values for every trial.

    Parameters
    ----------
    given : Theta
        One trial.
    """

    name = "given"

    def __init__(self, given: Theta) -> None:
        self.given = given

    def theta(
        self, rng: np.random.Generator, model: Model, y: FloatArray, truth: Theta, estimate: frozenset[str]
    ) -> Theta:
        return self.given.repeated(len(y))


class Truth(Start):
    """theta_0 is the true theta."""

    name = "truth"

    def theta(
        self, rng: np.random.Generator, model: Model, y: FloatArray, truth: Theta, estimate: frozenset[str]
    ) -> Theta:
        return truth.repeated(len(y))


class FromMoments(Start):
    """Every Z as likely; means m + s c_j with c_j equally spaced from -1 to 1 (0 for K = 1); sds s (ddof 0)."""

    name = "moments"

    def theta(
        self, rng: np.random.Generator, model: Model, y: FloatArray, truth: Theta, estimate: frozenset[str]
    ) -> Theta:
        components = model.components(truth)
        c = np.linspace(-1, 1, components) if components > 1 else np.zeros(1)
        c = c.reshape(-1, *(1,) * (y.ndim - 2))
        arrays = model.family.start_from_moments(y.mean(axis=1, keepdims=True), y.std(axis=1, keepdims=True), c)
        return _with_known(model, arrays, truth, estimate)


class RandomPoints(Start):
    """Means at K distinct samples, in one dimension sorted; every value of Z as likely; sds s (ddof 0)."""

    name = "random-points"

    def theta(
        self, rng: np.random.Generator, model: Model, y: FloatArray, truth: Theta, estimate: frozenset[str]
    ) -> Theta:
        components = model.components(truth)
        points = np.array([rng.choice(row, size=components, replace=False, shuffle=False) for row in y])
        if points.ndim == 2:
            points.sort(axis=1)
        arrays = model.family.start_from_points(points, y.var(axis=1, keepdims=True))
        return _with_known(model, arrays, truth, estimate)


class RandomWeights(Start):
    """A network's weights N(0, 1 / fan-in), biases 0."""

    name = "random-weights"

    def theta(
        self, rng: np.random.Generator, model: Model, y: FloatArray, truth: Theta, estimate: frozenset[str]
    ) -> Theta:
        assert isinstance(model.family, Network)  # see `check`
        return Theta(model.family.start_from_weights(rng, len(y)))

    def check(self, model: Model) -> None:
        if not isinstance(model.family, Network):
            raise self.refusal("only a network has weights to draw; use moments, random-points or truth")


class Uniform(Start):
    """Each parameter of each component uniform in a range; laws uniform over all laws.

    Parameters
    ----------
    ranges : dict of str to (float, float)
        By name, of the estimated parameters that are no laws.
    """

    name = "uniform"

    def __init__(self, ranges: Mapping[str, tuple[float, float]]) -> None:
        self.ranges = ranges

    def theta(
        self, rng: np.random.Generator, model: Model, y: FloatArray, truth: Theta, estimate: frozenset[str]
    ) -> Theta:
        arrays = {}
        for each in model.parameters:
            if each.name not in estimate:
                continue
            shape = (len(y), *truth.arrays[each.name].shape[1:])
            if each.kind == "law":
                arrays[each.name] = rng.dirichlet(np.ones(shape[-1]), shape[:-1])
            else:
                arrays[each.name] = rng.uniform(*self.ranges[each.name], shape)
                if each.tied:
                    arrays[each.name][:] = arrays[each.name][:, :1]
        return _with_known(model, arrays, truth, estimate)


def _with_known(model: Model, arrays: dict[str, FloatArray], truth: Theta, estimate: frozenset[str]) -> Theta:
    """The truth, where what is estimated is the family's arrays and an even law."""
    known = truth.repeated(len(next(iter(arrays.values()))))
    arrays = model.latent.even(model.components(truth), known.trials) | arrays
    return model.family.complete(known.replace(**{name: arrays[name] for name in estimate}))
