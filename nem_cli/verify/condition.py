"""The NEM condition measured: the expectation in (10) and the two sides of (12), with 95 % Monte-Carlo intervals.

The M-step number k of Algorithm 1 has the current estimate theta_{k-1} and noise of scale sigma k^-tau. Z is averaged
exactly, with its posterior given y at theta*; Y and N are drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nem_cli.em.arrays import FloatArray
from nem_cli.em.family import Family
from nem_cli.em.noise import Noise
from nem_cli.em.parameters import Parameters
from nem_cli.em.posterior import responsibilities
from nem_cli.statistics.estimate import Estimate, mean_estimate


@dataclass(frozen=True)
class Sides:
    """Both sides of (12) under one law of Y, in nats; (12) holds where left minus right is 0 or more.

    Parameters
    ----------
    left : Estimate
        E[Q(theta* | theta*) - Q(theta_{k-1} | theta*)], without noise.
    right : Estimate
        E[Q(theta* | theta*) - Q_N(theta_{k-1} | theta*)], with noise.
    difference : Estimate
        Left minus right, on the same samples.
    """

    left: Estimate
    right: Estimate
    difference: Estimate


@dataclass(frozen=True)
class Measurement:
    """The theorem's quantities at one M-step for one screen.

    Parameters
    ----------
    screen : str
    k : int
        The M-step, from 1 on.
    scale : float
        The noise's standard deviation, sigma k^-tau.
    injected : float
        Share of samples with noise other than the neutral one, Y from theta*.
    condition : Estimate
        The expectation in (10), in nats.
    components : tuple of Estimate
        What each component adds to it: E[1(Z = j) log ratio]; they sum to `condition`.
    at_truth, at_estimate : Sides
        (12) with Y from theta*, where it equals (10) identically, and with Y from theta_{k-1}, as the paper writes it.
    """

    screen: str
    k: int
    scale: float
    injected: float
    condition: Estimate
    components: tuple[Estimate, ...]
    at_truth: Sides
    at_estimate: Sides


def measure(
    rng: np.random.Generator,
    family: Family,
    noise: Noise,
    k: int,
    truth: Parameters,
    theta: Parameters,
    from_truth: FloatArray,
    from_estimate: FloatArray,
) -> Measurement:
    """Estimate (10) and (12) at one M-step.

    Parameters
    ----------
    rng : Generator
        The noise's stream.
    truth, theta : Parameters
        theta* and the current estimate theta_{k-1}; one trial each.
    from_truth, from_estimate : ndarray of shape (1, samples)
        Y drawn from either.

    Raises
    ------
    SupportError
        If noise that no screen rejects leaves the family's support: the expectation in (10) is then -inf.
    """
    y = from_truth
    n, y_dagger, r_star = _injected(rng, family, noise, k, truth, theta, y)
    contributions = r_star * (_log_density(family, y_dagger, theta) - _log_density(family, y, theta))
    there = from_estimate
    _, there_dagger, there_r_star = _injected(rng, family, noise, k, truth, theta, there)
    return Measurement(
        screen=noise.condition.name,
        k=k,
        scale=noise.scale(k),
        injected=float(np.mean(n != noise.phi.neutral)),
        condition=mean_estimate(contributions.sum(axis=0)[0]),
        components=tuple(mean_estimate(contribution[0]) for contribution in contributions),
        at_truth=_sides(family, truth, theta, y, y_dagger, r_star),
        at_estimate=_sides(family, truth, theta, there, there_dagger, there_r_star),
    )


def _injected(
    rng: np.random.Generator,
    family: Family,
    noise: Noise,
    k: int,
    truth: Parameters,
    theta: Parameters,
    y: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Noise as Algorithm 1 draws it at theta, y+ of it, and p(Z | y, theta*)."""
    n = noise.sample(rng, family, y, theta, responsibilities(family, y, theta), k).n
    return n, noise.phi.phi(y, n), responsibilities(family, y, truth)


def _sides(
    family: Family, truth: Parameters, theta: Parameters, y: FloatArray, y_dagger: FloatArray, r_star: FloatArray
) -> Sides:
    best = _surrogate(family, y, truth, r_star)
    left = best - _surrogate(family, y, theta, r_star)
    right = best - _surrogate(family, y_dagger, theta, r_star)
    return Sides(*(mean_estimate(side[0]) for side in (left, right, left - right)))


def _surrogate(family: Family, y: FloatArray, theta: Parameters, r_star: FloatArray) -> FloatArray:
    """Q(theta | theta*) of every sample, equation (21): sum_j ln[alpha_j f(y | j)] p(Z = j | y, theta*)."""
    log_joint = np.log(theta.weights[0])[:, None, None] + _log_density(family, y, theta)
    return np.asarray((r_star * log_joint).sum(axis=0))


def _log_density(family: Family, y: FloatArray, theta: Parameters) -> FloatArray:
    """log f(y | j), shape (K, 1, samples), for one trial's theta."""
    means, variances = theta.means[0], theta.variances[0]
    normaliser = family.log_normaliser(means, variances)
    return np.stack(
        [
            family.log_kernel(y, mean, variance) + constant
            for mean, variance, constant in zip(means, variances, normaliser, strict=True)
        ]
    )
