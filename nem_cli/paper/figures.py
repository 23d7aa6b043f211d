"""`nem figures`: every protocol's runs, the comparisons, the studies, and the report."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from nem_cli.compare.compare import run_plan
from nem_cli.compare.plan import Asked, plan
from nem_cli.experiment import folder as files
from nem_cli.experiment.config import Experiment
from nem_cli.experiment.load import load
from nem_cli.experiment.runner import Workers, failures_named
from nem_cli.experiment.shipped import shipped_configs
from nem_cli.paper.claims import CLAIMS, Verdict
from nem_cli.paper.records import read_csv, to_csv
from nem_cli.statistics.run import Run
from nem_cli.statistics.table import Table
from nem_cli.sweep.made import STAMPS, digest, make
from nem_cli.sweep.outlook import outlook
from nem_cli.sweep.sweep import Shown, collect, is_finished, sweep

if TYPE_CHECKING:
    from nem_cli.paper.costs import ProtocolRuns

PREFIXES = {"five-parameter": "", "variances-only": "companion-", "data-driven": "data-driven-"}
"""The protocols, and how their configs' names begin."""
COMPARISONS = {
    "five-parameter": {"additive": "anem", "multiplicative": "mnem"},
    "variances-only": {"companion-anem": "companion-anem", "companion-mnem": "companion-mnem"},
}
"""The comparisons, by protocol: two names, as `nem compare` calls them, and their configs."""
BOOTSTRAPS = 10_000
PREDICTION = (
    "prediction.csv", "prediction/thinned.csv", "prediction/quantiles.csv", "verdict.csv", "prediction/figure.png",
    "prediction/figure.svg",
)  # fmt: skip
"""Files of the predictive check."""
PAGE = ("report.html", "findings.md")


@dataclass(frozen=True)
class Made:
    """What `figures` wrote.

    Parameters
    ----------
    comparisons : tuple of Path
        Folders.
    """

    runs: tuple[Run, ...]
    comparisons: tuple[Path, ...]
    report: Path
    verdict: Path
    rows: tuple[Verdict, ...]


def experiments(trials: int | None = None, *, everything: bool = False) -> list[Experiment]:
    """The experiments behind the report, those of the studies among them where `everything` is asked for."""
    from nem_cli.paper.studies import STUDIES  # matplotlib is slow to import

    configs = shipped_configs()
    names = [f"{prefix}{mode}" for prefix in PREFIXES.values() for mode in ("mnem", "anem")]
    names += ["blind", "companion-blind"]
    if everything:
        names += [f"prediction-{name}" for name in PREFIXES]
        names += [name for study in STUDIES for name in study.configs]
    return [load(configs[name], trials=trials) for name in dict.fromkeys(names)]


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
    progress : callable
        Opens a progress display of that title.
    everything : bool
        Run and measure every study too; else the report has those that `root` holds the csv files of.
    fresh : bool
        Throw away what the folders hold.
    command : sequence of str
        What the manifests say made them.
    """
    from nem_cli.paper.costs import ProtocolRuns  # matplotlib and jinja2 are slow to import
    from nem_cli.paper.page import write

    wanted = experiments(trials, everything=everything)
    runs = _runs(root, wanted, workers, progress, fresh, command)
    if fresh:
        (root / STAMPS).unlink(missing_ok=True)
    if everything:
        _measure_studies(root, runs, workers, progress)
    compared = {}
    for protocol, named in COMPARISONS.items():
        first, second = (Asked.of_run(name, runs[config]) for name, config in named.items())
        asked = plan(first, second, bootstraps=BOOTSTRAPS, trials=None, seed=None, out=root, fresh=fresh)
        compared[protocol] = asked.folder
        make(
            root,
            f"comparison {protocol}",
            [f"{asked.folder.relative_to(root)}/comparison.{kind}" for kind in ("json", "png", "svg")],
            [runs[config].timing["stamps"] for config in named.values()],
            partial(run_plan, asked, workers, progress, command),
        )
    protocols = [
        ProtocolRuns(
            name,
            {"multiplicative": runs[f"{prefix}mnem"], "additive": runs[f"{prefix}anem"]},
            runs.get(f"{prefix}blind"),
        )
        for name, prefix in PREFIXES.items()
    ]
    with progress("predictive check"):
        _check(root, protocols, runs)
    found = {name: json.loads(files.read_text(folder / "comparison.json")) for name, folder in compared.items()}
    make(root, "page", PAGE, _digests(root), partial(write, root, protocols, found))
    return Made(
        tuple(runs.values()),
        tuple(compared.values()),
        root / "report.html",
        root / "verdict.csv",
        tuple(read_csv(Verdict, root / "verdict.csv")),
    )


def _runs(
    root: Path, wanted: Sequence[Experiment], workers: Workers, progress: Shown, fresh: bool, command: Sequence[str]
) -> dict[str, Run]:
    """The finished runs by name: trials first, in all workers; then tables and figures, a run a process."""
    for experiment in wanted:  # before any of them takes its time
        experiment.system.require()
        if not fresh:
            files.refuse_fewer(root / experiment.name, experiment)
    for experiment in wanted:
        with progress(experiment.name) as report:
            collect(root / experiment.name, experiment, workers=workers, progress=report, fresh=fresh)
    left = [each for each in wanted if not is_finished(root / each.name, each)]
    processes = workers if workers.backend == "loky" else Workers(1)  # others share no files, or matplotlib's state
    finish = partial(_finish, root, workers, command)
    with progress("tables and figures", unit="runs") as report, closing(processes.each(finish, left)) as finished:
        for number, _ in enumerate(finished, start=1):
            if report:
                report(number, len(left))
    return {each.name: Run.open(root / each.name) for each in wanted}


def _finish(root: Path, workers: Workers, command: Sequence[str], experiment: Experiment) -> None:
    with failures_named(f"run {experiment.name}"):
        sweep(experiment, out=root / experiment.name, workers=workers, command=command)


def _check(root: Path, protocols: Sequence[ProtocolRuns], runs: Mapping[str, Run]) -> None:
    """Write the predictive check: from the runs that were made for it, or, in a folder without any, from the figures'.

    In a folder that has their csv files but not their trials, the check is kept.
    """
    from nem_cli.drawing.style import save_figure
    from nem_cli.paper import prediction
    from nem_cli.paper.protocols import results

    made = {name: runs[f"prediction-{name}"] for name in PREFIXES if f"prediction-{name}" in runs}
    if not made and any((root / f"prediction-{name}" / "summary.csv").is_file() for name in PREFIXES):
        return
    searched = root / "protocols" / "protocols.csv"

    def work() -> None:
        if made:
            trials = {name: prediction.of_run(run) for name, run in made.items()}
        else:
            trials = {each.name: prediction.of_figures(each.modes, each.blind) for each in protocols}
        rates = {}
        if searched.is_file():
            found = results.read(searched.parent)
            rates = {claim: found.base_rate(claim) for claim in CLAIMS}
        checked = prediction.check(trials, rates, protocols[0].modes["additive"].experiment.seed)
        files.write(root / "prediction.csv", to_csv(prediction.Predicted, checked.predicted))
        files.write(root / "prediction" / "thinned.csv", to_csv(prediction.Predicted, checked.thinned))
        files.write(root / "prediction" / "quantiles.csv", to_csv(prediction.Quantile, checked.quantiles))
        files.write(root / "verdict.csv", to_csv(Verdict, checked.verdict))
        save_figure(prediction.figure(checked.quantiles), root / "prediction")

    used = {name: run.timing["stamps"] for name, run in (made or runs).items()}
    make(root, "prediction", PREDICTION, [used, digest(searched) if searched.is_file() else None], work)


def _measure_studies(root: Path, runs: Mapping[str, Run], workers: Workers, progress: Shown) -> None:
    """Write every study's numbers, and its figure where it draws one of its own."""
    from nem_cli.drawing.style import save_figure
    from nem_cli.paper.costs import prices
    from nem_cli.paper.studies import STUDIES
    from nem_cli.paper.studies.study import Study, Work

    def measure(study: Study, own: Mapping[str, Run]) -> None:
        with progress(f"study {study.name}") as report:
            records = study.measure(own, Work(workers, report))
        files.write(root / study.name / study.file, to_csv(study.record, records))
        if study.figure:
            save_figure(study.figure(own, records, costs), root / study.name, "study")

    costs = prices(root)
    for study in STUDIES:
        own = {name: runs[name] for name in study.configs}
        written = [study.file, "study.png", "study.svg"] if study.figure else [study.file]
        make(
            root,
            f"study {study.name}",
            [f"{study.name}/{name}" for name in written],
            [costs, *(run.timing["stamps"] for run in own.values())],
            partial(measure, study, own),
        )


def _digests(root: Path) -> dict[str, str]:
    """Of everything in the results that the page may be made of: all but the trials, the figures and the page."""
    return {
        str(path.relative_to(root)): digest(path)
        for path in sorted(root.rglob("*"))
        if path.suffix in {".csv", ".json", ".yaml"} and path.name not in {"trials.csv", STAMPS}
    }


def outlook_of(trials: int | None, workers: Workers, *, everything: bool = False) -> Table:
    """`--dry-run`: a row a run; the two comparisons' fresh trials come on top."""
    runs = [(each.name, each, False) for each in experiments(trials, everything=everything)]
    return outlook(runs, workers)
