"""EM of a problem as a map of flat estimates."""

from __future__ import annotations

import dataclasses

import numpy as np

from nem_cli.em.accelerate.fixed_point import FixedPoint
from nem_cli.em.algorithm import Problem, iterate
from nem_cli.em.arrays import BoolArray, FloatArray, IntArray
from nem_cli.em.latents.tempered import Tempered
from nem_cli.em.noise import Noise
from nem_cli.em.theta import Theta


class EmMap(FixedPoint):
    """One E-step and one M-step without noise, over the trials that are still running.

    A flat estimate holds the estimated parameters without what follows from others: no last probability of a law, so
    that steps of any length leave its sum at 1, and no entry of a covariance twice.

    Parameters
    ----------
    problem : Problem
    y : ndarray of shape (trials, samples) or (trials, samples, d)
    start : Theta
        Of all trials.

    Attributes
    ----------
    y, spread : ndarray
        The data and their scale in the running trials.
    """

    def __init__(self, problem: Problem, y: FloatArray, start: Theta) -> None:
        self.problem = dataclasses.replace(problem, noise=Noise())
        self.start = start
        self.y = y
        self.spread = problem.model.family.spread(y)
        self.running = np.arange(len(y))
        self.moved = [each for each in problem.model.parameters if each.name in problem.estimate]
        self._ends = np.cumsum([each.free(start.arrays[each.name]).shape[1] for each in self.moved])[:-1]

    def drop(self, ended: BoolArray) -> None:
        """Leave out some of the running trials."""
        if ended.any():
            self.running, self.y, self.spread = self.running[~ended], self.y[~ended], self.spread[~ended]

    def flat(self, theta: Theta) -> FloatArray:
        """x, shape (trials, p)."""
        return np.concatenate([each.free(theta.arrays[each.name]) for each in self.moved], axis=1)

    def theta(self, x: FloatArray, trials: IntArray) -> Theta:
        """The parameters of some trials; what isn't estimated is as at the start."""
        here = self.start.take(trials)
        parts = zip(self.moved, np.split(x, self._ends, axis=1), strict=True)
        moved = {each.name: each.whole(part, here.arrays[each.name].shape[1:]) for each, part in parts}
        return self.problem.model.family.complete(here.replace(**moved))

    def image(self, theta: Theta) -> Theta:
        """M(theta) of the running trials, not yet known to be sound."""
        problem = self.problem
        if self.inverse_temperature < 1:
            latent = Tempered(self.inverse_temperature)
            problem = dataclasses.replace(problem, model=dataclasses.replace(problem.model, latent=latent))
        rng = np.random.default_rng(0)  # nothing is drawn
        return iterate(problem, self.y, theta, rng, 1)[0]

    def log_likelihood(self, x: FloatArray, trials: IntArray) -> FloatArray:
        model = self.problem.model
        rows = np.searchsorted(self.running, trials)
        likelihood = np.full(len(x), -np.inf)
        with np.errstate(all="ignore"):  # x may lie far outside
            theta = self.theta(x, trials)
            sound = model.sound(theta, self.spread[rows])
        y = self.y if sound.all() and rows.size == len(self.y) else self.y[rows[sound]]
        likelihood[sound] = model.log_likelihood(y, theta if sound.all() else theta.take(sound))
        return likelihood
