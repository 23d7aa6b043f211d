"""Two modes of noise compared at their optima: the bootstrap of the difference of mean counts, unpaired and paired.

Both designs are ordinary nonparametric bootstraps (Efron and Tibshirani 1993). Intervals are percentiles. The p-value
is two-sided and under the null, as in their section 16.2: both samples are shifted to their common mean before they are
resampled (Algorithm 16.2), with the plain difference of means as the statistic (Algorithm 16.1), not the studentised
one. Shifting moves each bootstrap difference by the observed one, so the same resamples serve for both. Sums are whole
numbers, so ties count exactly.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nem_cli.em.arrays import FloatArray
from nem_cli.experiment.config import Experiment
from nem_cli.experiment.plan import BOOTSTRAP, stream
from nem_cli.statistics.bootstrap import percentile_interval, resampled_means, resampled_sums
from nem_cli.statistics.estimate import Estimate
from nem_cli.statistics.optimum import OptimumSet
from nem_cli.statistics.published import INTERVALS, OPTIMA, optimum_of

CONFIDENCES = (0.90, 0.95, 0.99)
_UNPAIRED, _PAIRED, _OPTIMA, _MEANS = range(4)
"""The second element of a stream's spawn key: what is resampled."""


@dataclass(frozen=True)
class Difference:
    """A difference of mean counts (a - b, in M-steps) with its bootstrap.

    Parameters
    ----------
    standard_error : float
        From the sample variances.
    p_value : float
        Two-sided, under the null, re-centred: (b + 1) / (B + 1).
    p_value_uncentred : float
        Share of the bootstrap differences at or above the observed one: near 0.5 whatever the data, so no evidence.
    replicates : ndarray of shape (bootstraps,)
        The bootstrap differences, not re-centred.
    """

    difference: float
    standard_error: float
    p_value: float
    p_value_uncentred: float
    replicates: FloatArray

    def interval(self, confidence: float = 0.95) -> Estimate:
        """The difference with its percentile interval."""
        low, high = percentile_interval(self.replicates, confidence)
        return Estimate(self.difference, float(low), float(high))

    def record(self) -> dict[str, Any]:
        """As in ``comparison.json``."""
        ends = {f"{100 * each:g}": self.interval(each) for each in CONFIDENCES}
        return {
            "difference": self.difference,
            "standard_error": self.standard_error,
            "intervals": {percent: [each.low, each.high] for percent, each in ends.items()},
            "p_value": self.p_value,
        }


@dataclass(frozen=True)
class Side:
    """One of the two that are compared.

    Parameters
    ----------
    name : str
        The mode, config or folder that was asked for.
    experiment : Experiment
        The sweep's.
    optimum : OptimumSet
        As chosen on the sweep, and the levels that can't be told from it.
    em, counts : ndarray of int, shape (trials,)
        M-steps of fresh trials at sigma 0, and at the optimum on the same data.
    replicates : ndarray of shape (bootstraps,)
        Bootstrap means at the optimum.
    """

    name: str
    experiment: Experiment
    optimum: OptimumSet
    em: NDArray[np.integer]
    counts: NDArray[np.integer]
    replicates: FloatArray

    @property
    def trials(self) -> int:
        """Fresh ones."""
        return len(self.counts)

    @property
    def mean(self) -> Estimate:
        """Mean M-steps at the optimum, with the 95 % interval."""
        low, high = percentile_interval(self.replicates, 0.95)
        return Estimate(float(self.counts.mean()), float(low), float(high))

    @property
    def speedup_percent(self) -> float | None:
        """100 (1 - mean / EM's mean); None where EM takes no M-step."""
        em = float(self.em.mean())
        return 100 * (1 - float(self.counts.mean()) / em) if em > 0 else None

    def record(self) -> dict[str, Any]:
        """As in ``comparison.json``."""
        return {
            "name": self.name,
            "mode": self.experiment.noise.injection,
            "sigma": self.optimum.best,
            "levels_not_told_apart": list(self.optimum.members),
            "mean_iterations": self.mean.value,
            "em_mean_iterations": float(self.em.mean()),
            "speedup_percent": self.speedup_percent,
            "trials": self.trials,
        }


@dataclass(frozen=True)
class Comparison:
    """What `nem compare` finds.

    Parameters
    ----------
    a, b : Side
        On common data.
    paired : Difference
        a - b on common data, one sample of differences.
    unpaired : Difference
        a - b with b's trials on other data, as in the paper.
    bootstraps, seed : int
        The fresh trials have seed + 1, those of the unpaired b seed + 2.
    """

    a: Side
    b: Side
    paired: Difference
    unpaired: Difference
    bootstraps: int
    seed: int

    @property
    def published(self) -> tuple[tuple[float, float], ...] | None:
        """The paper's intervals of a - b, one for each of `CONFIDENCES`, where these are its two modes and mixture."""
        a, b = (optimum_of(side.experiment) for side in (self.a, self.b))
        if a is None or b is None or a is b:
            return None
        intervals = tuple((each.low.value, each.high.value) for each in INTERVALS)  # in the order of `CONFIDENCES`
        return intervals if a is OPTIMA["additive"] else tuple((-high, -low) for low, high in intervals)

    def json(self) -> str:
        """``comparison.json``. A number that can't be had is null."""
        tree = {
            "a": self.a.record(),
            "b": self.b.record(),
            "difference": self.paired.difference,
            "paired": self.paired.record(),
            "unpaired": self.unpaired.record(),
            "p_value_uncentred": self.unpaired.p_value_uncentred,
            "bootstraps": self.bootstraps,
            "seed": self.seed,
        }
        return json.dumps(tree, indent=2, ensure_ascii=False, allow_nan=False)


def side_means(counts: NDArray[np.integer], bootstraps: int, seed: int) -> FloatArray:
    """Bootstrap means of a side's counts."""
    return resampled_means(counts, bootstraps, stream(seed, BOOTSTRAP, _MEANS))


def unpaired(a: NDArray[np.integer], b: NDArray[np.integer], bootstraps: int, seed: int) -> Difference:
    """The difference of the means of two independent samples, of shapes (n,) and (m,)."""
    rng = stream(seed, BOOTSTRAP, _UNPAIRED)
    n, m = len(a), len(b)
    resampled = m * resampled_sums(a, bootstraps, rng) - n * resampled_sums(b, bootstraps, rng)
    error = float(np.sqrt(a.var(ddof=1) / n + b.var(ddof=1) / m))
    return _difference(m * int(a.sum()) - n * int(b.sum()), resampled, n * m, error)


def paired(a: NDArray[np.integer], b: NDArray[np.integer], bootstraps: int, seed: int) -> Difference:
    """The mean difference of two samples on the same data, both of shape (n,): one sample of differences."""
    differences = a.astype(np.int64) - b
    n = len(differences)
    resampled = resampled_sums(differences, bootstraps, stream(seed, BOOTSTRAP, _PAIRED))
    error = float(differences.std(ddof=1) / np.sqrt(n))
    return _difference(int(differences.sum()), resampled, n, error)


def optimum_stream(seed: int) -> np.random.Generator:
    """The random stream of the confidence set of levels."""
    return stream(seed, BOOTSTRAP, _OPTIMA)


def _difference(observed: int, resampled: NDArray[np.int64], scale: int, standard_error: float) -> Difference:
    """From whole numbers, `scale` times the differences."""
    extreme = int(np.count_nonzero(np.abs(resampled - observed) >= abs(observed)))
    return Difference(
        difference=observed / scale,
        standard_error=standard_error,
        p_value=(extreme + 1) / (len(resampled) + 1),
        p_value_uncentred=float(np.count_nonzero(resampled >= observed) / len(resampled)),
        replicates=resampled / scale,
    )
