"""Models, estimates and noise as the tests write them."""

from __future__ import annotations

from nem_cli.em.latents.independent import Independent
from nem_cli.em.model import Model
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
