"""The files of a fit: its numbers as JSON, and its responsibilities as csv."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from nem_cli.em.arrays import FloatArray
from nem_cli.fit.fitted import Fit

ROWS_AT_ONCE = 50_000


def fit_record(fit: Fit) -> dict[str, Any]:
    """A fit as JSON: what can't be had is null, never NaN or infinite."""
    return {
        "components": fit.components,
        "weights": fit.weights.tolist(),
        "means": fit.means.tolist(),
        "standard_deviations": fit.standard_deviations.tolist(),
        "variances": fit.variances.tolist(),
        "log_likelihood": _finite(fit.log_likelihood),
        "bic": _finite(fit.bic),
        "samples": fit.samples,
        "status": fit.status.label,
        "m_steps": fit.m_steps,
        "polish_steps": fit.polish_steps,
        "restarts": fit.restarts,
        "degenerate_restarts": fit.degenerate_restarts,
        "mean_m_steps": fit.mean_m_steps,
        "mean_polish_steps": fit.mean_polish_steps,
        "noise": {
            "injection": fit.noise.phi.name,
            "sigma": fit.noise.sigma,
            "screen": fit.noise.condition.name,
            "on_reject": fit.noise.on_reject,
            "decay": fit.noise.decay,
        },
    }


def responsibilities_csv(fit: Fit, y: FloatArray) -> Iterator[str]:
    """``responsibilities.csv``, a row a value in the order of the data, in chunks."""
    yield ",".join(["value", *(f"responsibility_{j}" for j in range(1, fit.components + 1))]) + "\n"
    for first in range(0, len(y), ROWS_AT_ONCE):
        part = y[first : first + ROWS_AT_ONCE]
        rows = zip(part.tolist(), fit.responsibilities(part).tolist(), strict=True)
        yield "".join(f"{value!r},{','.join(map(repr, row))}\n" for value, row in rows)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
