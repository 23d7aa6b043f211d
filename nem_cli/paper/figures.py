"""`nem figures`: every protocol's runs, the comparisons, and the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nem_cli.compare.compare import run_plan
from nem_cli.compare.comparison import Comparison
from nem_cli.compare.plan import Asked, Plan
from nem_cli.experiment.config import Experiment
from nem_cli.experiment.load import load
from nem_cli.experiment.runner import Workers
from nem_cli.experiment.shipped import shipped_configs
from nem_cli.paper import finished as studies
from nem_cli.paper.claims import Row
from nem_cli.paper.report import REPORT, VERDICT, CheckedProtocol, Protocol, write_report
from nem_cli.statistics.run import Run
from nem_cli.sweep.estimate import estimate
from nem_cli.sweep.sweep import Shown, sweep

FIGURES = (
    "mnem", "anem", "companion-mnem", "companion-anem", "data-driven-mnem", "data-driven-anem", "blind",
    "companion-blind",
)  # fmt: skip
"""The configs behind the report, in the order in which they run."""
BOOTSTRAPS = 10_000


@dataclass(frozen=True)
class Made:
    """What `figures` wrote.

    Parameters
    ----------
    runs : tuple of Run
    comparisons : tuple of Path
        Folders.
    report, verdict : Path
    rows : tuple of Row
        The verdict table.
    """

    runs: tuple[Run, ...]
    comparisons: tuple[Path, ...]
    report: Path
    verdict: Path
    rows: tuple[Row, ...]


def experiments(trials: int | None = None, *, everything: bool = False) -> list[Experiment]:
    """The experiments behind the report, those of the studies among them where `everything` is asked for."""
    configs = shipped_configs()
    names = dict.fromkeys((*FIGURES, *studies.NAMES) if everything else FIGURES)
    return [load(configs[name], trials=trials) for name in names]


def figures(
    root: Path,
    *,
    trials: int | None,
    workers: Workers,
    progress: Shown,
    everything: bool = False,
    fresh: bool = False,
    command: Sequence[str] = ("nem", "figures"),
) -> Made:
    """Make every figure of the report, and the report; what is there already is used.

    Parameters
    ----------
    root : Path
        The folder that holds the runs' folders.
    trials : int, optional
        A level, instead of the configs'.
    workers : Workers
    progress : callable
        Opens a progress display of that title.
    everything : bool
        Every study too.
    fresh : bool
        Throw away what the folders hold.
    command : sequence of str
        What the manifests and the report say made them.
    """
    runs: dict[str, Run] = {}
    for experiment in experiments(trials, everything=everything):
        with progress(experiment.name) as report:
            runs[experiment.name] = sweep(
                experiment, out=root / experiment.name, workers=workers, fresh=fresh, progress=report, command=command
            )
    others = [run for name, run in runs.items() if name not in FIGURES]
    sections = studies.sections(others, root, workers=workers, progress=progress, fresh=fresh, command=command)
    stated = _comparison_plan(root, {"additive": runs["anem"], "multiplicative": runs["mnem"]}, fresh)
    companion = _comparison_plan(root, {name: runs[name] for name in ("companion-anem", "companion-mnem")}, fresh)
    compared = [run_plan(plan, workers, progress, command) for plan in (stated, companion)]
    rows = write_report(
        root,
        _checked("as stated", root, runs, "", compared[0], stated),
        _checked("companion", root, runs, "companion-", compared[1], companion),
        Protocol("data-driven", runs["data-driven-mnem"], runs["data-driven-anem"]),
        sections=sections,
        command=command,
    )
    return Made(tuple(runs.values()), (stated.folder, companion.folder), root / REPORT, root / VERDICT, tuple(rows))


def estimates(trials: int | None, workers: Workers, *, everything: bool = False) -> list[str]:
    """`--dry-run`: a sentence for each run."""
    sentences = [estimate(experiment, workers) for experiment in experiments(trials, everything=everything)]
    return [*sentences, "and the two comparisons: fresh trials at sigma 0 and the optima"]


def _comparison_plan(root: Path, named: dict[str, Run], anew: bool) -> Plan:
    """The comparison of two runs that are finished, in the folder that `nem compare` gives it."""
    first, second = (Asked(name, run.experiment, run.folder, finished=True, given=True) for name, run in named.items())
    experiment = first.experiment
    folder = root / "comparison" / f"{first.name}-vs-{second.name}"
    return Plan(first, second, BOOTSTRAPS, experiment.trials, experiment.seed, folder, anew)


def _checked(
    name: str, root: Path, runs: dict[str, Run], prefix: str, compared: Comparison, plan: Plan
) -> CheckedProtocol:
    multiplicative, additive, blind = (runs[f"{prefix}{each}"] for each in ("mnem", "anem", "blind"))
    address = plan.folder.relative_to(root).as_posix()
    return CheckedProtocol(name, multiplicative, additive, blind, compared, address)
