"""DAAREM: damped Anderson acceleration with restarts and control of monotonicity.

N. C. Henderson and R. Varadhan (2019), Damped Anderson acceleration with restarts and monotonicity control for
accelerating EM and EM-like algorithms, Journal of Computational and Graphical Statistics 28, 834-846. Theirs lets a
step lower the log-likelihood by 0.01; here none may, for else it stays at saddle points that EM leaves.
"""

from __future__ import annotations

import numpy as np

from nem_cli.em.accelerate.accelerator import Accelerator, Proposals
from nem_cli.em.accelerate.fixed_point import FixedPoint
from nem_cli.em.arrays import FloatArray

MAX_ORDER = 10
"""Differences kept before a restart, at most; half of the coordinates where that is less."""
ALPHA, KAPPA = 1.2, 25.0
"""The damping is 1 / (1 + ALPHA^(KAPPA - s)), s the accelerated steps taken so far."""


class Anderson(Accelerator):
    """x + f - (X + F) gamma: f = M(x) - x, X and F the differences of x and f since the last restart.

    gamma minimises |f - F gamma|^2, shrunk as in ridge regression until the square of its length is the damping times
    that without the ridge. Where the step lowers the log-likelihood or leaves the parameter space: M(x).
    """

    name = "anderson"

    def proposals(self, em: FixedPoint, x: FloatArray) -> Proposals:
        order = min(MAX_ORDER, -(-x.shape[1] // 2))
        trust = np.zeros(len(x))
        f = (yield x) - x
        before, x = x, x + f
        likelihood = em.heights(x)
        while True:
            differences: list[tuple[FloatArray, FloatArray]] = []
            for _ in range(order):
                f_before, f = f, (yield x) - x
                differences.append((x - before, f - f_before))
                before = x
                dx, df = (np.stack([pair[side][em.running] for pair in differences], axis=2) for side in (0, 1))
                leap = x + f
                gamma = _damped(df, f[em.running], 1 / (1 + ALPHA ** (KAPPA - trust[em.running])))
                leap[em.running] -= ((dx + df) @ gamma[:, :, None])[:, :, 0]
                x, likelihood, leapt = em.climb(leap, x + f, likelihood)
                trust += leapt


def _damped(df: FloatArray, f: FloatArray, damping: FloatArray) -> FloatArray:
    """gamma, shape (trials, m), that minimises |f - F gamma|^2 + ridge |gamma|^2, the ridge as the damping wants it.

    1 / |gamma| is a concave, rising function of the ridge, so Newton's steps on it come from below and don't pass.
    """
    u, d, vt = np.linalg.svd(df, full_matrices=False)
    d = np.where(d > np.finfo(float).eps * df.shape[1] * d[:, :1], d, np.inf)  # no direction there
    c = np.einsum("tpm,tp->tm", u, f)
    wanted = np.sqrt(damping) * np.linalg.norm(c / d, axis=1)
    ridge = np.zeros(len(f))
    for _ in range(50):
        shrunk = c / (d + ridge[:, None] / d)
        length = np.linalg.norm(shrunk, axis=1)
        far = length > 1.001 * wanted
        if not far.any():
            break
        slope = np.sum(shrunk * shrunk / (d * d + ridge[:, None]), axis=1)[far]
        ridge[far] += length[far] ** 2 * (length[far] / wanted[far] - 1) / slope
    return np.asarray(np.einsum("tmp,tm->tp", vt, shrunk))
