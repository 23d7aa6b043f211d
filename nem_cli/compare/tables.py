"""A comparison on the terminal."""

from __future__ import annotations

from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.table import Table

from nem_cli.compare import text as comparison_text
from nem_cli.compare.comparison import CONFIDENCES, Comparison, Side
from nem_cli.statistics.bootstrap import percentile_interval
from nem_cli.statistics.published import P_VALUE
from nem_cli.terminal import messages as terminal


def print_comparison(comparison: Comparison, folder: Path) -> None:
    """The two sides, their difference in both designs, and what follows."""
    console = terminal.console()
    a, b = comparison.a, comparison.b
    console.print(f"{a.name} against {b.name}: M-steps at the optimum, fresh trials", style="bold")
    sides = _table("", "sigma*", "M-steps", "95 % CI", "EM", "fewer, %", "trials")
    for side in (a, b):
        sides.add_row(*_side_cells(side))
    terminal.print_table(sides)
    terminal.print_table(_differences(comparison))
    for sentence in comparison_text.sentences(comparison):
        console.print(sentence)
    console.print(f"Written to {folder}", soft_wrap=True)


def _table(first: str, *others: str) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1), collapse_padding=True)
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _side_cells(side: Side) -> list[str]:
    low, high = percentile_interval(side.replicates, 0.95)
    return [
        side.name,
        f"{side.sigma:g}",
        f"{side.mean_iterations:.2f}",
        _ends(float(low), float(high)) if side.trials > 1 else "",
        f"{side.em_mean_iterations:.2f}",
        _number(side.speedup_percent, ".1f"),
        f"{side.trials:,}",
    ]


def _differences(comparison: Comparison) -> Table:
    """A column for each design, and one for the paper where it made this comparison."""
    designs = [comparison.paired, comparison.unpaired]
    published = comparison_text.published(comparison)
    table = _table(
        f"{comparison.a.name} - {comparison.b.name}", "paired", "unpaired", *(["the paper"] if published else [])
    )
    table.add_row("difference", *(f"{each.difference:.3f}" for each in designs))
    table.add_row("standard error", *(_number(each.standard_error, ".3f") for each in designs))
    for number, confidence in enumerate(CONFIDENCES):
        found = [each.interval(confidence) for each in designs]
        ends = ["" if each is None else f"{each.low:.3f} to {each.high:.3f}" for each in found]
        table.add_row(f"{100 * confidence:g} % CI", *ends, *([_ends(*published[number])] if published else []))
    paper = [P_VALUE.written] if published else []
    table.add_row("p-value", *(_number(each.p_value, ".3g") for each in designs), *paper)
    return table


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)


def _ends(low: float, high: float) -> str:
    return f"{low:.2f} to {high:.2f}"
