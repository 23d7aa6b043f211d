"""The model that a fit is of, its scaling, and the order of its components."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nem_cli.em.arrays import FloatArray, IntArray
from nem_cli.em.families.gaussian_nd import COVARIANCES
from nem_cli.em.family import Family
from nem_cli.em.latents.independent import Independent
from nem_cli.em.latents.markov import Markov
from nem_cli.em.model import Model
from nem_cli.em.theta import Theta
from nem_cli.errors import ConfigError
from nem_cli.experiment.registry import families


def model_of(family: str | Family, covariance: str | None, chain: bool) -> Model:
    """A mixture, or a hidden Markov model, of a family; in several dimensions with a covariance.

    Raises
    ------
    ConfigError
        If there is no such family or covariance.
    """
    latent = Markov() if chain else Independent()
    if covariance is None:
        return Model(latent, families.get(family, path="`family`"))
    if covariance not in COVARIANCES:
        raise ConfigError(f"must be one of {', '.join(COVARIANCES)}", path="`covariance`", value=covariance)
    if family != "gaussian":
        raise ConfigError("only family gaussian is fitted in several dimensions", path="`family`", value=family)
    return Model(latent, COVARIANCES[covariance])


def covariance_of(model: Model) -> str | None:
    """The name of a model's covariance; None in one dimension."""
    return next((name for name, family in COVARIANCES.items() if family is model.family), None)


def is_chain(model: Model) -> bool:
    """Whether the samples are a sequence."""
    return isinstance(model.latent, Markov)


@dataclass(frozen=True)
class Scaling:
    """Between the data's unit and the values that Algorithm 1 sees, (y - shift) / scale.

    Parameters
    ----------
    shift, scale : ndarray of shape () or (d,)
    """

    model: Model
    shift: FloatArray
    scale: FloatArray

    @classmethod
    def of(cls, y: FloatArray, model: Model) -> Scaling:
        """Standardised where the family is normal, else what leaves values in the support of theirs.

        A spherical covariance is the same in every direction: so is then the scale.
        """
        if covariance_of(model) == "spherical":
            return cls(model, y.mean(axis=0), np.sqrt(y.var(axis=0).mean()))
        if model.family.dimensions or model.family.name == "gaussian":
            return cls(model, y.mean(axis=0), y.std(axis=0))
        return cls(model, np.zeros(()), y.mean() if model.family.name == "exponential" else np.ones(()))

    def inside(self, theta: Theta) -> Theta:
        """Theta of the scaled values."""
        return self._moved(theta, 1 / self.scale, -self.shift / self.scale)

    def outside(self, theta: Theta) -> Theta:
        """Theta in the data's unit."""
        return self._moved(theta, self.scale, self.shift)

    def log_volume(self, dimensions: int) -> float:
        """How much a sample's log-likelihood grows with the scaling."""
        return float(np.log(np.broadcast_to(self.scale, (dimensions,))).sum())

    def _moved(self, theta: Theta, scale: FloatArray, shift: FloatArray) -> Theta:
        moved = {}
        for each in self.model.family.parameters:
            values = theta.arrays[each.name]
            if each.name == "means":
                moved[each.name] = values * scale + shift
            elif each.kind == "variance":
                moved[each.name] = values * scale**2
            elif each.kind == "covariance":
                moved[each.name] = values * np.multiply.outer(scale, scale)
        return self.model.family.complete(theta.replace(**moved))


def by_mean(theta: Theta) -> IntArray:
    """The order of the components by the means' first coordinate, shape (1, K), of one trial."""
    means = theta.means[0].reshape(theta.means.shape[1], -1)
    return np.argsort(means[:, 0], kind="stable")[None]


def reordered(model: Model, theta: Theta, order: IntArray) -> Theta:
    """The components in another order, shape (trials, K) of old numbers."""
    moved = {}
    for each in model.parameters:
        values = theta.arrays[each.name]
        for axis, letter in enumerate(each.axes, start=1):
            if letter == "k":
                shape = [len(order), *(1,) * len(each.axes)]
                shape[axis] = order.shape[1]
                values = np.take_along_axis(values, order.reshape(shape), axis=axis)
        moved[each.name] = values
    return model.family.complete(theta.replace(**moved))
