"""What `nem_cli.fit` takes: the data and the arguments, checked."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from nem_cli.em.arrays import FloatArray
from nem_cli.em.family import Family
from nem_cli.em.latents.independent import Independent
from nem_cli.em.model import Model
from nem_cli.em.noise import Noise as Resolved
from nem_cli.em.starts import Start
from nem_cli.em.theta import Theta
from nem_cli.errors import ConfigError
from nem_cli.experiment.noise import Noise
from nem_cli.experiment.registry import starts
from nem_cli.experiment.systems.mixture import Mixture
from nem_cli.experiment.validation import checked

MAX_VALUES = 10**9


def values(y: ArrayLike, family: Family) -> FloatArray:
    """The data as a vector of finite numbers in the family's support that has a spread, shape (n,)."""
    if np.ma.is_masked(y):
        raise ConfigError("holds masked values; leave them out", path="y")
    try:
        array = np.asarray(y)
        if array.dtype.kind == "c":
            raise ValueError
        found = array.astype(float)
    except (TypeError, ValueError):
        raise ConfigError("must be one-dimensional data: a list or an array of numbers", path="y") from None
    if found.ndim == 2 and found.shape[1] == 1:
        found = found[:, 0]
    if found.ndim != 1:
        raise ConfigError(f"must be one-dimensional, but has shape {found.shape}", path="y")
    bad = np.flatnonzero(~np.isfinite(found))
    if bad.size:
        raise ConfigError("must be a finite number", path=f"y[{bad[0]}]", value=float(found[bad[0]]))
    bad = np.flatnonzero(~family.inside(found))
    if bad.size:
        problem = f"can't come from family {family.name}"
        raise ConfigError(problem, path=f"y[{bad[0]}]", value=float(found[bad[0]]))
    if found.size < 2:
        raise ConfigError("is one value; a fit needs at least two" if found.size else "is empty", path="y")
    if found.min() == found.max():
        raise ConfigError(f"holds the same value {found.size:,} times; there is no spread to fit", path="y")
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        variance = found.var()
    if not (np.isfinite(variance) and variance > 1e-300):
        raise ConfigError("its variance isn't within a computer's numbers; rescale the data", path="y")
    return found


def repeated(y: FloatArray, counts: ArrayLike | None) -> FloatArray:
    """The data with each value as often as its count says."""
    if counts is None:
        return y
    times = np.asarray(counts)
    if times.shape != y.shape:
        raise ConfigError(f"must have shape {y.shape}, as y has", path="counts", value=times.shape)
    bad = np.flatnonzero(~((times >= 0) & (times == np.floor(times))))
    if bad.size:
        problem = "a count is a whole number, 0 or more; weights of another kind have no meaning for a likelihood"
        raise ConfigError(problem, path=f"counts[{bad[0]}]", value=times[bad[0]].item())
    total = times.sum().item()
    if not 2 <= total <= MAX_VALUES:
        raise ConfigError(f"must add up to 2 or more, and at most {MAX_VALUES:,}", path="counts", value=total)
    return np.repeat(y, times.astype(int))


def given(mixture: object, family: Family, y: FloatArray) -> Theta:
    """A start given by its values, in the data's unit, one trial; what it leaves out is filled in."""
    model = Model(Independent(), family)
    names = [each.name for each in model.parameters]
    tree = mixture if isinstance(mixture, Mapping) else {name: getattr(mixture, name, None) for name in names}
    if tree.get("means") is None:
        raise ConfigError("must be a number of components, or have means", path="mixture", value=mixture)
    lists = {name: np.ravel(each).tolist() for name, each in tree.items() if each is not None}
    k = max(1, len(lists["means"]))
    found = checked(Mixture, {"weights": [1 / k] * k, "variances": [float(y.var())] * k} | lists, "", "mixture.")
    return model.theta({name: value for name, value in found.values().items() if name in model.estimable})


def noise(given: object, family: Family) -> Resolved:
    """The noise, or none; what isn't one is refused."""
    if given is None:
        return Resolved()
    if not isinstance(given, Noise):
        problem = "is an object with its sigma, such as nem_cli.Noise('additive', sigma=0.5)"
        raise ConfigError(problem, path="noise", value=given)
    resolved = given.resolved()
    resolved.check(Model(Independent(), family))
    return resolved


def start_rule(start: str | Start) -> Start:
    """The start rule of that name."""
    if start == "truth":
        raise ConfigError("real data have no known truth; use random-points or moments", path="start", value=start)
    return starts.get(start, path="start")


def whole(name: str, value: object, low: int, high: int) -> int:
    """A whole number within bounds."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not low <= value <= high:
        raise ConfigError(f"must be a whole number from {low} to {high:,}", path=name, value=value)
    return int(value)


def tolerance(name: str, value: float) -> float:
    """The exponent of a tolerance."""
    if not 0.1 <= value <= 300:
        problem = "is an exponent, a number from 0.1 to 300: a fit ends below 10^-tol, so 2 means 0.01"
        raise ConfigError(problem, path=name, value=value)
    return float(value)
