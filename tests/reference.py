"""A slow, plain, per-trial NEM, written from the protocol and sharing no code with nem: the tests' oracle.

Noise is drawn by trying and checking the definition, log f(phi(y, n) | j) >= log f(y | j) for every j.
"""

from __future__ import annotations

import numpy as np
from scipy import stats


def sample(rng, weights, means, variances, size):
    which = rng.choice(len(weights), p=weights, size=size)
    return rng.normal(np.asarray(means, float)[which], np.sqrt(np.asarray(variances, float))[which])


def posterior(y, weights, means, variances):
    log_joint = np.log(weights) + stats.norm.logpdf(y[:, None], means, np.sqrt(variances))
    joint = np.exp(log_joint - log_joint.max(axis=1, keepdims=True))
    return joint / joint.sum(axis=1, keepdims=True)


def log_likelihood(y, weights, means, variances):
    return np.log(np.exp(np.log(weights) + stats.norm.logpdf(y[:, None], means, np.sqrt(variances))).sum(axis=1)).sum()


def noisy_data(rng, y, means, mode, sigma, redraw=True, blind=False):
    """y+ : one candidate at a time for each point, kept when every component likes it at least as much."""
    out = y.copy()
    if sigma == 0:
        return out
    outer = np.flatnonzero((y < min(means)) | (y > max(means))) if not blind else np.arange(len(y))
    for tries in range(1000):  # a point that is still pending lies so near a mean that it could hardly move
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


def fit(rng, y, start, *, mode="additive", sigma=0.0, blind=False, redraw=True, tau=2.0, estimate=("weights", "means", "variances"),
        rule="euclidean", tol=1.2, cap=1000):  # fmt: skip
    """M-steps done, and the final (weights, means, variances)."""
    weights, means, variances = (np.array(part, float) for part in start)
    for k in range(1, cap + 1):
        before = (weights, means, variances)
        r = posterior(y, *before)
        noisy = noisy_data(rng, y, means, mode, sigma * k**-tau, redraw, blind)
        mass = r.sum(axis=0)
        if "weights" in estimate:
            weights = mass / len(y)
        if "means" in estimate:
            means = (r * noisy[:, None]).sum(axis=0) / mass
        if "variances" in estimate:
            variances = (r * (noisy[:, None] - means) ** 2).sum(axis=0) / mass
        after = (weights, means, variances)
        if rule == "euclidean":
            parts = [b[: len(b) - (name == "weights")] - a[: len(a) - (name == "weights")]
                     for name, a, b in zip(("weights", "means", "variances"), before, after) if name in estimate]  # fmt: skip
            change = np.sqrt(sum((part**2).sum() for part in parts))
        elif rule == "max-change":
            change = max(
                np.abs(np.sqrt(b) - np.sqrt(a)).max() if name == "variances" else np.abs(b - a).max()
                for name, a, b in zip(("weights", "means", "variances"), before, after)
                if name in estimate
            )
        else:
            change = abs(log_likelihood(y, *after) - log_likelihood(y, *before))
        if change < 10**-tol:
            break
    return k, (weights, means, variances)
