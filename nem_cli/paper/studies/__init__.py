"""The studies: each a config, a figure, and an answer computed from the numbers, one a file."""

from __future__ import annotations

from nem_cli.paper.studies.accuracy import Accuracy
from nem_cli.paper.studies.blind import Blind
from nem_cli.paper.studies.decay import Decay
from nem_cli.paper.studies.exponential import Exponential
from nem_cli.paper.studies.harm import Harm
from nem_cli.paper.studies.mean_shift import MeanShift
from nem_cli.paper.studies.separation import Separation
from nem_cli.paper.studies.sparsity import Sparsity
from nem_cli.paper.studies.study import Study
from nem_cli.paper.studies.tolerance import Tolerance

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
