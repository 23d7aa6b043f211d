"""`nem fit`: a mixture fitted to one data set."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nem_cli.em import algorithm
from nem_cli.em.arrays import FloatArray
from nem_cli.em.families.gaussian import Gaussian
from nem_cli.em.noise import Noise
from nem_cli.em.parameters import PARAMETERS, Parameters
from nem_cli.em.registry import starts, stop_rules
from nem_cli.em.start import Given, Start
from nem_cli.em.status import Status
from nem_cli.em.stop import StopRule
from nem_cli.em.stops.max_change import MaxChange
from nem_cli.errors import ConfigError
from nem_cli.experiment.config import Components
from nem_cli.experiment.plan import DATA, NOISE, stream
from nem_cli.experiment.validation import checked
from nem_cli.fit.fitted import Fit

BATCH_VALUES = 1 << 22
"""Restarts run together while restarts times samples stay below this, which bounds the memory."""
TOL, POLISH_TOL, MAX_ITERATIONS = 2.0, 6.0, 10_000
_FAMILY = Gaussian()
_ALL = frozenset(PARAMETERS)


def fit(
    y: ArrayLike,
    mixture: int | Mapping[str, Any] | object,
    *,
    noise: Noise | None = None,
    start: str | Start = "moments",
    restarts: int = 1,
    rule: str | StopRule = "max-change",
    tol: float = TOL,
    polish: bool = True,
    polish_tol: float = POLISH_TOL,
    max_iterations: int = MAX_ITERATIONS,
    seed: int = 0,
) -> Fit:
    """Fit a Gaussian mixture to one data set, with NEM or plain EM.

    The data are standardised inside, (y - mean) / sd with ddof 0, and the noise, the stop rule and the tolerances
    refer to the standardised data; what is returned is in the data's unit.

    Parameters
    ----------
    y : array-like of shape (n,) or (n, 1)
        At least two finite values that aren't all the same.
    mixture : int, mapping or object
        The number of components; or a start, in the data's unit, that has `means`, and may have `weights` (equal ones
        otherwise) and `variances` (the sample's otherwise). A `Fit` is such an object.
    noise : Noise, optional
        Plain EM without one. The sigma of additive noise is in sample standard deviations. Multiplicative noise
        multiplies the standardised values, so that it doesn't depend on where the data's unit has its zero.
    start : str or Start
        The start rule where `mixture` is a number: ``moments``, ``random-points`` or one's own.
    restarts : int
        Starts tried with ``random-points``; the best final log-likelihood wins.
    rule, tol, max_iterations
        The stop rule: it holds below 10^-tol; each of NEM and the polish ends after `max_iterations` at the latest.
    polish : bool
        A noisy M-step doesn't end at a stationary point: go on without noise until no weight, mean or standard
        deviation moves by 10^-polish_tol.
    seed : int
        Of the starts and of the noise, which have a stream each.

    Raises
    ------
    ConfigError
        If the data or an argument is refused.
    """
    values = _values(y)
    given = None if isinstance(mixture, int | np.integer) else _given(mixture, float(values.var()))
    components = len(given.means) if given else _whole("mixture", mixture, 1, 10_000)
    if components > len(values):
        raise ConfigError(f"has {len(values):,} values, fewer than the {components:,} components", path="y")
    if _whole("restarts", restarts, 1, 10**6) > 1 and (given or getattr(start, "name", start) == "moments"):
        raise ConfigError("more than one needs the start random-points: others always start alike", path="restarts")
    scaling = _Scaling(float(values.mean()), float(values.std()))
    noise = noise or Noise()
    noise.check(_FAMILY)
    plan = _Plan(
        algorithm.Problem(
            _FAMILY, noise, _ALL, stop_rules.get(rule, path="rule"), _tolerance("tol", tol),
            _whole("max_iterations", max_iterations, 1, 10**7),
        ),
        algorithm.Problem(_FAMILY, Noise(), _ALL, MaxChange(), _tolerance("polish_tol", polish_tol), max_iterations)
        if polish
        else None,
        Given(scaling.standardised(given)) if given else _start_rule(start),
        components,
        _whole("seed", seed, 0, 2**63 - 1),
    )  # fmt: skip
    ended = list(plan.run((values - scaling.mean) / scaling.sd, restarts))
    sound = [each for each in ended if each.status != Status.DEGENERATE]
    best = max(sound, key=lambda each: each.log_likelihood) if sound else ended[0]
    order = np.argsort(best.theta.means[0], kind="stable")
    return Fit(
        weights=best.theta.weights[0, order],
        means=scaling.mean + scaling.sd * best.theta.means[0, order],
        variances=scaling.sd**2 * best.theta.variances[0, order],
        log_likelihood=best.log_likelihood - len(values) * math.log(scaling.sd),
        samples=len(values),
        noise=plan.nem.noise,
        m_steps=best.m_steps,
        polish_steps=best.polish_steps,
        status=best.status,
        restarts=restarts,
        degenerate_restarts=len(ended) - len(sound),
        mean_m_steps=sum(each.m_steps for each in ended) / len(ended),
        mean_polish_steps=sum(each.polish_steps for each in ended) / len(ended),
    )


@dataclass(frozen=True)
class _Scaling:
    """Between the data's unit and standardised data."""

    mean: float
    sd: float

    def standardised(self, given: Components) -> Parameters:
        theta = _FAMILY.parameters(given.weights, given.means, given.variances)
        return Parameters(theta.weights, (theta.means - self.mean) / self.sd, theta.variances / self.sd**2)


@dataclass(frozen=True)
class _Ended:
    """How one restart ended, on the standardised data; theta has shape (1, K)."""

    status: Status
    m_steps: int
    polish_steps: int
    theta: Parameters
    log_likelihood: float


@dataclass(frozen=True)
class _Plan:
    """What is run on the standardised data."""

    nem: algorithm.Problem
    polish: algorithm.Problem | None
    start: Start
    components: int
    seed: int

    def run(self, z: FloatArray, restarts: int) -> Iterator[_Ended]:
        """Every restart, in batches that bound the memory."""
        at_once = max(1, BATCH_VALUES // z.size)
        for batch, first in enumerate(range(0, restarts, at_once)):
            yield from self._batch(z, min(at_once, restarts - first), batch)

    def _batch(self, z: FloatArray, size: int, batch: int) -> Iterator[_Ended]:
        y = np.broadcast_to(z, (size, z.size))
        unknown = Parameters(*np.ones((3, 1, self.components)))  # all is estimated: only K counts
        theta = self.start.parameters(stream(self.seed, DATA, batch), _FAMILY, y, unknown, _ALL)
        rng = stream(self.seed, NOISE, batch)
        fits = algorithm.fit(self.nem, y, theta, rng)
        status, theta, likelihood = fits.status, fits.theta, fits.log_likelihood
        polish_steps = np.zeros_like(fits.iterations)
        sound = np.flatnonzero(status != Status.DEGENERATE)
        if self.polish and sound.size:
            polished = algorithm.fit(self.polish, y[: sound.size], theta.take(sound), rng)
            status[sound], polish_steps[sound] = polished.status, polished.iterations
            likelihood[sound] = polished.log_likelihood
            theta.put(sound, polished.theta)
        for i in range(size):
            yield _Ended(
                Status(status[i]), int(fits.iterations[i]), int(polish_steps[i]), theta.take(slice(i, i + 1)),
                float(likelihood[i]),
            )  # fmt: skip


def _values(y: ArrayLike) -> FloatArray:
    """The data as a vector of finite numbers that can be standardised."""
    if np.ma.is_masked(y):
        raise ConfigError("holds masked values; leave them out", path="y")
    try:
        array = np.asarray(y)
        if array.dtype.kind == "c":
            raise ValueError
        values = array.astype(float)
    except (TypeError, ValueError):
        raise ConfigError("must be one-dimensional data: a list or an array of numbers", path="y") from None
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise ConfigError(f"must be one-dimensional, but has shape {values.shape}", path="y")
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        raise ConfigError("must be a finite number", path=f"y[{bad[0]}]", value=float(values[bad[0]]))
    if values.size < 2:
        raise ConfigError("is one value; a fit needs at least two" if values.size else "is empty", path="y")
    if values.min() == values.max():
        raise ConfigError(f"holds the same value {values.size:,} times; there is no spread to fit", path="y")
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        variance = values.var()
    if not (np.isfinite(variance) and variance > 1e-300):
        raise ConfigError("its variance isn't within a computer's numbers; rescale the data", path="y")
    return values


def _given(mixture: object, variance: float) -> Components:
    """A start given by its values, in the data's unit; what it leaves out is filled in."""
    names = PARAMETERS if not isinstance(mixture, Mapping) else ()
    tree = dict(mixture) if isinstance(mixture, Mapping) else {name: getattr(mixture, name, None) for name in names}
    if tree.get("means") is None:
        raise ConfigError("must be a number of components, or have means", path="mixture", value=mixture)
    lists = {name: np.ravel(values).tolist() for name, values in tree.items() if values is not None}
    k = max(1, len(lists["means"]))
    return checked(Components, {"weights": [1 / k] * k, "variances": [variance] * k} | lists, "", "mixture.")


def _start_rule(start: str | Start) -> Start:
    if start == "truth":
        raise ConfigError("real data have no known truth; use moments or random-points", path="start", value=start)
    return starts.get(start, path="start")


def _whole(name: str, value: object, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not low <= value <= high:
        raise ConfigError(f"must be a whole number from {low} to {high:,}", path=name, value=value)
    return int(value)


def _tolerance(name: str, value: float) -> float:
    if not -10 <= value <= 300:
        raise ConfigError("must be a number from -10 to 300; a fit ends below 10^-tol", path=name, value=value)
    return float(value)
