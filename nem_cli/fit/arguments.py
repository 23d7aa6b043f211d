"""What `nem_cli.fit` takes: the data and the arguments, checked."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from nem_cli.em.arrays import FloatArray
from nem_cli.em.model import Model
from nem_cli.em.noise import Noise as Resolved
from nem_cli.em.starts import Start
from nem_cli.em.theta import Theta
from nem_cli.errors import ConfigError
from nem_cli.experiment.grid import SettingError
from nem_cli.experiment.noise import Noise
from nem_cli.experiment.registry import starts
from nem_cli.experiment.systems.system import System
from nem_cli.experiment.validation import checked
from nem_cli.experiment.values import Components
from nem_cli.fit.model import is_chain

MAX_VALUES = 10**9


def values(y: ArrayLike) -> FloatArray:
    """The data as finite numbers whose every column has a spread, shape (n,) or (n, d) with d above 1."""
    if np.ma.is_masked(y):
        raise ConfigError("holds masked values; leave them out", path="y")
    try:
        array = np.asarray(y)
        if array.dtype.kind == "c":
            raise ValueError
        found = array.astype(float)
    except (TypeError, ValueError):
        raise ConfigError("must be a list or an array of numbers, or a table of them", path="y") from None
    if found.ndim == 2 and found.shape[1] == 1:
        found = found[:, 0]
    if found.ndim not in (1, 2):
        raise ConfigError(f"must have shape (n,) or (n, d), but has shape {found.shape}", path="y")
    bad = np.argwhere(~np.isfinite(found))
    if len(bad):
        where = ", ".join(map(str, bad[0]))
        raise ConfigError("must be a finite number", path=f"y[{where}]", value=float(found[tuple(bad[0])]))
    if len(found) < 2 or not found.size:
        raise ConfigError("is one value; a fit needs at least two" if found.size else "is empty", path="y")
    for j, column in enumerate(np.atleast_2d(found.T)):
        which = f"column {j + 1} " if found.ndim == 2 else ""
        if column.min() == column.max():
            raise ConfigError(f"{which}holds the same value {len(found):,} times; there is no spread to fit", path="y")
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            variance = column.var()
        if not (np.isfinite(variance) and variance > 1e-300):
            raise ConfigError(f"{which}its variance isn't within a computer's numbers; rescale the data", path="y")
    return found


def counted(y: FloatArray, counts: ArrayLike | None, model: Model) -> FloatArray:
    """The data as the model's family takes them, (n,) or (n, d), each value as often as its count says."""
    if y.ndim == 2 and not model.family.dimensions:
        problem = f"{model.family.name} is fitted in one dimension, but y has {y.shape[1]}"
        raise ConfigError(problem, path="`family`")
    if y.ndim == 1 and model.family.dimensions:
        y = y[:, None]
    outside = np.argwhere(~model.family.inside(y))
    if len(outside):
        problem = f"can't come from family {model.family.name}"
        raise ConfigError(problem, path=f"y[{outside[0][0]}]", value=float(y[tuple(outside[0])]))
    if counts is None:
        return y
    if is_chain(model):
        raise ConfigError("have no meaning in a sequence", path="`counts`")
    times = np.asarray(counts)
    if times.shape != y.shape[:1]:
        raise ConfigError(f"must have shape {y.shape[:1]}, a count a value of y", path="`counts`", value=times.shape)
    bad = np.flatnonzero(~((times >= 0) & (times == np.floor(times))))
    if bad.size:
        problem = "a count is a whole number, 0 or more; weights of another kind have no meaning for a likelihood"
        raise ConfigError(problem, path=f"counts[{bad[0]}]", value=times[bad[0]].item())
    total = times.sum().item()
    if not 2 <= total <= MAX_VALUES:
        raise ConfigError(f"must add up to 2 or more, and at most {MAX_VALUES:,}", path="`counts`", value=total)
    return np.repeat(y, times.astype(int), axis=0)


def given(mixture: object, model: Model, y: FloatArray) -> Theta:
    """A start given by its values, in the data's unit, one trial; what it leaves out is filled in."""
    names = [each.name for each in model.parameters if each.name in model.estimable]
    tree = mixture if isinstance(mixture, Mapping) else {name: getattr(mixture, name, None) for name in names}
    if tree.get("means") is None:
        raise ConfigError("must be a number of components, or have means", path="`mixture`", value=mixture)
    lists = {name: np.asarray(each).tolist() for name, each in tree.items() if each is not None}
    k = max(1, len(lists["means"]))
    law = model.latent.even(k, 1)
    spread = model.family.start_from_points(np.zeros((1, k, *y.shape[1:])), y.var(axis=0)[None, None])
    filled = {name: each[0].tolist() for name, each in (law | spread).items() if name in names} | lists
    found = checked(Components, filled, "", "mixture.")
    try:
        System.check(found, model, "mixture")
    except SettingError as error:
        raise ConfigError(str(error), path=f"mixture.{error.path}") from None
    except ValueError as error:
        raise ConfigError(str(error)) from None
    return model.theta(found.values())


def noise(given: object, model: Model) -> Resolved:
    """The noise, or none; what isn't one is refused."""
    if given is None:
        return Resolved()
    if not isinstance(given, Noise):
        problem = "is an object with its sigma, such as nem_cli.Noise('additive', sigma=0.5)"
        raise ConfigError(problem, path="`noise`", value=given)
    resolved = given.resolved()
    resolved.check(model)
    return resolved


def start_rule(start: str | Start, model: Model) -> Start:
    """The start rule of that name, which must have a meaning for the model."""
    if start == "truth":
        raise ConfigError("real data have no known truth; use random-points or moments", path="`start`", value=start)
    rule = starts.get(start, path="`start`")
    rule.check(model)
    return rule


def tolerance(name: str, value: float) -> float:
    """The exponent of a tolerance."""
    if not 0.1 <= value <= 300:
        problem = "is an exponent, a number from 0.1 to 300: a fit ends below 10^-tol, so 2 means 0.01"
        raise ConfigError(problem, path=f"`{name}`", value=value)
    return float(value)
