"""A model: a law of the hidden Z and a family of y given Z."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from nem_cli.em.arrays import BoolArray, FloatArray
from nem_cli.em.family import Family
from nem_cli.em.latent import Latent
from nem_cli.em.posterior import Posterior
from nem_cli.em.theta import Parameter, Theta
from nem_cli.em.tiles import tiles


@dataclass(frozen=True)
class Model:
    """What Algorithm 1 needs of a model; each half owns its parameters, its expected statistics and its M-step.

    Parameters
    ----------
    latent : Latent
    family : Family
    """

    latent: Latent
    family: Family

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """Of both halves, in the order of theta."""
        return (*self.latent.parameters, *self.family.parameters)

    @property
    def estimable(self) -> tuple[str, ...]:
        """The names of the parameters that may be estimated."""
        return (*(each.name for each in self.latent.parameters), *self.family.estimable)

    def theta(self, values: Mapping[str, Any]) -> Theta:
        """One trial's theta from given values by name."""
        given = {each.name: values[each.name] for each in self.parameters if values.get(each.name) is not None}
        return self.family.complete(Theta.of(1, **given))

    def filled(self, value: float, components: int, dimensions: int) -> Theta:
        """One trial's theta of one number everywhere."""
        shapes = {each.name: each.shape(components, dimensions) for each in self.parameters}
        return Theta({name: np.full((1, *shape), value) for name, shape in shapes.items()})

    def components(self, theta: Theta) -> int:
        """K."""
        return self.family.components(theta)

    def tiles(self, y: FloatArray, theta: Theta) -> Iterator[tuple[slice, slice]]:
        """(trials, samples) ranges whose arrays fit the cache; a law whose samples depend on each other isn't split."""
        width = max(self.components(theta), y.shape[2] if y.ndim == 3 else 1)
        return tiles((y.shape[0], y.shape[1]), width, self.latent.whole)

    def sample(self, rng: np.random.Generator, theta: Theta, shape: tuple[int, int]) -> FloatArray:
        """Draw y of (trials, samples), all of it from one trial's theta: Z first, then y given Z."""
        return self.family.sample(rng, theta, self.latent.sample(rng, theta, shape))

    def posterior(self, y: FloatArray, theta: Theta) -> Posterior:
        """The E-step: what is known of Z given y at theta."""
        return self.latent.posterior(self.family, y, theta)

    def log_likelihood(self, y: FloatArray, theta: Theta) -> FloatArray:
        """Total natural log-likelihood of the data, shape (trials,)."""
        total = np.zeros(len(y))
        for rows, columns in self.tiles(y, theta):
            total[rows] += self.latent.log_likelihood(self.family, y[rows, columns], theta.take(rows))
        return total

    def expected_log(self, y: FloatArray, theta: Theta, posterior: Posterior) -> FloatArray:
        """E[log p(y, Z | theta)] under a posterior, a term a sample, shape (trials, samples): Q of equation (21)."""
        return self.latent.expected_log(posterior, theta) + self.family.expected_log(y, theta, posterior)

    def sums(self, theta: Theta) -> Sums:
        """What `maximise` needs, with nothing added yet."""
        return Sums(self, theta)

    def maximise(self, sums: Sums, theta: Theta, estimate: frozenset[str]) -> Theta:
        """The M-step: the parameters in `estimate` anew; the others keep their value."""
        law = self.latent.maximise(sums.law, theta, estimate)
        return self.family.complete(theta.replace(**law, **self.family.maximise(sums.statistics, theta, estimate)))

    def sound(self, theta: Theta, spread: FloatArray) -> BoolArray:
        """Whether a trial's estimate is one: nothing has died out, collapsed or left a computer's numbers, (trials,).

        Parameters
        ----------
        spread : ndarray of shape (trials, ...)
            What `Family.spread` says of the trials' data.
        """
        return self.latent.sound(theta) & self.family.sound(theta, spread)

    def compared(
        self, theta: Theta, estimate: frozenset[str], flat: Callable[[Parameter, FloatArray], FloatArray]
    ) -> FloatArray:
        """The estimated parameters that a stop rule compares, shape (trials, any).

        Parameters
        ----------
        flat : callable
            Gives a parameter's values the shape (trials, any): `Parameter.free` or `Parameter.in_units`.
        """
        chosen = [each for each in self.parameters if each.name in estimate and each.compared]
        flats = (flat(each, theta.arrays[each.name]) for each in chosen)
        return np.concatenate([np.empty((theta.trials, 0)), *flats], axis=1)


class Sums:
    """The E-step's expectation, as the sums over the samples that an M-step needs."""

    def __init__(self, model: Model, theta: Theta) -> None:
        self.law = model.latent.sums(theta)
        self.statistics = model.family.sums(theta, model.latent.shares(theta, model.components(theta)))

    def add(self, rows: slice, y_dagger: FloatArray, posterior: Posterior, theta: Theta) -> None:
        """Add the noisy data of a tile, weighted by what is known of Z there.

        Parameters
        ----------
        rows : slice
            Which trials they are.
        theta : Theta
            Of these trials.
        """
        if self.law is not None:
            self.law.add(rows, posterior)
        self.statistics.add(rows, y_dagger, posterior, theta)
