"""What an accelerator sees of EM: a map whose fixed point is sought, and the objective that it climbs."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from nem_cli.em.arrays import BoolArray, FloatArray, IntArray


class FixedPoint(ABC):
    """EM on flat estimates x of shape (trials, p).

    An accelerator works on all trials of the batch alike. In those that have ended, what it does is of no account.

    Attributes
    ----------
    running : ndarray of int
        The trials that haven't ended: where costly linear algebra is worth its time.
    inverse_temperature : float
        The power of the joint density of y and Z in the E-step; 1 is EM.
    """

    running: IntArray
    inverse_temperature: float = 1.0

    @abstractmethod
    def log_likelihood(self, x: FloatArray, trials: IntArray) -> FloatArray:
        """Of some trials, (any, p) to (any,); -inf where x lies outside of the parameter space."""

    def heights(self, x: FloatArray) -> FloatArray:
        """The log-likelihood at x, shape (trials,); -inf in trials that have ended."""
        likelihood = np.full(len(x), -np.inf)
        likelihood[self.running] = self.log_likelihood(x[self.running], self.running)
        return likelihood

    def climb(
        self, leap: FloatArray, fallback: FloatArray, least: FloatArray
    ) -> tuple[FloatArray, FloatArray, BoolArray]:
        """The leap where it is feasible and not too low, the fallback elsewhere.

        Parameters
        ----------
        leap, fallback : ndarray of shape (trials, p)
            The fallback is sound: EM's own image.
        least : ndarray of shape (trials,)
            The lowest log-likelihood at which the leap is taken.

        Returns
        -------
        x : ndarray of shape (trials, p)
        log_likelihood : ndarray of shape (trials,)
            At x; see `heights`.
        leapt : ndarray of bool, shape (trials,)
        """
        likelihood, leapt = self.heights(leap), np.zeros(len(leap), dtype=bool)
        leapt[self.running] = likelihood[self.running] >= least[self.running]  # NaN isn't
        back = self.running[~leapt[self.running]]
        if back.size:
            likelihood[back] = self.log_likelihood(fallback[back], back)
        return np.where(leapt[:, None], leap, fallback), likelihood, leapt
