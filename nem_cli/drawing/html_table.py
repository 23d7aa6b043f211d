"""A run's levels as an HTML table, for notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from nem_cli.drawing import text
from nem_cli.experiment.config import Experiment
from nem_cli.statistics.summary import LevelSummary


def run_html(experiment: Experiment, summary: Sequence[LevelSummary]) -> str:
    """The levels with their means and intervals; the fewest M-steps in bold. Every text is escaped."""
    confidence = f"{100 * experiment.bootstrap.confidence:g} % CI"
    paths = [path.split(".")[-1] for path, _ in summary[0].settings]
    best = text.fewest(summary, experiment.stop.rule)
    body = [_row("td", _cells(row), "font-weight: bold" if row is best else "") for row in summary]
    caption = "<br/>".join(escape(line) for line in [experiment.title or experiment.name, *text.protocol(experiment)])
    heads = [*paths, "M-steps", confidence, "fewer, %", confidence, "log-lik. gap"]
    return (
        f'<table><caption style="text-align: left">{caption}</caption>'
        f"<thead>{_row('th', heads)}</thead><tbody>{''.join(body)}</tbody></table>"
    )


def _cells(row: LevelSummary) -> list[str]:
    return [
        *(text.shown(value) for _, value in row.settings),
        f"{row.mean_iterations:.2f}",
        _interval(row.ci_low, row.ci_high, ".2f"),
        "" if row.speedup_percent is None else f"{row.speedup_percent:.1f}",
        _interval(row.speedup_ci_low, row.speedup_ci_high, ".1f"),
        "" if row.log_likelihood_gap is None else f"{row.log_likelihood_gap:.3f}",
    ]


def _interval(low: float | None, high: float | None, form: str) -> str:
    return "" if low is None or high is None else f"{low:{form}} to {high:{form}}"


def _row(tag: str, cells: Iterable[str], look: str = "") -> str:
    style = f' style="{look}"' if look else ""
    return f"<tr{style}>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"
