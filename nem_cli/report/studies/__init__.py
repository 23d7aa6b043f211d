"""The studies: each a config, a figure, and an answer computed from the numbers, one a file."""

from __future__ import annotations

from nem_cli.report.studies.accuracy import Accuracy
from nem_cli.report.studies.blind import Blind
from nem_cli.report.studies.decay import Decay
from nem_cli.report.studies.exponential import Exponential
from nem_cli.report.studies.harm import Harm
from nem_cli.report.studies.mean_shift import MeanShift
from nem_cli.report.studies.separation import Separation
from nem_cli.report.studies.sparsity import Sparsity
from nem_cli.report.studies.study import Study
from nem_cli.report.studies.tolerance import Tolerance

STUDIES: tuple[Study, ...] = (
    Blind(),
    MeanShift(),
    Accuracy(),
    Harm(),
    Tolerance(),
    Sparsity(),
    Decay(),
    Separation(),
    Exponential(),
)
"""In the order of the report."""
