"""What noise costs and saves at the paper's levels, in M-steps and in processor time."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from nem_cli.experiment import folder as files
from nem_cli.paper.studies.study import known
from nem_cli.statistics import published
from nem_cli.statistics.estimate import Estimate
from nem_cli.statistics.run import Run
from nem_cli.statistics.study import MODES
from nem_cli.statistics.summary import Row

ACCELERATORS = ("squarem", "anderson", "quasi-newton", "over-relaxed", "annealed")


@dataclass(frozen=True)
class ProtocolRuns:
    """The runs of a protocol's figures.

    Parameters
    ----------
    name : str
        five-parameter, variances-only or data-driven.
    modes : dict of str to Run
        A sweep of sigma for each of the paper's modes.
    blind : Run, optional
        Both modes, screened and blind.
    """

    name: str
    modes: Mapping[str, Run]
    blind: Run | None = None

    @property
    def trials(self) -> int:
        """Of each level."""
        return self.modes["additive"].experiment.trials


@dataclass(frozen=True)
class Cost:
    """What a mode's noise costs and saves at the paper's level under a protocol, from its run's summary.

    Parameters
    ----------
    em, nem, saved : Estimate
        Mean M-steps, and per cent fewer.
    gap : Estimate
        Final log-likelihood minus EM's.
    time : float
        Processor time over EM's: mean M-steps times the benchmark's price of one; NaN without a benchmark.
    """

    protocol: str
    mode: str
    sigma: float
    em: Estimate
    nem: Estimate
    saved: Estimate
    gap: Estimate
    time: float


def costs(protocols: Iterable[ProtocolRuns], price: Mapping[str, float]) -> list[Cost]:
    """A row a mode and protocol; `price` as `prices` has it."""
    return [
        _cost(protocol, mode, row, price[mode])
        for protocol in protocols
        for mode in MODES
        for row in protocol.modes[mode].where(sigma=published.OPTIMA[mode].sigma)
    ]


def _cost(protocol: ProtocolRuns, mode: str, row: Row, price: float) -> Cost:
    run = protocol.modes[mode]
    em, nem = (known(run, each, "mean_iterations") for each in (run.em(row), row))
    saved, gap = known(run, row, "speedup_percent"), known(run, row, "log_likelihood_gap")
    return Cost(protocol.name, mode, row.sigma, em, nem, saved, gap, price * (1 - saved.value / 100))


def prices(root: Path) -> dict[str, float]:
    """What an evaluation of EM's map costs over plain EM's, in processor time, by the folder's ``benchmark.csv``.

    Of the paper's modes at the paper's levels and of the other methods; NaN where it wasn't measured.
    """
    figures: dict[str, float] = {}
    if (root / "benchmark.csv").is_file():
        with io.StringIO(files.read_text(root / "benchmark.csv")) as text:
            figures = {row["figure"]: float(row["median"]) for row in csv.DictReader(text)}
    end = "; 200 samples, K 2, over the floor"
    plain = figures.get(f"EM{end}", math.nan)
    noisy = {
        mode: figures.get(f"{mode} {published.OPTIMA[mode].sigma:g}, redraw{end}", math.nan) / plain for mode in MODES
    }
    others = {
        method: figures.get(f"{method} over EM, an evaluation, configs/race-five-parameter.yaml", math.nan)
        for method in ACCELERATORS
    }
    return {"em": 1.0, **noisy, **others}
