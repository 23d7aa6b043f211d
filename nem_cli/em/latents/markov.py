"""Z_1, ..., Z_n a Markov chain: hidden Markov models, with Baum and Welch's E-step."""

from __future__ import annotations

import math
from functools import cached_property

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
        passes = _Passes(_densities(family, y, theta)[0], theta)
        predicted, filtered, _ = passes.forward()
        ahead = passes.backward(predicted)
        responsibilities = np.ascontiguousarray((predicted * ahead).transpose(1, 2, 0))
        pairs = np.einsum("nit,njt->tij", filtered[:-1], ahead[1:])
        return Smoothed(responsibilities, pairs * theta.transitions)

    def log_likelihood(self, family: Family, y: FloatArray, theta: Theta) -> FloatArray:
        f, highest = _densities(family, y, theta)
        _, _, scale = _Passes(f, theta).forward()
        return np.asarray(highest.sum(axis=1) + np.log(scale).sum(axis=0))

    def sums(self, theta: Theta) -> Pairs:
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


class _Passes:
    """Rabiner's scaled recursions over densities of shape (samples, K, trials), the time first.

    Long sequences are cut into segments, which lie beside the trials. Each needs what the one before it predicts, and
    backwards what the one behind it says: that follows from the segments' products.
    """

    def __init__(self, f: FloatArray, theta: Theta) -> None:
        self.samples, self.components, self.trials = f.shape
        # by the length alone, so that nothing depends on the batch
        self.segments = 1 if self.samples <= LONG else math.isqrt(self.samples)
        self.f = self._cut(f)
        self.initial = theta.initial.T
        self.moves = np.repeat(theta.transitions.transpose(1, 2, 0), self.segments, axis=2)

    def forward(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """From the first sample on.

        Returns
        -------
        predicted, filtered : ndarray of shape (samples, K, trials)
            P(Z_t = j | y_1, ..., y_{t-1}), and given y_t too.
        scale : ndarray of shape (samples, trials)
            f(y_t | y_1, ..., y_{t-1}), over the factor that `_densities` takes out.
        """
        starts = np.empty((self.components, self.trials, self.segments))
        starts[..., 0] = self.initial
        for s in range(self.segments - 1):
            product, log_size = (each[..., s] for each in self._products)
            with np.errstate(divide="ignore"):
                log_share = np.log(starts[..., s]) + log_size
            share = np.exp(log_share - log_share.max(axis=0))
            share /= share.sum(axis=0)
            starts[..., s + 1] = (share[:, None] * product).sum(axis=0)
        now = starts.reshape(self.components, -1)
        predicted, filtered = np.empty_like(self.f), np.empty_like(self.f)
        scale = np.empty((len(self.f), now.shape[1]))
        for t, density in enumerate(self.f):
            predicted[t] = now
            here = now * density
            here.sum(axis=0, out=scale[t])
            here /= scale[t]
            filtered[t] = here
            now = (here[:, None] * self.moves).sum(axis=0)
        return self._joined(predicted), self._joined(filtered), self._joined(scale)

    def backward(self, predicted: FloatArray) -> FloatArray:
        """f(y_t, ..., y_n | Z_t = j) over f(y_t, ..., y_n | y_1, ..., y_{t-1}), shape (samples, K, trials)."""
        predicted = self._cut(predicted)
        starts = predicted[0].reshape(self.components, self.trials, self.segments)
        ends = np.ones(starts.shape)
        for s in range(self.segments - 1, 0, -1):
            product, log_size = (each[..., s] for each in self._products)
            with np.errstate(divide="ignore"):
                log_behind = log_size + np.log((product * ends[..., s]).sum(axis=1))
                weighed = log_behind + np.log(starts[..., s])
            ends[..., s - 1] = np.exp(np.minimum(log_behind - weighed.max(axis=0), LARGEST_EXPONENT))
        now = ends.reshape(self.components, -1)
        ahead = np.empty_like(self.f)
        for t in range(len(self.f) - 1, -1, -1):
            here = self.f[t] * (self.moves * now).sum(axis=1)
            here /= (predicted[t] * here).sum(axis=0)
            ahead[t] = now = here
        return self._joined(ahead)

    @cached_property
    def _products(self) -> tuple[FloatArray, FloatArray]:
        """Each segment as a map from what is predicted at its start to what is predicted at its end, times a density.

        Returns
        -------
        products : ndarray of shape (from, to, trials, segments)
            prod_t diag(f_t) A, each row over its sum.
        log_size : ndarray of shape (from, trials, segments)
            The logarithm of that sum.
        """
        columns = self.moves.shape[2]
        product = np.repeat(np.eye(self.components)[:, :, None], columns, axis=2)
        log_size = np.zeros((self.components, columns))
        for density in self.f:
            weighed = product * density
            size = weighed.sum(axis=1)
            log_size += np.log(size)
            product = ((weighed / size[:, None])[:, :, None] * self.moves).sum(axis=1)
        shape = (self.components, self.trials, self.segments)
        return product.reshape(self.components, *shape), log_size.reshape(shape)

    def _cut(self, whole: FloatArray) -> FloatArray:
        """From (samples, K, trials) to (length, K, trials * segments); what fills up the last segment says nothing."""
        length = -(-self.samples // self.segments)
        filling = np.ones((length * self.segments - self.samples, self.components, self.trials))
        cut = np.concatenate([whole, filling]).reshape(self.segments, length, self.components, self.trials)
        return cut.transpose(1, 2, 3, 0).reshape(length, self.components, -1)

    def _joined(self, cut: FloatArray) -> FloatArray:
        """The reverse of `_cut`, for arrays (length, ..., trials * segments)."""
        length, *middle, _ = cut.shape
        apart = cut.reshape(length, *middle, self.trials, self.segments)
        return np.moveaxis(apart, -1, 0).reshape(length * self.segments, *middle, self.trials)[: self.samples]


def _densities(family: Family, y: FloatArray, theta: Theta) -> tuple[FloatArray, FloatArray]:
    """f(y_t | j) over the largest of them, (samples, K, trials), and that one's logarithm, (trials, samples)."""
    log_f = family.log_densities(y, theta)
    highest = log_f.max(axis=0)
    log_f -= highest
    np.exp(log_f, out=log_f)
    np.maximum(log_f, SMALLEST, out=log_f)
    return np.ascontiguousarray(log_f.transpose(2, 0, 1)), highest
