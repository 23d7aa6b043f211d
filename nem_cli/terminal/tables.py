"""Tables for the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from rich.box import SIMPLE_HEAD
from rich.table import Table

from nem_cli.drawing import text
from nem_cli.statistics.run import Run
from nem_cli.statistics.summary import LevelSummary
from nem_cli.terminal import messages as terminal


def print_run(run: Run) -> None:
    """The table of a run's levels, one for each curve."""
    console = terminal.console()
    console.print(run.experiment.title or run.experiment.name, style="bold")
    for line in text.protocol(run.experiment):
        console.print(line)
    confidence = f"{100 * run.experiment.bootstrap.confidence:g} % CI"
    names = ("sigma", "M-steps", confidence, "fewer, %", confidence, "log-lik. gap", "time")
    cells = {id(row): _cells(run, row) for row in run.summary}
    widths = [max(map(len, column)) for column in zip(names, *cells.values(), strict=True)]
    best = text.fewest(run.summary, run.experiment.stop.rule)
    for others, rows in groupby(run.summary, key=lambda row: row.others):
        table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1), collapse_padding=True)
        for name, width in zip(names, widths, strict=True):
            table.add_column(name, justify="right", no_wrap=True, min_width=width)
        for row in rows:
            table.add_row(*cells[id(row)], style="bold" if row is best else "")
        if others:
            console.print(f"\n{text.curve_name(others)}", style="bold")
        terminal.print_table(table)
    console.print(
        "M-steps: mean over trials, the start isn't counted. Fewer: against EM (sigma 0) on the same data. "
        "Log-lik. gap: mean final log-likelihood minus EM's. Time: processor time a trial over EM's. "
        f"Intervals are bootstrap percentiles, pointwise; {text.endings(run.summary, run.experiment.stop.rule)}."
    )
    for line in notes(run):
        console.print(line)
    console.print(f"Written to {run.folder}", soft_wrap=True)


def notes(run: Run) -> Iterator[str]:
    """What a reader of the table must also know."""
    unsound = [row for row in run.summary if row.degenerate or row.max_iterations]
    if unsound:
        shown = "; ".join(
            f"{', '.join(text.setting(path, value) for path, value in row.settings)}: "
            f"{_number(row.mean_iterations_converged, '.2f') or 'none'} over {row.converged:,} of {row.trials:,}"
            for row in unsound
        )
        yield f"M-steps over converged trials alone, where some didn't converge: {shown}."
    until = run.manifest.get("until_ci")
    if until:
        yield (
            f"Trials were added until every interval's half-width was at most {until['half_width']:g}"
            + ("" if until["reached"] else f"; at --max-trials the widest was still {until['widest']:.3g}")
            + ". Such intervals are a little too narrow."
        )


def _cells(run: Run, row: LevelSummary) -> list[str]:
    ratio = run.time_ratio(row)
    return [
        text.shown(row.sigma),
        f"{row.mean_iterations:.2f}",
        f"{row.ci_low:.2f} to {row.ci_high:.2f}",
        _number(row.speedup_percent, ".1f"),
        "" if row.speedup_ci_low is None else f"{row.speedup_ci_low:.1f} to {row.speedup_ci_high:.1f}",
        _number(row.log_likelihood_gap, ".3f"),
        _number(ratio, ".2f"),
    ]


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)
