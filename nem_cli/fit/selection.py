"""Choosing the number of components."""

from __future__ import annotations

from collections.abc import Sequence

from nem_cli.em.status import Status
from nem_cli.errors import RunError
from nem_cli.fit.fitted import Fit


def best_by_bic(fits: Sequence[Fit]) -> Fit:
    """The fit with the smallest BIC; a degenerate one is never it, since its likelihood means nothing.

    Raises
    ------
    RunError
        If every fit is degenerate.
    """
    sound = [fit for fit in fits if fit.status != Status.DEGENERATE]
    if not sound:
        raise RunError("every fit degenerated; try fewer components, or other starts")
    return min(sound, key=lambda fit: fit.bic)
