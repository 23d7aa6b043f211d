"""Normal densities in d dimensions, with spherical, diagonal, full or unit covariances."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from nem_cli.em.arrays import BoolArray, FloatArray, IntArray, all_of, by_sample
from nem_cli.em.family import MIN_VARIANCE_RATIO, Family
from nem_cli.em.geometry import Modes
from nem_cli.em.moments import Means, Moments
from nem_cli.em.posterior import Posterior
from nem_cli.em.theta import Parameter, Theta


class GaussianND(Family):
    """Y | Z = j ~ N(mu_j, Sigma_j) in d dimensions; what Sigma_j may be is the subclass's."""

    dimensions = True
    boxed = True
    mean: ClassVar[Parameter] = Parameter("means", "mean", "kd")

    def sample(self, rng: np.random.Generator, theta: Theta, z: IntArray) -> FloatArray:
        components, dimensions = theta.means.shape[1:]
        y = rng.standard_normal((*z.shape, dimensions))
        y *= np.sqrt(theta.variances[0]).reshape(components, -1)[z]  # a number a component, or one a coordinate
        y += theta.means[0][z]
        return y

    def geometry(self, y: FloatArray, theta: Theta, posterior: Posterior) -> Modes | None:
        return Modes(theta.means, 2.0, 1 / theta.variances) if self.boxed else None

    def check(self, values: Mapping[str, Any], where: str) -> None:
        super().check(values, where)
        if not isinstance(values["means"][0], tuple):
            raise ValueError(f"{where}: means must be lists, of a number a coordinate, where there is a covariance")


class Diagonal(GaussianND):
    """A variance a coordinate."""

    name = "gaussian with diagonal covariance"
    parameters = (GaussianND.mean, Parameter("variances", "variance", "kd", "variance"))

    def log_kernel(self, y: FloatArray, theta: Theta, j: int) -> FloatArray:
        d = y - by_sample(theta.means[:, j], y.shape[1])
        d *= by_sample(np.sqrt(0.5 / theta.variances[:, j]), y.shape[1])
        return np.asarray(-np.einsum("tnd,tnd->tn", d, d))

    def log_normaliser(self, theta: Theta) -> FloatArray:
        return np.asarray(-0.5 * np.log(2 * math.pi * theta.variances).sum(axis=2))

    def log_odds(self, y: FloatArray, theta: Theta, log_weights: FloatArray) -> FloatArray:
        """A quadratic in d = y - mu_1, sum_c (a_c d_c + b_c) d_c + c; about a mean, so that nothing cancels."""
        precision = 1 / theta.variances
        apart = theta.means[:, 1] - theta.means[:, 0]
        a = 0.5 * (precision[:, 0] - precision[:, 1])
        b = precision[:, 1] * apart
        constants = log_weights + self.log_normaliser(theta)
        c = constants[:, 1] - constants[:, 0] - 0.5 * (b * apart).sum(axis=1)
        d = y - by_sample(theta.means[:, 0], y.shape[1])
        slope = by_sample(a, y.shape[1])
        slope *= d
        slope += by_sample(b, y.shape[1])
        odds = np.einsum("tnd,tnd->tn", slope, d)
        odds += c[:, None]
        return np.asarray(odds)


class Spherical(GaussianND):
    """One variance a component, the same in every direction."""

    name = "gaussian with spherical covariance"
    parameters = (GaussianND.mean, Parameter("variances", "variance", "k", "variance"))

    def log_kernel(self, y: FloatArray, theta: Theta, j: int) -> FloatArray:
        d = y - by_sample(theta.means[:, j], y.shape[1])
        log_f = np.einsum("tnd,tnd->tn", d, d)
        log_f *= -0.5 / theta.variances[:, j, None]
        return np.asarray(log_f)

    def log_normaliser(self, theta: Theta) -> FloatArray:
        return np.asarray(-0.5 * theta.means.shape[2] * np.log(2 * math.pi * theta.variances))

    def log_odds(self, y: FloatArray, theta: Theta, log_weights: FloatArray) -> FloatArray:
        """A quadratic in d = y - mu_1, a |d|^2 + b . d + c; about a mean, so that nothing cancels."""
        precision = 1 / theta.variances
        apart = theta.means[:, 1] - theta.means[:, 0]
        constants = log_weights + self.log_normaliser(theta)
        c = constants[:, 1] - constants[:, 0] - 0.5 * precision[:, 1] * (apart * apart).sum(axis=1)
        d = y - by_sample(theta.means[:, 0], y.shape[1])
        odds = np.einsum("tnd,tnd->tn", d, d)
        odds *= 0.5 * (precision[:, 0] - precision[:, 1])[:, None]
        odds += (d @ (precision[:, 1, None] * apart)[..., None])[..., 0]
        odds += c[:, None]
        return np.asarray(odds)

    def maximise(self, sums: Moments, theta: Theta, estimate: frozenset[str]) -> dict[str, FloatArray]:
        means = sums.mean() if "means" in estimate else theta.means
        variances = sums.variance(means).mean(axis=2) if "variances" in estimate else theta.variances
        return {"means": means, "variances": variances}

    def sound(self, theta: Theta, spread: FloatArray) -> BoolArray:
        return super().sound(theta, spread.mean(axis=2))

    def start_from_points(self, points: FloatArray, variance: FloatArray) -> dict[str, FloatArray]:
        return {"means": points, "variances": np.broadcast_to(variance.mean(axis=2), points.shape[:2]).copy()}


class Full(GaussianND):
    """Any positive definite covariance.

    Theta also has `factors`, U_j of shape (trials, K, d, d) with U_j' U_j = Sigma_j^-1: inverse Cholesky factors.
    """

    name = "gaussian with full covariance"
    parameters = (GaussianND.mean, Parameter("covariances", "covariance", "kdd", "covariance"))
    estimable = ("means", "covariances")
    boxed = False

    def sample(self, rng: np.random.Generator, theta: Theta, z: IntArray) -> FloatArray:
        y = rng.standard_normal((*z.shape, theta.means.shape[2]))
        return np.asarray(np.einsum("tncd,tnd->tnc", cholesky(theta.covariances[0])[z], y) + theta.means[0][z])

    def log_kernel(self, y: FloatArray, theta: Theta, j: int) -> FloatArray:
        d = (y - by_sample(theta.means[:, j], y.shape[1])) @ np.swapaxes(theta.factors[:, j], 1, 2)
        log_f = np.einsum("tnd,tnd->tn", d, d)
        log_f *= -0.5
        return np.asarray(log_f)

    def log_normaliser(self, theta: Theta) -> FloatArray:
        log_determinant = np.log(np.einsum("tkcc->tkc", theta.factors)).sum(axis=2)
        return np.asarray(log_determinant - 0.5 * theta.means.shape[2] * math.log(2 * math.pi))

    def sums(self, theta: Theta, shares: FloatArray) -> Moments:
        return Moments(theta.means, shares, joint=True)

    def maximise(self, sums: Moments, theta: Theta, estimate: frozenset[str]) -> dict[str, FloatArray]:
        means = sums.mean() if "means" in estimate else theta.means
        return {"means": means, "covariances": sums.variance(means) if "covariances" in estimate else theta.covariances}

    def complete(self, theta: Theta) -> Theta:
        """With `factors`; NaN where a covariance isn't positive definite, which ends a trial as degenerate."""
        return theta.replace(factors=np.asarray(np.linalg.inv(cholesky(theta.covariances)), dtype=float))

    def sound(self, theta: Theta, spread: FloatArray) -> BoolArray:
        """By the variance of each coordinate given those before it, 1 / U_cc^2, over the sample's."""
        conditional = np.einsum("tkcc->tkc", theta.factors) ** -2.0
        sound = (conditional >= MIN_VARIANCE_RATIO * spread) & np.isfinite(conditional)
        return all_of(sound & np.isfinite(theta.means))

    def start_from_points(self, points: FloatArray, variance: FloatArray) -> dict[str, FloatArray]:
        identity = np.eye(points.shape[2])
        return {"means": points, "covariances": np.broadcast_to(variance, points.shape)[..., None] * identity}

    def check(self, values: Mapping[str, Any], where: str) -> None:
        super().check(values, where)
        for number, matrix in enumerate(np.array(values["covariances"]), start=1):
            if not np.array_equal(matrix, matrix.T) or np.isnan(cholesky(matrix)).any():
                raise ValueError(
                    f"{where}: covariance {number} isn't symmetric and positive definite: {matrix.tolist()}"
                )


class Unit(GaussianND):
    """Unit variances: the family of k-means. A mean that no sample belongs to keeps its place."""

    name = "gaussian with unit covariance"
    parameters = (GaussianND.mean,)
    estimable = ("means",)

    def sample(self, rng: np.random.Generator, theta: Theta, z: IntArray) -> FloatArray:
        return np.asarray(rng.standard_normal((*z.shape, theta.means.shape[2])) + theta.means[0][z])

    def log_kernel(self, y: FloatArray, theta: Theta, j: int) -> FloatArray:
        d = y - by_sample(theta.means[:, j], y.shape[1])
        log_f = np.einsum("tnd,tnd->tn", d, d)
        log_f *= -0.5
        return np.asarray(log_f)

    def log_normaliser(self, theta: Theta) -> FloatArray:
        return np.full(theta.means.shape[:2], -0.5 * theta.means.shape[2] * math.log(2 * math.pi))

    def log_ratios(self, y: FloatArray, theta: Theta) -> FloatArray:
        """Linear in y: d . m_j - |m_j|^2 / 2 with d and m_j about the means' mean, so that nothing cancels."""
        pivot = theta.means.mean(axis=1)
        means = theta.means - pivot[:, None]
        d = y - by_sample(pivot, y.shape[1])
        ratios = means @ d.swapaxes(1, 2)
        ratios -= 0.5 * np.einsum("tkd,tkd->tk", means, means)[..., None]
        return np.asarray(ratios)

    def sums(self, theta: Theta, shares: FloatArray) -> Means:
        return Means(theta.means, shares)

    def maximise(self, sums: Means, theta: Theta, estimate: frozenset[str]) -> dict[str, FloatArray]:
        return {"means": np.where(sums.mass[..., None] > 0, sums.mean(), theta.means)}

    def sound(self, theta: Theta, spread: FloatArray) -> BoolArray:
        return all_of(np.isfinite(theta.means))

    def start_from_points(self, points: FloatArray, variance: FloatArray) -> dict[str, FloatArray]:
        return {"means": points}

    def geometry(self, y: FloatArray, theta: Theta, posterior: Posterior) -> Modes:
        return Modes(theta.means, 2.0, np.ones_like(theta.means))


def cholesky(matrices: FloatArray) -> FloatArray:
    """Lower factors L with L L' = the matrix, shape (..., d, d); NaN where it isn't positive definite."""
    try:
        return np.asarray(np.linalg.cholesky(matrices))
    except np.linalg.LinAlgError:
        return np.stack([cholesky(each) for each in matrices]) if matrices.ndim > 2 else np.full_like(matrices, np.nan)


COVARIANCES: dict[str, GaussianND] = {"spherical": Spherical(), "diagonal": Diagonal(), "full": Full()}
"""By the name of the covariance in a config."""
