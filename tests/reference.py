"""A slow, plain, per-trial NEM, written from the protocol and sharing no code with nem: the tests' oracle.

Noise is drawn by trying and checking the definition, log f(phi(y, n) | j) >= log f(y | j) for every j.
"""

from __future__ import annotations

import warnings

import numpy as np
from scipy import special
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

PARAMETERS = ("weights", "means", "variances")


def sample(rng, weights, means, variances, size):
    which = rng.choice(len(weights), p=weights, size=size)
    return rng.normal(np.asarray(means, float)[which], np.sqrt(np.asarray(variances, float))[which])


def log_joint(y, weights, means, variances):
    squares = (y[:, None] - means) ** 2 / variances
    return np.log(weights) - (squares + np.log(2 * np.pi * np.asarray(variances))) / 2


def posterior(y, weights, means, variances):
    joint = log_joint(y, weights, means, variances)
    joint = np.exp(joint - joint.max(axis=1, keepdims=True))
    return joint / joint.sum(axis=1, keepdims=True)


def log_likelihood(y, weights, means, variances):
    return special.logsumexp(log_joint(y, weights, means, variances), axis=1).sum()


def noisy_data(rng, y, means, mode, sigma, redraw=True, blind=False):
    """y+ : one candidate at a time for each point, kept when every component likes it at least as much."""
    out = y.copy()
    if sigma == 0:
        return out
    outer = np.flatnonzero((y < min(means)) | (y > max(means))) if not blind else np.arange(len(y))
    for tries in range(200):  # a point that is still pending lies so near a mean that it could hardly move
        if not len(outer) or (tries and not redraw):
            return out
        here = y[outer]
        n = rng.normal(0, sigma, len(outer)) if mode == "additive" else rng.normal(1, sigma, len(outer))
        candidate = here + n if mode == "additive" else here * n
        fits = np.ones(len(outer), dtype=bool)
        if not blind:  # the log-densities share their variance, so squared distances decide
            for mean in means:
                fits &= (candidate - mean) ** 2 <= (here - mean) ** 2
        out[outer[fits]] = candidate[fits]
        outer = outer[~fits]
    return out


def fit(
    rng,
    y,
    start,
    *,
    mode="additive",
    sigma=0.0,
    blind=False,
    redraw=True,
    tau=2.0,
    estimate=PARAMETERS,
    rule="euclidean",
    tol=1.2,
    cap=1000,
):
    """M-steps done, and the final (weights, means, variances); of a degenerate trial the last sound ones."""
    after = {name: np.array(part, float) for name, part in zip(PARAMETERS, start, strict=True)}
    for k in range(1, cap + 1):
        before = dict(after)
        r = posterior(y, *before.values())
        noisy = noisy_data(rng, y, before["means"], mode, sigma * k**-tau, redraw, blind)
        mass = r.sum(axis=0)
        if mass.min() < 1e-8 * len(y) and "weights" in estimate:
            return k, tuple(before.values())
        if "weights" in estimate:
            after["weights"] = mass / len(y)
        if "means" in estimate:
            after["means"] = (r * noisy[:, None]).sum(axis=0) / mass
        if "variances" in estimate:
            after["variances"] = (r * (noisy[:, None] - after["means"]) ** 2).sum(axis=0) / mass
        if after["variances"].min() < 1e-9 * y.var():
            return k, tuple(before.values())
        if change(y, before, after, estimate, rule) < 10**-tol:
            break
    return k, tuple(after.values())


def change(y, before, after, estimate, rule):
    """What the stop rule compares with 10^-tol."""
    if rule == "log-likelihood":
        return abs(log_likelihood(y, *after.values()) - log_likelihood(y, *before.values()))
    if rule == "euclidean":
        moved = {name: after[name] - before[name] for name in estimate}
        if "weights" in moved:
            moved["weights"] = moved["weights"][:-1]
        return np.sqrt(sum((part**2).sum() for part in moved.values()))
    scale = {"weights": np.asarray, "means": np.asarray, "variances": np.sqrt}
    return max(np.abs(scale[name](after[name]) - scale[name](before[name])).max() for name in estimate)


def scikit_learn(y, weights, means, precisions, covariance="diag", steps=2000):
    """The mixture of Gaussians of scikit-learn after so many steps of EM; y has the shape (samples, d)."""
    mixture = GaussianMixture(
        len(weights), covariance_type=covariance, reg_covar=0, tol=0, max_iter=steps, weights_init=weights,
        means_init=means, precisions_init=precisions,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # with tol 0 it never calls itself converged
        return mixture.fit(y)
