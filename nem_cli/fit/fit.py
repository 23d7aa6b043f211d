"""`nem fit`: a mixture fitted to one data set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nem_cli.em import algorithm
from nem_cli.em.accelerate.accelerator import Accelerator
from nem_cli.em.arrays import FloatArray
from nem_cli.em.family import Family
from nem_cli.em.noise import Noise as Resolved
from nem_cli.em.starts import Given, Start
from nem_cli.em.status import Status
from nem_cli.em.stops import MaxChange, StopRule
from nem_cli.em.theta import Theta
from nem_cli.errors import ConfigError
from nem_cli.experiment.noise import Noise
from nem_cli.experiment.plan import DATA, NOISE, stream
from nem_cli.experiment.registry import EM, methods, stop_rules
from nem_cli.experiment.validation import whole
from nem_cli.fit import arguments
from nem_cli.fit.fitted import Fit
from nem_cli.fit.model import Scaling, by_mean, model_of, reordered

BATCH_VALUES = 1 << 22
"""Restarts run together while restarts times samples stay below this, which bounds the memory."""
RESTARTS = 20
TOL, POLISH_TOL, MAX_ITERATIONS = 2.0, 6.0, 10_000


def fit(
    y: ArrayLike,
    mixture: int | Mapping[str, Any] | object,
    *,
    family: str | Family = "gaussian",
    covariance: str | None = None,
    chain: bool = False,
    counts: ArrayLike | None = None,
    noise: Noise | None = None,
    method: str | Accelerator = EM,
    start: str | Start | None = None,
    restarts: int | None = None,
    rule: str | StopRule = "max-change",
    tol: float = TOL,
    polish: bool = True,
    polish_tol: float = POLISH_TOL,
    max_iterations: int = MAX_ITERATIONS,
    seed: int = 0,
) -> Fit:
    """Fit a mixture, or a hidden Markov model, to one data set.

    Gaussian data are standardised inside, (y - mean) / sd with ddof 0, a coordinate each (by one common sd where the
    covariance is spherical), exponential ones are divided by their mean; noise, stop rule and tolerances refer to that.
    What is returned is in the data's unit.

    Parameters
    ----------
    y : array-like of shape (n,) or (n, d)
        At least two finite values that aren't all the same; a chain's in the order of time.
    mixture : int, mapping or object
        The number of components; or a start, in the data's unit, that has `means`, and may have the model's other
        parameters (even laws and the sample's variances otherwise). A `Fit` is such an object.
    family : str or Family
        ``gaussian``, ``exponential``, or any other in one dimension.
    covariance : {"spherical", "diagonal", "full"}, optional
        Of a family in several dimensions; full where y has several columns.
    chain : bool
        The hidden components are a Markov chain.
    counts : array-like of shape (n,), optional
        How often each value stands in the data: whole numbers, 0 or more.
    noise : Noise, optional
        Plain EM without one. The sigma of additive noise is in sample standard deviations. Multiplicative noise
        multiplies the standardised values, so that it doesn't depend on where the data's unit has its zero.
    method : str or Accelerator
        ``em``, or an accelerator of it: squarem, anderson, quasi-newton, over-relaxed, annealed or one's own. None
        takes noise.
    start : str or Start, optional
        The start rule where `mixture` is a number: ``random-points`` (the default), ``moments`` or one's own.
    restarts : int, optional
        Starts tried, of which the best final log-likelihood wins: by default 20, one where all starts are alike.
    rule, tol, max_iterations
        The stop rule: it holds below 10^-tol; each of NEM and the polish ends after `max_iterations` at the latest.
    polish : bool
        A noisy M-step doesn't end at a stationary point: go on without noise until no parameter, a variance as standard
        deviation, moves by 10^-polish_tol.
    seed : int
        Of the starts and of the noise, which have a stream each.

    Raises
    ------
    ConfigError
        If the data or an argument is refused.
    """
    values = arguments.values(y)
    model = model_of(family, "full" if covariance is None and values.ndim == 2 else covariance, chain)
    values = arguments.counted(values, counts, model)
    given = None if isinstance(mixture, int | np.integer) else arguments.given(mixture, model, values)
    components = model.components(given) if given else whole("mixture", mixture, 1, 10_000)
    if components > len(values):
        raise ConfigError(f"has {len(values):,} values, fewer than the {components:,} components", path="y")
    rule_of_starts = "random-points" if start is None else start
    alike = given is not None or components == 1 or rule_of_starts == "moments"
    restarts = (1 if alike else RESTARTS) if restarts is None else whole("restarts", restarts, 1, 10**6)
    if restarts > 1 and (given or rule_of_starts == "moments"):
        raise ConfigError("more than one needs the start random-points: others always start alike", path="`restarts`")
    scaling = Scaling.of(values, model)
    resolved = arguments.noise(noise, model)
    estimate = frozenset(model.estimable)
    accelerator = None if method == EM else methods.get(method, path="`method`")
    if accelerator:
        if resolved.sigma:
            raise ConfigError(f"{accelerator.name} takes no noise; leave noise out, or use em", path="`method`")
        accelerator.check(model)
    cap = whole("max_iterations", max_iterations, 1, 10**7)
    polish_tol = arguments.tolerance("polish_tol", polish_tol)
    stop = stop_rules.get(rule, path="`rule`")
    stop.check(model)
    nem = algorithm.Problem(model, resolved, estimate, stop, arguments.tolerance("tol", tol), cap, accelerator)
    plain = algorithm.Problem(model, Resolved(), estimate, MaxChange(), polish_tol, cap, accelerator)
    first = Given(scaling.inside(given)) if given else arguments.start_rule(rule_of_starts, model)
    seed = whole("seed", seed, 0, 2**63 - 1)
    z = (values - scaling.shift) / scaling.scale
    ended = list(_ended(nem, plain if polish else None, first, components, z, restarts, seed))
    sound = [each for each in ended if each.status != Status.DEGENERATE]
    best = max(sound, key=lambda each: each.log_likelihood) if sound else ended[0]
    theta = scaling.outside(best.theta)
    return Fit(
        model=model,
        theta=reordered(model, theta, by_mean(theta)),
        log_likelihood=best.log_likelihood - len(values) * scaling.log_volume(values[0].size),
        samples=len(values),
        noise=resolved,
        m_steps=best.m_steps,
        polish_steps=best.polish_steps,
        status=best.status,
        restarts=restarts,
        degenerate_restarts=len(ended) - len(sound),
        total_m_steps=sum(each.m_steps for each in ended),
        total_polish_steps=sum(each.polish_steps for each in ended),
    )


@dataclass(frozen=True)
class _Ended:
    """How one start ended, on the scaled data."""

    status: Status
    m_steps: int
    polish_steps: int
    theta: Theta
    log_likelihood: float


def _ended(
    nem: algorithm.Problem,
    polish: algorithm.Problem | None,
    start: Start,
    components: int,
    z: FloatArray,
    restarts: int,
    seed: int,
) -> Iterator[_Ended]:
    """Every start, in batches that bound the memory."""
    model = nem.model
    unknown = model.filled(1.0, components, z[0].size)  # all is estimated: K counts
    at_once = max(1, BATCH_VALUES // z.size)
    for batch, first in enumerate(range(0, restarts, at_once)):
        y = np.broadcast_to(z, (min(at_once, restarts - first), *z.shape))
        starts = start.theta(stream(seed, DATA, batch), model, y, unknown, nem.estimate)
        rng = stream(seed, NOISE, batch)
        fits = algorithm.fit(nem, y, starts, rng)
        status, theta, likelihood = fits.status, fits.theta, fits.log_likelihood
        polish_steps = np.zeros_like(fits.iterations)
        sound = np.flatnonzero(status != Status.DEGENERATE)
        if polish and sound.size:
            polished = algorithm.fit(polish, y[: sound.size], theta.take(sound), rng)
            status[sound], polish_steps[sound] = polished.status, polished.iterations
            likelihood[sound] = polished.log_likelihood
            theta.put(sound, polished.theta)
        for i in range(len(y)):
            steps = int(fits.iterations[i]), int(polish_steps[i])
            yield _Ended(Status(status[i]), *steps, theta.take(slice(i, i + 1)), float(likelihood[i]))
