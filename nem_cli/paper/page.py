"""The report: one page that needs nothing but itself. What it says stands in the templates."""

from __future__ import annotations

import base64
import csv
import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup, escape
from matplotlib.figure import Figure

from nem_cli.drawing.curves import draw_with_savings
from nem_cli.drawing.frame import add_legend
from nem_cli.drawing.style import style
from nem_cli.experiment import folder as files
from nem_cli.paper.claims import Verdict
from nem_cli.paper.prediction import Predicted, Quantile, figure, joints
from nem_cli.paper.protocol_table import protocol_table
from nem_cli.paper.protocols import results
from nem_cli.paper.protocols.figures import ridge, specification_curve
from nem_cli.paper.records import read_csv
from nem_cli.paper.studies import STUDIES
from nem_cli.paper.studies.study import UNKNOWN, Study, less
from nem_cli.paper.svg import page_svg
from nem_cli.statistics import published
from nem_cli.statistics.estimate import Estimate
from nem_cli.statistics.run import Run
from nem_cli.statistics.study import MODES
from nem_cli.statistics.summary import ENOUGH, ended
from nem_cli.statistics.table import Cell, Column, Table

LEAD = ("equal-accuracy",)
"""The studies that come before the verdict."""
_POWER = re.compile(r"(?<=\w)\^(-?\w+(?:\.\d+)?)")
_PANEL = (5.6, 5.0)
"""Inches; two stand side by side."""


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


@dataclass(frozen=True)
class Share:
    """A setting's value: per cent of the protocols where EM takes about 10 M-steps that have it, and of the set."""

    setting: str
    value: str
    survivors: float
    members: float


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
    protocols : sequence of ProtocolRuns
    comparisons : dict
        By protocol, as in ``comparison.json``.
    """
    sections = [found for study in STUDIES if (found := section(root, study))]
    runs = [run for protocol in protocols for run in (*protocol.modes.values(), protocol.blind) if run]
    checks = [read_csv(Predicted, root / name) for name in ("prediction.csv", "prediction/thinned.csv")]
    shared = {
        "protocols": protocols,
        "costs": _costs(root, protocols),
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
        settings=protocol_table([[run.experiment for run in protocol.modes.values()] for protocol in protocols]),
        protocol_set=protocol_set(root),
        lead=[each for each in sections if each.name in LEAD],
        sections=[each for each in sections if each.name not in LEAD],
        runs=[(run, ended(run.rows)) for run in runs],
    )
    files.write(root / "report.html", page)


def template(name: str) -> Template:
    """A template of the page, with the filters that all of them have."""
    environment = Environment(
        loader=PackageLoader("nem_cli.paper"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"powers": powers, "shown": shown, "table": table, "listed": listed}
    environment.globals |= {"less": less, "ENOUGH": ENOUGH, "paper": published}
    return environment.get_template(name)


def section(root: Path, study: Study) -> Section | None:
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
        assert study.figure
        drawn = page_svg(study.figure(runs, records), study.name, alt)
        return Markup(f"<figure>{drawn}</figure>")  # noqa: S704  (ours)

    body = template(f"{study.name}.html").render(rows=records, picture=picture)
    title = study.title or runs[study.configs[0]].experiment.title or study.name
    csvs = [f"{study.name}/{study.file}", *(f"{name}/summary.csv" for name in study.configs)]
    return Section(study.name, title, records, Markup(body), csvs)  # noqa: S704


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
        Markup(page_svg(draw(found), f"protocols-{number}", alt))  # noqa: S704  (ours)
        for number, (draw, alt) in enumerate(zip((specification_curve, ridge), alts, strict=True), start=1)
    ]
    shares = [Share(name, str(value), 100 * rows, 100 * members) for name, value, rows, members in found.shares()]
    return Markup(template("protocols.html").render(it=found, shares=shares, figures=drawn))  # noqa: S704  (ours)


def _distributions(quantiles: Sequence[Quantile]) -> Markup:
    if not quantiles:
        return Markup()
    alt = "What studies of several sizes print of each number under each protocol, with the paper's number marked."
    return Markup(page_svg(figure(quantiles), "prediction", alt))  # noqa: S704  (ours)


def _panel(run: Run) -> Markup:
    """A run's curve without the caption, which the page has as text."""
    with style():
        figure = Figure(figsize=_PANEL, layout="constrained")
        axes = draw_with_savings(figure, run.experiment, run.rows)
        add_legend(figure, axes[:1], ncols=1)
    best, last = run.best(), max(run.rows, key=lambda row: row.sigma)
    alt = (
        f"{run.experiment.title}: mean M-steps, and what is saved, against initial noise standard deviation. EM takes "
        f"{run.em(best).mean_iterations:.2f}; the lowest point is {best.mean_iterations:.2f} at {best.sigma:g}; at "
        f"{last.sigma:g} it is {last.mean_iterations:.2f}."
    )
    return Markup(page_svg(figure, run.name, alt))  # noqa: S704  (ours)


def _costs(root: Path, protocols: Iterable[ProtocolRuns]) -> list[Cost]:
    prices = _prices(root / "benchmark.csv")
    costs = []
    for protocol in protocols:
        for mode in MODES:
            run = protocol.modes[mode]
            for row in run.where(sigma=published.OPTIMA[mode].sigma):
                em = run.em(row)
                counts, plain, saved, gap = (
                    run.estimate(each, column) or UNKNOWN
                    for each, column in (
                        (row, "mean_iterations"), (em, "mean_iterations"), (row, "speedup_percent"),
                        (row, "log_likelihood_gap"),
                    )
                )  # fmt: skip
                time = prices[mode] * (1 - saved.value / 100)
                costs.append(Cost(protocol.name, mode, row.sigma, plain, counts, saved, gap, time))
    return costs


def _prices(benchmark: Path) -> dict[str, float]:
    """An M-step with noise at the paper's level over one without, in processor time."""
    figures: dict[str, float] = {}
    if benchmark.is_file():
        with io.StringIO(files.read_text(benchmark)) as text:
            figures = {row["figure"]: float(row["median"]) for row in csv.DictReader(text)}
    end = "; 200 samples, K 2, over the floor"
    plain = figures.get(f"EM{end}", math.nan)
    levels = {mode: f"{mode} {published.OPTIMA[mode].sigma:g}, redraw{end}" for mode in MODES}
    return {mode: figures.get(name, math.nan) / plain for mode, name in levels.items()}


def powers(written: str) -> Markup:
    """Plain text as HTML, powers such as 10^-2 as superscripts."""
    return Markup(_POWER.sub(r"<sup>\1</sup>", str(escape(written))))  # noqa: S704  (escaped)


def shown(value: Cell, form: str = "") -> str:
    """A number or an estimate with its interval, as in a table."""
    return Table([Column("", form)], [[value]]).cells()[0][0]


def listed(items: Iterable[object]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *first, last = map(str, items)
    return f"{', '.join(first)} and {last}" if first else last


def table(records: Sequence[Any], *columns: tuple[str, str] | tuple[str, str, str]) -> Markup:
    """Records as an HTML table that folds on a narrow screen: each cell knows its heading.

    Parameters
    ----------
    records : sequence
    columns : tuples of str
        Heading, attribute of the record, and the format of its numbers.
    """
    heads = [Column(column[0], column[2] if len(column) == 3 else "") for column in columns]
    cells = Table(heads, [[getattr(record, column[1]) for column in columns] for record in records]).cells()
    head = Markup().join(Markup('<th scope="col">{}</th>').format(column[0]) for column in columns)
    body = Markup()
    for row in cells:
        body += Markup('<tr><th scope="row">{}</th>').format(row[0])
        for (name, *_), cell in list(zip(columns, row, strict=True))[1:]:
            body += Markup('<td data-label="{}">{}</td>').format(name, powers(cell))
        body += Markup("</tr>\n")
    return Markup("<table><thead><tr>{}</tr></thead><tbody>\n{}</tbody></table>").format(head, body)


def data_link(root: Path, path: str) -> Markup:
    """A link that holds the file itself, so that a page that is sent alone is whole."""
    content = base64.b64encode(files.read_text(root / path).encode()).decode()
    form = '<a download="{}" href="data:text/csv;base64,{}">{}</a>'
    return Markup(form).format(  # noqa: S704  (escapes what it is given)
        path.replace("/", "-"), content, path
    )
