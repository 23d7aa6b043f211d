"""Models, estimates and noise as the tests write them."""

from __future__ import annotations

import numpy as np

from nem_cli.em.latents.independent import Independent
from nem_cli.em.model import Model
from nem_cli.em.stops import StopRule
from nem_cli.em.theta import Theta
from nem_cli.experiment.noise import Noise
from nem_cli.experiment.registry import families

PARAMETERS = ("weights", "means", "variances")


def mixture_of(family):
    """A mixture of a family, by name or object."""
    return Model(Independent(), families.get(family))


def theta_of(weights, means, variances, trials=1):
    """The same parameters for each of `trials` trials."""
    return Theta.of(trials, weights=weights, means=means, variances=variances)


def noise_of(injection="additive", sigma=0.0, screen="every-component", decay=2.0, **settings):
    """Noise as Algorithm 1 takes it, from names; without arguments plain EM."""
    return Noise(injection, sigma, screen, decay, **settings).resolved()


class FlatForThree(StopRule):
    """The log-likelihood gains little in three steps together."""

    name = "flat-for-three"

    def coordinates(self, model, y, theta, estimate):
        return model.log_likelihood(y, theta)[:, None]

    def remembered(self, before, after):
        return np.repeat(after, 3, axis=1) if before is None else np.hstack([before[:, 1:], after])

    def distance(self, before, after):
        return after[:, 0] - before[:, 0]
