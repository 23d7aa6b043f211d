"""The other systems against the libraries that people use: our time a trial, and theirs."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator

import numpy as np
from hmmlearn.hmm import GaussianHMM
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture

from nem_cli.em import algorithm
from nem_cli.em.families.gaussian import Gaussian
from nem_cli.em.families.gaussian_nd import COVARIANCES, Unit
from nem_cli.em.latents.hard import Hard
from nem_cli.em.latents.independent import Independent
from nem_cli.em.latents.markov import Markov
from nem_cli.em.model import Model
from nem_cli.em.noise import Noise
from nem_cli.em.stops import Never
from nem_cli.em.theta import Theta

STEPS = 10
SKLEARN = {"spherical": "spherical", "diagonal": "diag", "full": "full"}


def ratios(repeats: int) -> Iterator[tuple[str, tuple[float, ...], str]]:
    """The name of a figure, theirs over ours in turn, and what it should be."""
    for dimensions in (2, 10):
        for samples, trials in ((200, 1000 // dimensions), (100_000, 1)):
            for covariance in COVARIANCES:
                target = "at least 5" if samples == 200 else "at least 1"
                pairs = [_mixture(covariance, dimensions, samples, trials) for _ in range(repeats)]
                label = f"scikit-learn over ours, EM, {covariance}, {dimensions} dimensions, {samples:,} samples"
                yield label, tuple(theirs / ours for theirs, ours in pairs), target
    for samples, trials in ((200, 1000), (100_000, 1)):
        pairs = [_chain(samples, trials) for _ in range(repeats)]
        target = "at least 5" if samples == 200 else "at least 0.33"
        yield f"hmmlearn over ours, Baum-Welch, {samples:,} samples", tuple(a / b for a, b in pairs), target
    for samples, trials in ((1000, 100), (100_000, 1)):
        pairs = [_clusters(samples, trials) for _ in range(repeats)]
        target = "at least 5" if samples == 1000 else "at least 0.33"
        yield f"scikit-learn over ours, k-means, {samples:,} samples", tuple(a / b for a, b in pairs), target


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that ten steps aren't enough to converge
        work()
    return time.perf_counter() - began


def _ours(model: Model, y: NDArray[np.float64], start: Theta) -> float:
    """Seconds a trial."""
    task = algorithm.Problem(model, Noise(), frozenset(model.estimable), Never(), 0.0, STEPS)
    theta = start.take(np.zeros(len(y), dtype=np.int64))
    return _seconds(lambda: algorithm.fit(task, y, theta, np.random.default_rng(0))) / len(y)


def _mixture(covariance: str, dimensions: int, samples: int, trials: int) -> tuple[float, float]:
    rng = np.random.default_rng(1)
    centres = rng.normal(0, 2, (2, dimensions))
    y = centres[rng.integers(0, 2, (trials, samples))] + rng.normal(0, 1.5, (trials, samples, dimensions))
    matrices = np.stack([4 * np.eye(dimensions) + 0.5] * 2)
    variances = np.full((2, dimensions) if covariance == "diagonal" else 2, 4.0)
    model = Model(Independent(), COVARIANCES[covariance])
    start = {"weights": [0.5, 0.5], "means": 1.5 * centres, "variances": variances, "covariances": matrices}
    precisions = np.linalg.inv(matrices) if covariance == "full" else 1 / variances
    theirs = GaussianMixture(
        2, covariance_type=SKLEARN[covariance], tol=0, reg_covar=0, max_iter=STEPS, weights_init=[0.5, 0.5],
        means_init=1.5 * centres, precisions_init=precisions,
    )  # fmt: skip
    return _seconds(lambda: theirs.fit(y[0])), _ours(model, y, model.theta(start))


def _chain(samples: int, trials: int) -> tuple[float, float]:
    model = Model(Markov(), Gaussian())
    law = {"initial": [0.5, 0.5], "transitions": [[0.9, 0.1], [0.1, 0.9]], "means": [-2, 2], "variances": [4, 4]}
    y = model.sample(np.random.default_rng(2), model.theta(law), (trials, samples))
    start = model.theta({**law, "transitions": [[0.6, 0.4], [0.4, 0.6]], "means": [-3, 3], "variances": [9, 9]})
    theirs = GaussianHMM(2, "diag", n_iter=STEPS, tol=-np.inf, init_params="", implementation="scaling")
    theirs.startprob_, theirs.transmat_ = start.initial[0], start.transitions[0]
    theirs.means_, theirs.covars_ = start.means[0][:, None], start.variances[0][:, None]
    return _seconds(lambda: theirs.fit(y[0][:, None])), _ours(model, y, start)


def _clusters(samples: int, trials: int) -> tuple[float, float]:
    rng = np.random.default_rng(3)
    centres = np.array([[-1.5, -1.5], [-1.5, 1.5], [1.5, -1.5], [1.5, 1.5]])
    y = centres[rng.integers(0, 4, (trials, samples))] + rng.normal(size=(trials, samples, 2))
    model = Model(Hard(), Unit())
    theirs = KMeans(4, init=y[0, :4], n_init=1, tol=0, algorithm="lloyd", max_iter=STEPS)
    spent = _seconds(lambda: theirs.fit(y[0])) * STEPS / theirs.n_iter_
    return spent, _ours(model, y, model.theta({"means": y[0, :4]}))
