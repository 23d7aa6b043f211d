"""Z_1, ..., Z_n a Markov chain: hidden Markov models, with Baum and Welch's E-step."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nem_cli.em.arrays import BoolArray, FloatArray, IntArray, all_of
from nem_cli.em.family import Family
from nem_cli.em.latent import Latent
from nem_cli.em.posterior import Posterior, Responsibilities
from nem_cli.em.theta import Parameter, Theta

LONG = 1000
"""Longer sequences are cut into segments that are worked on together, so that steps in turn grow as sqrt(samples)."""
SMALLEST = 1e-290
"""Densities below it, over the largest at that time, count as this, so that no sequence of states is impossible."""
LARGEST_EXPONENT = 600.0
"""Of the exponential: what a state that can't be weighs doesn't matter."""


class Markov(Latent):
    """P(Z_1 = j) = pi_j and P(Z_{t+1} = j | Z_t = i) = A_ij; each trial is one sequence."""

    name = "markov"
    parameters = (
        Parameter("initial", "initial", "k", "law", compared=False),
        Parameter("transitions", "transition", "kk", "law"),
    )
    whole = True

    def sample(self, rng: np.random.Generator, theta: Theta, shape: tuple[int, int]) -> IntArray:
        uniform = rng.random(shape)
        initial, transitions = np.cumsum(theta.initial[0])[:-1], np.cumsum(theta.transitions[0], axis=1)[:, :-1]
        z = np.empty(shape, dtype=np.int64)
        z[:, 0] = (uniform[:, :1] >= initial).sum(axis=1)
        for t in range(1, shape[1]):
            z[:, t] = (uniform[:, t, None] >= transitions[z[:, t - 1]]).sum(axis=1)
        return z

    def posterior(self, family: Family, y: FloatArray, theta: Theta) -> Smoothed:
        f, _ = _densities(family, y, theta)
        forward = _forward(f, theta)
        ahead = _backward(f, forward, theta)
        responsibilities = np.ascontiguousarray((forward.predicted * ahead).transpose(1, 2, 0))
        pairs = np.einsum("nit,njt->tij", forward.filtered[:-1], ahead[1:])
        return Smoothed(responsibilities, pairs * theta.transitions)

    def log_likelihood(self, family: Family, y: FloatArray, theta: Theta) -> FloatArray:
        f, highest = _densities(family, y, theta)
        return np.asarray(highest.sum(axis=1) + np.log(_forward(f, theta).scale).sum(axis=0))

    def sums(self, theta: Theta, components: int) -> Pairs:
        return Pairs(theta)

    def maximise(self, sums: Pairs, theta: Theta, estimate: frozenset[str]) -> dict[str, FloatArray]:
        moved = {}
        if "initial" in estimate:
            moved["initial"] = sums.first
        if "transitions" in estimate and sums.samples > 1:
            moved["transitions"] = sums.pairs / sums.pairs.sum(axis=2, keepdims=True)
        return moved

    def sound(self, theta: Theta) -> BoolArray:
        """A probability may be 0: only a state that is never left has no transitions any more."""
        initial, transitions = (np.isfinite(each) & (each >= 0) for each in (theta.initial, theta.transitions))
        return all_of(initial) & all_of(transitions)

    def expected_log(self, posterior: Posterior, theta: Theta) -> FloatArray:
        """The terms of the initial law and of all transitions, spread evenly over the samples."""
        assert isinstance(posterior, Smoothed)
        r = posterior.responsibilities
        with np.errstate(divide="ignore", invalid="ignore"):
            initial = r[:, :, 0].T * np.log(theta.initial)
            moves = posterior.pairs * np.log(theta.transitions)
        total = np.nansum(initial, axis=1) + np.nansum(moves, axis=(1, 2))  # 0 log 0 = 0
        return np.broadcast_to(total[:, None] / r.shape[2], r.shape[1:])

    def likeliest_path(self, family: Family, y: FloatArray, theta: Theta) -> IntArray:
        """The likeliest states (Viterbi 1967), the first of equals, shape (trials, samples)."""
        log_f = family.log_densities(y, theta)
        with np.errstate(divide="ignore"):
            log_transitions, best = np.log(theta.transitions), np.log(theta.initial) + log_f[:, :, 0].T
        samples = y.shape[1]
        came_from = np.zeros((samples, *best.shape), dtype=np.int64)
        for t in range(1, samples):
            ways = best[:, :, None] + log_transitions
            came_from[t] = ways.argmax(axis=1)
            best = ways.max(axis=1) + log_f[:, :, t].T
        path = np.empty(y.shape[:2], dtype=np.int64)
        path[:, -1] = best.argmax(axis=1)
        rows = np.arange(len(y))
        for t in range(samples - 1, 0, -1):
            path[:, t - 1] = came_from[t, rows, path[:, t]]
        return path


class Smoothed(Responsibilities):
    """State probabilities given the whole sequence, and of pairs of neighbours.

    Parameters
    ----------
    r : ndarray of shape (K, trials, samples)
        gamma_t(j) = P(Z_t = j | y).
    pairs : ndarray of shape (trials, K, K)
        sum_t P(Z_t = i, Z_{t+1} = j | y).
    """

    def __init__(self, r: FloatArray, pairs: FloatArray) -> None:
        super().__init__(r)
        self.pairs = pairs


class Pairs:
    """What the chain's M-step needs: the first state's probabilities, and the pair sums."""

    def __init__(self, theta: Theta) -> None:
        self.first = np.zeros_like(theta.initial)
        self.pairs = np.zeros_like(theta.transitions)
        self.samples = 0

    def add(self, rows: slice, posterior: Smoothed) -> None:
        """Add the sequences of a tile."""
        self.first[rows] = posterior.responsibilities[:, :, 0].T
        self.pairs[rows] = posterior.pairs
        self.samples = posterior.responsibilities.shape[2]


@dataclass(frozen=True, eq=False)
class _Forward:
    """Rabiner's scaled forward pass, the time first.

    Parameters
    ----------
    predicted, filtered : ndarray of shape (samples, K, trials)
        P(Z_t = j | y_1, ..., y_{t-1}), and given y_t too.
    scale : ndarray of shape (samples, trials)
        f(y_t | y_1, ..., y_{t-1}), over the factor that `_densities` takes out.
    """

    predicted: FloatArray
    filtered: FloatArray
    scale: FloatArray


def _densities(family: Family, y: FloatArray, theta: Theta) -> tuple[FloatArray, FloatArray]:
    """f(y_t | j) over the largest of them, (samples, K, trials), and that one's logarithm, (trials, samples)."""
    log_f = family.log_densities(y, theta)
    highest = log_f.max(axis=0)
    log_f -= highest
    np.exp(log_f, out=log_f)
    np.maximum(log_f, SMALLEST, out=log_f)
    return np.ascontiguousarray(log_f.transpose(2, 0, 1)), highest


def _segments(samples: int) -> int:
    """How many segments a sequence is cut into: by its length alone, so that nothing depends on the batch."""
    return 1 if samples <= LONG else math.isqrt(samples)


def _cut(f: FloatArray, segments: int) -> FloatArray:
    """Densities (samples, K, trials) as (length, K, trials * segments); what fills up the last segment says nothing."""
    samples, components, trials = f.shape
    length = -(-samples // segments)
    filled = np.concatenate([f, np.ones((length * segments - samples, components, trials))])
    return filled.reshape(segments, length, components, trials).transpose(1, 2, 3, 0).reshape(length, components, -1)


def _joined(cut: FloatArray, segments: int, samples: int) -> FloatArray:
    """The reverse of `_cut`, for arrays (length, ..., trials * segments)."""
    length, *middle, columns = cut.shape
    apart = cut.reshape(length, *middle, columns // segments, segments)
    return np.moveaxis(apart, -1, 0).reshape(length * segments, *middle, columns // segments)[:samples]


def _forward(f: FloatArray, theta: Theta) -> _Forward:
    """The recursion, segments side by side where the sequence is long: each needs what the one before it predicts."""
    samples, components, trials = f.shape
    segments = _segments(samples)
    cut, moves = _cut(f, segments), _moves(theta, segments)
    starts = np.empty((components, trials, segments))
    starts[..., 0] = theta.initial.T
    if segments > 1:
        products, log_size = _products(cut, moves, segments)
        for s in range(segments - 1):
            with np.errstate(divide="ignore"):
                log_share = np.log(starts[..., s]) + log_size[..., s]
            share = np.exp(log_share - log_share.max(axis=0))
            share /= share.sum(axis=0)
            starts[..., s + 1] = (share[:, None] * products[..., s]).sum(axis=0)
    now = starts.reshape(components, -1)
    predicted, filtered = np.empty_like(cut), np.empty_like(cut)
    scale = np.empty((len(cut), now.shape[1]))
    for t, density in enumerate(cut):
        predicted[t] = now
        here = now * density
        here.sum(axis=0, out=scale[t])
        here /= scale[t]
        filtered[t] = here
        now = (here[:, None] * moves).sum(axis=0)
    return _Forward(*(_joined(each, segments, samples) for each in (predicted, filtered, scale)))


def _backward(f: FloatArray, forward: _Forward, theta: Theta) -> FloatArray:
    """f(y_t, ..., y_n | Z_t = j) over f(y_t, ..., y_n | y_1, ..., y_{t-1}), shape (samples, K, trials)."""
    samples, components, trials = f.shape
    segments = _segments(samples)
    cut, moves = _cut(f, segments), _moves(theta, segments)
    predicted = _cut(forward.predicted, segments)
    ends = np.ones((components, trials, segments))
    if segments > 1:
        products, log_size = _products(cut, moves, segments)
        starts = predicted[0].reshape(components, trials, segments)
        for s in range(segments - 1, 0, -1):
            with np.errstate(divide="ignore"):
                log_behind = log_size[..., s] + np.log((products[..., s] * ends[..., s]).sum(axis=1))
                weighed = log_behind + np.log(starts[..., s])
            ends[..., s - 1] = np.exp(np.minimum(log_behind - weighed.max(axis=0), LARGEST_EXPONENT))
    now = ends.reshape(components, -1)
    ahead = np.empty_like(cut)
    for t in range(len(cut) - 1, -1, -1):
        here = cut[t] * (moves * now).sum(axis=1)
        here /= (predicted[t] * here).sum(axis=0)
        ahead[t] = now = here
    return _joined(ahead, segments, samples)


def _moves(theta: Theta, segments: int) -> FloatArray:
    """Transitions of every segment, shape (from, to, trials * segments)."""
    return np.repeat(theta.transitions.transpose(1, 2, 0), segments, axis=2)


def _products(cut: FloatArray, moves: FloatArray, segments: int) -> tuple[FloatArray, FloatArray]:
    """Each segment as a map from what is predicted at its start to what is predicted at its end, times a density.

    Returns
    -------
    products : ndarray of shape (from, to, trials, segments)
        prod_t diag(f_t) A, each row over its sum.
    log_size : ndarray of shape (from, trials, segments)
        The logarithm of that sum.
    """
    components, _, columns = moves.shape
    product = np.repeat(np.eye(components)[:, :, None], columns, axis=2)
    log_size = np.zeros((components, columns))
    for density in cut:
        weighed = product * density
        size = weighed.sum(axis=1)
        log_size += np.log(size)
        product = ((weighed / size[:, None])[:, :, None] * moves).sum(axis=1)
    shape = (components, columns // segments, segments)
    return product.reshape(components, *shape), log_size.reshape(shape)
