"""The contract of an injection, checked before any trial runs, and of what it returns."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from nem_cli.em.arrays import FloatArray
from nem_cli.em.family import Family
from nem_cli.em.injection import Injection
from nem_cli.errors import PluginError

_VALUES = (-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0)
_SCALE = 0.1
_TOLERANCE = 1e-9


def check_injection(injection: Injection, family: Family) -> None:
    """Refuse an injection that breaks its contract on a few values of the family's support.

    Its noise law must give finite numbers of the size asked for; phi must be elementwise, finite, leave its argument
    alone, and change nothing at the neutral noise; a slope must be that of phi, with the normal law.

    Raises
    ------
    PluginError
        Saying what the injection must do and what it did.
    """
    neutral = getattr(injection, "neutral", None)
    if not (isinstance(neutral, int | float) and math.isfinite(neutral)):
        raise _broken(injection, "neutral must be a finite number", neutral)
    y = np.unique(np.clip(_VALUES, *family.support))
    n = _finite(injection, "draw", lambda: injection.draw(np.random.default_rng(0), _SCALE, y.size), y.shape)
    if not _same(noisy_data(injection, y, np.full_like(y, neutral)), y):
        raise _broken(injection, f"phi(y, {neutral!r}) must be y: that is its neutral noise")
    untouched = y.copy()
    y_dagger = noisy_data(injection, y, n)
    if not np.array_equal(y, untouched):
        raise _broken(injection, "phi must not change its arguments")
    if not _same(noisy_data(injection, y[None, ::-1], n[None, ::-1]), y_dagger[None, ::-1]):
        raise _broken(injection, "phi must work elementwise on arrays of any shape")
    try:
        slope = injection.slope(y)
    except Exception as error:
        raise _broken(injection, f"slope raises {type(error).__name__}: {error}") from error
    if slope is None:
        return
    if type(injection).draw is not Injection.draw:
        raise _broken(injection, "slope must be None where draw isn't the normal law")
    if np.shape(slope) not in ((), y.shape) or not _same(y + slope * (n - neutral), y_dagger):
        raise _broken(injection, "slope must be d phi / d n, and None where phi isn't affine in n", slope)


def noisy_data(injection: Injection, y: FloatArray, n: FloatArray) -> FloatArray:
    """y+ = phi(y, n), refused where they aren't finite numbers of the data's shape.

    Raises
    ------
    PluginError
    """
    return _finite(injection, "phi", lambda: injection.phi(y, n), y.shape)


def _finite(injection: Injection, method: str, call: Callable[[], object], shape: tuple[int, ...]) -> FloatArray:
    try:
        values = np.asarray(call())
    except Exception as error:
        raise _broken(injection, f"{method} raises {type(error).__name__}: {error}") from error
    if values.shape != shape:
        raise _broken(injection, f"{method} must return an array of shape {shape}, but returned shape {values.shape}")
    if values.dtype.kind not in "fiu" or not np.all(np.isfinite(values)):
        raise _broken(injection, f"{method} must return finite numbers", values)
    return values


def _same(one: FloatArray, other: FloatArray) -> bool:
    return bool(np.allclose(one, other, rtol=_TOLERANCE, atol=_TOLERANCE))


def _broken(injection: Injection, problem: str, value: object = None) -> PluginError:
    name = getattr(injection, "name", None) or type(injection).__name__
    return PluginError(f"injection {name!r}: {problem}", path="noise.injection", value=value)
