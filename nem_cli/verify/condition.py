"""The NEM condition measured: the expectation in (10) and the two sides of (12), with 95 % Monte-Carlo intervals.

The M-step number k of Algorithm 1 has the current estimate theta_{k-1} and noise of scale sigma k^-tau. Z is averaged
exactly, with its posterior given y at theta*; Y and N are drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nem_cli.em.arrays import FloatArray
from nem_cli.em.model import Model
from nem_cli.em.noise import Noise
from nem_cli.em.posterior import Posterior
from nem_cli.em.theta import Theta
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
    model: Model,
    noise: Noise,
    k: int,
    truth: Theta,
    theta: Theta,
    from_truth: FloatArray,
    from_estimate: FloatArray,
) -> Measurement:
    """Estimate (10) and (12) at one M-step.

    Parameters
    ----------
    rng : Generator
        The noise's stream.
    truth, theta : Theta
        theta* and the current estimate theta_{k-1}; one trial each.
    from_truth, from_estimate : ndarray of shape (trials, samples) or (trials, samples, d)
        Y drawn from either. Trials are independent, and samples too unless the model's law says otherwise.

    Raises
    ------
    SupportError
        If noise that no screen rejects leaves the family's support: the expectation in (10) is then -inf.
    """
    y, family = from_truth, model.family
    truth, theta = truth.repeated(len(y)), theta.repeated(len(y))
    n, y_dagger, known = _injected(rng, model, noise, k, truth, theta, y)
    there = from_estimate
    _, there_dagger, there_known = _injected(rng, model, noise, k, truth, theta, there)
    log_ratios = family.log_densities(y_dagger, theta) - family.log_densities(y, theta)
    contributions = known.responsibilities * log_ratios
    return Measurement(
        screen=noise.screen.name,
        k=k,
        scale=noise.scale(k),
        injected=float(np.mean(n != noise.injection.neutral)),
        condition=_mean(model, contributions.sum(axis=0)),
        components=tuple(_mean(model, contribution) for contribution in contributions),
        at_truth=_sides(model, truth, theta, y, y_dagger, known),
        at_estimate=_sides(model, truth, theta, there, there_dagger, there_known),
    )


def _mean(model: Model, values: FloatArray) -> Estimate:
    """Over samples of shape (trials, samples); where these depend on each other, only trials tell of the error."""
    return mean_estimate(values.mean(axis=1) if model.latent.whole else values.ravel())


def _injected(
    rng: np.random.Generator, model: Model, noise: Noise, k: int, truth: Theta, theta: Theta, y: FloatArray
) -> tuple[FloatArray, FloatArray, Posterior]:
    """Noise as Algorithm 1 draws it at theta, y+ of it, and what is known of Z at theta*."""
    n = noise.sample(rng, model, y, theta, model.posterior(y, theta), k).n
    return n, noise.injection.phi(y, n), model.posterior(y, truth)


def _sides(model: Model, truth: Theta, theta: Theta, y: FloatArray, y_dagger: FloatArray, known: Posterior) -> Sides:
    """From Q(theta | theta*) of every sample, equation (21)."""
    best = model.expected_log(y, truth, known)
    left = best - model.expected_log(y, theta, known)
    right = best - model.expected_log(y_dagger, theta, known)
    return Sides(*(_mean(model, side) for side in (left, right, left - right)))
