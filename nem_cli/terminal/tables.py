"""A run on the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from nem_cli.experiment import describe
from nem_cli.statistics.run import Run
from nem_cli.statistics.summary import endings
from nem_cli.terminal import messages as terminal


def print_run(run: Run) -> None:
    """The table of a run's levels, one for each curve."""
    console = terminal.console()
    console.print(run.experiment.title or run.name, style="bold")
    for line in describe.protocol(run.experiment):
        console.print(line)
    whole = run.table(paths=["sigma"])
    names = [column.name for column in whole.columns]
    widths = [max(map(len, column)) for column in zip(names, *whole.cells(), strict=True)]
    for others, rows in groupby(run.rows, key=lambda row: row.others):
        if others:
            console.print(f"\n{describe.curve_name(others)}", style="bold")
        terminal.print_table(run.table(list(rows), ["sigma"]).rich(widths))
    console.print(
        "M-steps: mean over trials, the start isn't counted. Fewer: against EM (sigma 0) on the same data. "
        "Log-lik. gap: mean final log-likelihood minus EM's. Time: processor time a trial over EM's. "
        f"Intervals are bootstrap percentiles, pointwise; {endings(run.rows)}."
    )
    for line in notes(run):
        console.print(line)
    console.print(f"Written to {run.folder}", soft_wrap=True)


def notes(run: Run) -> Iterator[str]:
    """What a reader of the table must also know."""
    unsound = [row for row in run.rows if row.degenerate or row.max_iterations]
    if unsound:
        shown = "; ".join(
            f"{', '.join(describe.setting(path, value) for path, value in row.settings)}: "
            f"{'none' if row.mean_iterations_converged is None else format(row.mean_iterations_converged, '.2f')} "
            f"over {row.converged:,} of {row.trials:,}"
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
