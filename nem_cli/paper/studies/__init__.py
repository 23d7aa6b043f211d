"""The studies, one a file: what is measured and drawn; what is said of it stands in its template."""

from __future__ import annotations

from nem_cli.paper.studies import (
    blind,
    decay,
    equal_accuracy,
    exponential,
    harm,
    mean_shift,
    mechanism,
    optimal_noise,
    race,
    separation,
    sparsity,
    systems,
    tolerance,
)
from nem_cli.paper.studies.study import Study

STUDIES: tuple[Study, ...] = tuple(
    module.STUDY
    for module in (
        equal_accuracy, mean_shift, mechanism, blind, harm, tolerance, sparsity, decay, optimal_noise,
        separation, exponential, systems, race,
    )
)  # fmt: skip
"""In the order of the page."""
