"""The reproduction report from finished runs: ``report.html`` and ``verdict.csv``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nem_cli.compare.comparison import Comparison, Side
from nem_cli.experiment import folder as files
from nem_cli.paper import prose
from nem_cli.paper.claims import Row, rows, rows_csv
from nem_cli.paper.evidence import Evidence, ModeEvidence
from nem_cli.paper.record import Record
from nem_cli.paper.section import Section
from nem_cli.paper.verdict import MIN_TRIALS
from nem_cli.statistics import published as paper
from nem_cli.statistics.effect import Effect, effects
from nem_cli.statistics.run import Run

REPORT = "report.html"
VERDICT = "verdict.csv"


@dataclass(frozen=True)
class Protocol:
    """The finished runs of one protocol, a run a mode."""

    name: str
    multiplicative: Run
    additive: Run


@dataclass(frozen=True)
class CheckedProtocol(Protocol):
    """A protocol that the verdict is about.

    Parameters
    ----------
    blind : Run
        Both modes, screened and blind.
    comparison : Comparison
        Additive minus multiplicative.
    address : str
        The comparison's folder, relative to the report.
    """

    blind: Run
    comparison: Comparison
    address: str


def write_report(
    root: Path,
    stated: CheckedProtocol,
    companion: CheckedProtocol,
    data_driven: Protocol,
    *,
    sections: Sequence[Section] = (),
    command: Sequence[str] = ("nem", "figures"),
) -> list[Row]:
    """Write the report and the verdict table beside it.

    Parameters
    ----------
    root : Path
        The folder that holds the runs' folders.
    stated, companion : CheckedProtocol
    data_driven : Protocol
    sections : sequence of Section
        The studies'.
    command : sequence of str
        What the report says made it.

    Returns
    -------
    list of Row
        The verdict table.
    """
    from nem_cli.paper.html import Page, render  # jinja2 is slow to import

    table = rows(evidence(stated), evidence(companion))
    parts = _sections(root, stated, companion, data_driven, table, sections, command)
    page = Page(tuple(_summary(table, stated.additive.experiment.trials)), tuple(table), parts)
    files.write(root / VERDICT, rows_csv(table))
    files.write(root / REPORT, render(page))
    return table


def evidence(protocol: CheckedProtocol) -> Evidence:
    """What a protocol's runs say of the paper's claims."""
    modes = {side.mode: side for side in (protocol.comparison.a, protocol.comparison.b)}
    return Evidence(
        multiplicative=_mode(protocol.multiplicative, protocol.blind, modes["multiplicative"]),
        additive=_mode(protocol.additive, protocol.blind, modes["additive"]),
        comparison=protocol.comparison,
    )


def record(run: Run, root: Path) -> Record:
    """A run as the report needs it."""
    ratios = tuple(run.time_ratio(row) for row in run.rows)
    return Record(run.experiment, run.rows, ratios, run.manifest, run.folder.relative_to(root).as_posix())


def _mode(run: Run, blind: Run, side: Side) -> ModeEvidence:
    sigma = paper.OPTIMA[side.mode].sigma
    measured = _measured(run, {})
    fresh = None
    if side.trials >= MIN_TRIALS:
        pairs = [(side.sigma, side.counts.optimum)]
        (fresh,) = effects(side.counts.em, pairs, seed=side.experiment.seed + 1)
    harm = _measured(blind, {"noise.injection": side.mode, "noise.screen": "none"})
    grid = tuple(row.sigma for row in run.rows)
    return ModeEvidence(
        at_paper=_at(measured, sigma),
        at_largest=_at(measured, max(grid)),
        at_optimum=fresh,
        levels=grid,
        optimum=side.sweep,
        blind_at_paper=_at(harm, sigma),
        blind=tuple(harm),
        time_at_paper=_time(run, sigma),
        time_at_optimum=_time(run, side.sigma),
    )


def _measured(run: Run, others: dict[str, str]) -> list[Effect]:
    """Every noise level of one curve of a run against plain EM; empty where there are too few trials."""
    if run.experiment.trials < MIN_TRIALS:
        return []
    curve = [level for level in run.levels if dict(level.others) == others]
    counts = [run.counts(level) for level in curve]
    (_, em), *noisy = sorted(zip((level.sigma for level in curve), counts, strict=True), key=lambda pair: pair[0])
    return effects(em, noisy, seed=run.experiment.seed, resamples=run.experiment.bootstrap.resamples)


def _at(measured: Sequence[Effect], sigma: float) -> Effect | None:
    return next((each for each in measured if math.isclose(each.sigma, sigma)), None)


def _time(run: Run, sigma: float) -> float | None:
    return next((run.time_ratio(row) for row in run.rows if math.isclose(row.sigma, sigma)), None)


def _summary(table: Sequence[Row], trials: int) -> list[str]:
    return [
        "Osoba and Kosko report that carefully chosen noise makes the EM algorithm converge in fewer iterations on a "
        "mixture of two Gaussians. This page sets each of their numbers that can be checked beside ours, with its "
        "uncertainty and a verdict by one written rule.",
        *prose.tally(table),
        *prose.few(trials),
        "The paper leaves out sample size, start and tolerance, among others, so ours were chosen by a search for "
        "agreement. Which agreement is evidence, and which is by construction, stands in every row.",
    ]


def _sections(
    root: Path,
    stated: CheckedProtocol,
    companion: CheckedProtocol,
    data_driven: Protocol,
    table: Sequence[Row],
    studies: Sequence[Section],
    command: Sequence[str],
) -> tuple[Section, ...]:
    from nem_cli.paper import exhibits  # matplotlib is slow to import
    from nem_cli.paper.finished import finished
    from nem_cli.paper.studies.blind import Blind

    checked = (stated, companion)
    comparisons = [(each.name, each.comparison, each.address) for each in checked]
    answers = [
        f"Protocol \u201c{each.name}\u201d: {' '.join(Blind().answer(finished(each.blind, root)))}" for each in checked
    ]
    main = [record(run, root) for run in (stated.multiplicative, companion.multiplicative)]
    main += [record(run, root) for run in (stated.additive, companion.additive)]
    moments = [record(run, root) for run in (data_driven.multiplicative, data_driven.additive)]
    blind = [record(each.blind, root) for each in checked]
    everything = [*main, *moments, *blind]
    return (
        prose.standing(table, stated.additive.experiment.trials),
        prose.accuracy([*main, *moments]),
        exhibits.figures("Figures 1 and 2, as stated and companion", (), main),
        exhibits.blind(blind, answers),
        exhibits.comparison(comparisons),
        exhibits.figures(
            "The same on data-driven settings",
            ("Start and stop rule are what one would use on real data. They weren't searched for.",),
            moments,
        ),
        exhibits.protocols(
            [
                (each.name, (each.multiplicative.experiment, each.additive.experiment))
                for each in (*checked, data_driven)
            ]
        ),
        prose.inconsistencies(stated.comparison, companion.comparison),
        *studies,
        exhibits.endings(everything, studied=bool(studies)),
        exhibits.made_with(everything, command, studied=bool(studies)),
    )
