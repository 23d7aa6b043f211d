"""A trial's iterates as csv."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence

from nem_cli.replay.iterates import Iterate


def replay_csv(iterates: Sequence[Iterate]) -> str:
    """A row an iterate, the start first; what can't be had is left empty."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    components = range(1, len(iterates[0].weights) + 1)
    names = [f"{name}_{j}" for name in ("weight", "mean", "variance") for j in components]
    writer.writerow(["k", "noise_scale", "injected", "log_likelihood", *names])
    for row in iterates:
        numbers = [row.noise_scale, row.injected, row.log_likelihood, *row.weights, *row.means, *row.variances]
        writer.writerow([row.k, *(repr(x) if x is not None and math.isfinite(x) else "" for x in numbers)])
    return buffer.getvalue()
