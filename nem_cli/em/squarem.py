"""SQUAREM, squared extrapolation of EM's steps, for comparison: what a good accelerator does on the same task.

R. Varadhan and C. Roland (2008), Simple and globally convergent methods for accelerating the convergence of any EM
algorithm, Scandinavian Journal of Statistics 35, 335-353: scheme S3, with the plain EM step where extrapolation lowers
the likelihood or leaves the parameter space.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from nem_cli.em import algorithm
from nem_cli.em.arrays import FloatArray, IntArray
from nem_cli.em.noise import Noise
from nem_cli.em.status import Status
from nem_cli.em.theta import Theta


@dataclass(frozen=True)
class SquaremFits:
    """How a batch of trials ended.

    Parameters
    ----------
    status : ndarray of int, shape (trials,)
        A `Status`.
    evaluations : ndarray of int, shape (trials,)
        Evaluations of the EM map, each an E-step and an M-step: what EM counts as its M-steps.
    likelihoods : ndarray of int, shape (trials,)
        Evaluations of the log-likelihood besides, each about an E-step.
    theta : Theta
    log_likelihood : ndarray of shape (trials,)
    """

    status: IntArray
    evaluations: IntArray
    likelihoods: IntArray
    theta: Theta
    log_likelihood: FloatArray


def squarem(problem: algorithm.Problem, y: FloatArray, start: Theta) -> SquaremFits:
    """Maximise the likelihood of every trial.

    The stop rule compares theta with its image under the EM map, at every evaluation, as plain EM does. The cap counts
    evaluations, and is looked at once in a cycle of three.

    Parameters
    ----------
    problem : Problem
        Its noise plays no part.
    y : ndarray of shape (trials, samples)
    start : Theta
    """
    em = _EmMap(dataclasses.replace(problem, noise=Noise(), max_iterations=1), y, start)
    model = problem.model
    spread = model.family.spread(y)
    running = np.arange(len(y))
    with np.errstate(all="ignore"):  # a degenerate start has no density
        likelihood = model.log_likelihood(y, start)
    em.likelihoods += 1
    while (running := running[em.status[running] < 0]).size:
        theta_0 = em.theta.take(running)
        theta_1 = em.evaluate(running)
        theta_2 = em.evaluate(running)  # does nothing where the first image has ended the trial
        running = running[going := em.status[running] < 0]
        if not running.size:
            break
        theta_0, theta_1, theta_2 = (theta.take(going) for theta in (theta_0, theta_1, theta_2))
        leap = model.family.complete(_extrapolated(theta_0, theta_1, theta_2, problem.estimate))
        with np.errstate(all="ignore"):  # it may lie outside of the parameter space
            above = model.log_likelihood(y[running], leap) >= likelihood[running]
        kept = above & model.sound(leap, spread[running])
        em.theta.put(running, theta_2)
        em.theta.put(running[kept], leap.take(kept))
        em.evaluate(running)
        likelihood[running] = model.log_likelihood(y[running], em.theta.take(running))
        em.likelihoods[running] += 2
        capped = (em.evaluations >= problem.max_iterations) & (em.status < 0)
        em.status[capped] = Status.MAX_ITERATIONS
    with np.errstate(all="ignore"):  # a degenerate start has no density
        final = model.log_likelihood(y, em.theta)
    return SquaremFits(em.status, em.evaluations, em.likelihoods, em.theta, final)


class _EmMap:
    """EM's E-step and M-step as a map, with the trials' current estimates, their status and counts."""

    def __init__(self, problem: algorithm.Problem, y: FloatArray, start: Theta) -> None:
        self.problem = problem
        self.y = y
        self.theta = start.copy()
        self.status = np.full(len(y), -1)
        self.evaluations = np.zeros(len(y), dtype=np.int64)
        self.likelihoods = np.zeros(len(y), dtype=np.int64)

    def evaluate(self, trials: IntArray) -> Theta:
        """Replace theta by its image in those trials that haven't ended; returns theta of all those asked for."""
        going = trials[self.status[trials] < 0]
        rng = np.random.default_rng(0)  # plain EM draws nothing from it
        for step in algorithm.steps(self.problem, self.y[going], self.theta.take(going), rng):
            at = going[step.trials]
            self.theta.put(at, step.theta)
            self.evaluations[at] += step.k
            self.status[at] = np.where(step.status == Status.MAX_ITERATIONS, -1, step.status)  # the cap is one step
        return self.theta.take(trials)


def _extrapolated(zero: Theta, one: Theta, two: Theta, estimate: frozenset[str]) -> Theta:
    """theta_0 - 2 a r + a^2 v with r = theta_1 - theta_0, v = theta_2 - 2 theta_1 + theta_0, a = -|r| / |v| <= -1.

    It is linear, so weights go on summing to 1; it may leave the parameter space.
    """
    x0, x1, x2 = (theta.flat(estimate) for theta in (zero, one, two))
    r, v = x1 - x0, x2 - 2 * x1 + x0
    norm_r, norm_v = (np.linalg.norm(each, axis=1, keepdims=True) for each in (r, v))
    a = np.minimum(-np.divide(norm_r, norm_v, out=np.ones_like(norm_r), where=norm_v > 0), -1)
    return zero.with_flat(x0 - 2 * a * r + a * a * v, estimate)
