"""Standard errors and intervals of a fit's parameters, from fits of resampled data."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment

from nem_cli.em import algorithm
from nem_cli.em.arrays import FloatArray, IntArray
from nem_cli.em.noise import Noise
from nem_cli.em.status import Status
from nem_cli.em.stops import MaxChange
from nem_cli.em.theta import Theta
from nem_cli.errors import ConfigError, RunError
from nem_cli.experiment.plan import BOOTSTRAP, stream
from nem_cli.experiment.validation import whole
from nem_cli.fit import arguments
from nem_cli.fit.fit import BATCH_VALUES, MAX_ITERATIONS, POLISH_TOL
from nem_cli.fit.fitted import Fit
from nem_cli.fit.model import Scaling, is_chain, reordered
from nem_cli.statistics.bootstrap import percentile_interval
from nem_cli.statistics.table import Cell, Column, Table

MATCHING_VALUES = 1000
"""Components are matched by at most so many of the data."""


@dataclass(frozen=True, repr=False)
class Uncertainty:
    """How well the data determine a fit's parameters.

    Parameters
    ----------
    kind : {"parametric", "nonparametric"}
    resamples, degenerate : int
        Data sets that were fitted, and how many of these fits degenerated; they are left out.
    switched : int
        In how many fits the components had changed places and were put back.
    confidence : float
    standard_errors, low, high : dict of str to ndarray
        By parameter, standard deviations among them. The intervals are percentile ones (Efron 1979), those of variances
        and standard deviations pivotal in the ratio (Davison and Hinkley 1997, section 5.2).
    """

    kind: str
    resamples: int
    degenerate: int
    switched: int
    confidence: float
    standard_errors: dict[str, FloatArray]
    low: dict[str, FloatArray]
    high: dict[str, FloatArray]

    def __repr__(self) -> str:
        return f"<Uncertainty: {self.kind} bootstrap, {self.resamples:,} resamples>"

    def table(self, fit: Fit) -> Table:
        """A row a component and parameter, with three digits of its standard error."""
        percent = f"{100 * self.confidence:g} % CI"
        columns = [Column("parameter"), *(Column(name, "s") for name in ("estimate", "std. error", percent))]
        rows: list[list[Cell]] = []
        for each in fit.model.parameters:
            name = "standard_deviations" if each.kind == "variance" else each.name
            for shown, index in each.columns(getattr(fit, name).shape) if name in self.low else ():
                shown = shown.replace("variance_", "sd_") if each.kind == "variance" else shown
                error, low, high = (each[name][index] for each in (self.standard_errors, self.low, self.high))
                digits = max(0, 2 - math.floor(math.log10(error))) if error > 0 else 0
                numbers = [f"{each:,.{digits}f}" for each in (getattr(fit, name)[index], error, low, high)]
                rows.append([shown, *numbers[:2], " to ".join(numbers[2:])])
        return Table(columns, rows)


def bootstrap(
    fit: Fit,
    y: ArrayLike,
    *,
    counts: ArrayLike | None = None,
    kind: str = "nonparametric",
    resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Uncertainty:
    """Fit resampled data by EM from the estimate, and see how its parameters vary.

    Components are matched by what they claim: those that share most of the data's responsibilities belong together.

    Parameters
    ----------
    fit : Fit
    y, counts : array-like
        The data that were fitted, as of `nem_cli.fit`.
    kind : {"parametric", "nonparametric"}
        Draw new data from the fitted mixture, or n of the data with replacement.
    resamples : int
        2 or more.
    confidence : float
        Of the percentile intervals.
    seed : int

    Raises
    ------
    ConfigError
        If an argument is refused.
    RunError
        If the fit is degenerate, or hardly any resample could be fitted.
    """
    if kind not in ("parametric", "nonparametric"):
        raise ConfigError("must be parametric or nonparametric", path="`kind`", value=kind)
    if not 0 < confidence < 1:
        raise ConfigError("must be a number between 0 and 1", path="`confidence`", value=confidence)
    if fit.status == Status.DEGENERATE:
        raise RunError("a degenerate fit has no uncertainty to speak of")
    whole("resamples", resamples, 2, 10**6)
    model = fit.model
    values = arguments.counted(arguments.values(y), counts, model)
    if kind == "nonparametric" and is_chain(model):
        raise ConfigError("a sequence has no independent values to draw; use parametric", path="`kind`", value=kind)
    scaling = Scaling.of(values, model)
    z = (values - scaling.shift) / scaling.scale
    theta = scaling.inside(fit.theta)
    task = algorithm.Problem(model, Noise(), frozenset(model.estimable), MaxChange(), POLISH_TOL, MAX_ITERATIONS)
    rng = stream(whole("seed", seed, 0, 2**63 - 1), BOOTSTRAP)
    claimed = values[:MATCHING_VALUES] if is_chain(model) else rng.permutation(values)[:MATCHING_VALUES]
    at_once = max(1, min(resamples, BATCH_VALUES // z.size))
    parts: list[Theta] = []
    switched = 0
    for first in range(0, resamples, at_once):
        shape = (min(at_once, resamples - first), len(z))
        drawn = model.sample(rng, theta, shape) if kind == "parametric" else z[rng.integers(len(z), size=shape)]
        fits = algorithm.fit(task, drawn, theta.repeated(shape[0]), rng)
        sound = scaling.outside(fits.theta.take(fits.status != Status.DEGENERATE))
        order = _matched(fit, claimed, sound)
        switched += int(np.count_nonzero((order != np.arange(fit.components)).any(axis=1)))
        parts.append(reordered(model, sound, order))
    # The first state of a single sequence says nothing of how first states vary.
    found = Theta.joined(parts)
    varied = {name: found.arrays[name] for name in model.estimable if name != "initial"}
    if "variances" in varied:
        varied["standard_deviations"] = np.sqrt(varied["variances"])
    left = found.trials
    if left < resamples / 2:
        raise RunError(f"{resamples - left:,} of {resamples:,} fits of resampled data degenerated; too few are left")
    ends = {name: _interval(getattr(fit, name), each, name, confidence) for name, each in varied.items()}
    return Uncertainty(
        kind,
        resamples,
        resamples - left,
        switched,
        confidence,
        {name: each.std(axis=0, ddof=1) for name, each in varied.items()},
        {name: low for name, (low, _) in ends.items()},
        {name: high for name, (_, high) in ends.items()},
    )


def _interval(estimate: FloatArray, varied: FloatArray, name: str, confidence: float) -> tuple[FloatArray, FloatArray]:
    """Both ends: percentiles; for scales the pivotal interval of the ratio to the estimate, which is less short."""
    low, high = percentile_interval(varied, confidence)
    if name in ("variances", "standard_deviations"):
        return estimate**2 / high, estimate**2 / low
    return low, high


def _matched(fit: Fit, y: FloatArray, others: Theta) -> IntArray:
    """Which component of each other estimate stands for each of the fit's, shape (estimates, K) (Stephens 2000)."""
    theirs = fit.model.posterior(np.broadcast_to(y, (others.trials, *y.shape)), others).responsibilities
    shared = np.einsum("nj,ktn->tjk", fit.responsibilities(y), theirs)
    order = [linear_sum_assignment(each, maximize=True)[1] for each in shared]
    return np.array(order, dtype=np.int64).reshape(shared.shape[:2])
