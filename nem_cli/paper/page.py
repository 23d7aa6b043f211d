"""The report: one page that needs nothing but itself. What it says stands in the templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup
from matplotlib.figure import Figure

from nem_cli.drawing.curves import draw_with_savings
from nem_cli.drawing.frame import add_legend
from nem_cli.drawing.style import style
from nem_cli.experiment import describe
from nem_cli.experiment import folder as files
from nem_cli.experiment.config import Experiment
from nem_cli.paper.claims import Verdict
from nem_cli.paper.costs import ProtocolRuns, costs, prices
from nem_cli.paper.html import data_link, template
from nem_cli.paper.prediction import Predicted, Quantile, figure, joints
from nem_cli.paper.protocols import results
from nem_cli.paper.protocols.figures import ridge, specification_curve
from nem_cli.paper.records import read_csv
from nem_cli.paper.studies import STUDIES
from nem_cli.paper.studies.study import Prices, Study
from nem_cli.paper.svg import page_svg
from nem_cli.statistics.run import Run
from nem_cli.statistics.summary import ended

LEAD = ("equal-accuracy",)
"""The studies that come before the verdict."""
_PANEL = (5.6, 5.0)
"""Inches; two stand side by side."""


@dataclass(frozen=True)
class Section:
    """A study's part of the page."""

    name: str
    title: str
    records: Sequence[Any]
    body: Markup
    files: Sequence[str]


def write(root: Path, protocols: Sequence[ProtocolRuns], comparisons: Mapping[str, dict[str, Any]]) -> None:
    """Write the page, ``report.html``, and ``findings.md``, which has what README says of it.

    Parameters
    ----------
    root : Path
        The folder of the page, with the verdict's csv files. Every study whose csv it holds gets a section.
    comparisons : dict
        By protocol, as in ``comparison.json``.
    """
    price = prices(root)
    sections = [found for study in STUDIES if (found := section(root, study, price))]
    runs = [run for protocol in protocols for run in (*protocol.modes.values(), protocol.blind) if run]
    checks = [read_csv(Predicted, root / name) for name in ("prediction.csv", "prediction/thinned.csv")]
    shared = {
        "protocols": protocols,
        "costs": costs(protocols, price),
        "joints": joints(*checks),
        "studies": {section.name: section.records for section in sections},
    }
    files.write(root / "findings.md", template("findings.md").render(shared))
    page = template("report.html").render(
        shared,
        file=lambda path: data_link(root, path),
        figures={run.name: _panel(run) for run in protocols[0].modes.values()},
        verdict=read_csv(Verdict, root / "verdict.csv"),
        distributions=_distributions(read_csv(Quantile, root / "prediction/quantiles.csv")),
        comparisons=comparisons,
        settings=settings({each.name: [run.experiment for run in each.modes.values()] for each in protocols}),
        protocol_set=protocol_set(root),
        lead=[each for each in sections if each.name in LEAD],
        sections=[each for each in sections if each.name not in LEAD],
        runs=[(run, ended(run.rows)) for run in runs],
    )
    files.write(root / "report.html", page)


def section(root: Path, study: Study, price: Prices) -> Section | None:
    """A study's part of the page, from the csv files in the folder of the page; None where these aren't there.

    Raises
    ------
    FolderError
        If one can't be read.
    """
    path = root / study.name / study.file
    if not path.is_file() or not all((root / name / "summary.csv").is_file() for name in study.configs):
        return None
    runs = {name: Run.open(root / name) for name in study.configs}
    records: list[Any] = read_csv(study.record, path)

    def picture(alt: str) -> Markup:
        return _picture(study.draw(runs, records, price), study.name, alt)

    body = template(f"{study.name}.html").render(rows=records, price=price, picture=picture)
    title = study.title or runs[study.configs[0]].experiment.title or study.name
    csvs = [f"{study.name}/{study.file}", *(f"{name}/summary.csv" for name in study.configs)]
    return Section(study.name, title, records, Markup(body), csvs)  # noqa: S704  (ours)


def settings(protocols: Mapping[str, Sequence[Experiment]]) -> Markup:
    """Every setting of each protocol's experiments, and whether the paper states it or it was chosen here."""
    return Markup(template("settings.html").render(protocols=protocols, describe=describe))  # noqa: S704  (ours)


def protocol_set(root: Path) -> Markup:
    """Which of many declared protocols could have given the paper's numbers; empty where no search has been made."""
    folder = root / "protocols"
    if not (folder / "protocols.csv").is_file():
        return Markup()
    found = results.read(folder)
    alts = (
        "Saving at the paper's levels under every protocol, sorted, with its settings as dots below.",
        "Tolerance against start variance of the protocols, those in the confidence set marked.",
    )
    drawn = [
        _picture(draw(found), f"protocols-{number}", alt)
        for number, (draw, alt) in enumerate(zip((specification_curve, ridge), alts, strict=True), start=1)
    ]
    return Markup(template("protocols.html").render(it=found, stages=results.stages_table(found), figures=drawn))  # noqa: S704  (ours)


def _picture(drawn: Figure, name: str, alt: str) -> Markup:
    return Markup(f"<figure>{page_svg(drawn, name, alt)}</figure>")  # noqa: S704  (ours)


def _distributions(quantiles: Sequence[Quantile]) -> Markup:
    alt = "What studies of several sizes print of each number under each protocol, with the paper's number marked."
    return _picture(figure(quantiles), "prediction", alt) if quantiles else Markup()


def _panel(run: Run) -> Markup:
    """A run's curve without the caption, which the page has as text."""
    with style():
        drawn = Figure(figsize=_PANEL, layout="constrained")
        axes = draw_with_savings(drawn, run.experiment, run.rows)
        add_legend(drawn, axes[:1], ncols=1)
    best, last = run.best(), max(run.rows, key=lambda row: row.sigma)
    alt = (
        f"{run.experiment.title}: mean M-steps, and what is saved, against initial noise standard deviation. EM takes "
        f"{run.em(best).mean_iterations:.2f}; the lowest point is {best.mean_iterations:.2f} at {best.sigma:g}; at "
        f"{last.sigma:g} it is {last.mean_iterations:.2f}."
    )
    return Markup(page_svg(drawn, run.name, alt))  # noqa: S704  (ours)
