"""The tables of `nem fit`."""

from __future__ import annotations

import math
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.table import Table

from nem_cli.fit.column import FittedColumn
from nem_cli.fit.fitted import Fit
from nem_cli.terminal import messages as terminal


def print_fit(fitted: FittedColumn, out: Path | None) -> None:
    """The best fit's components, and how NEM, EM and other numbers of components did."""
    console = terminal.console()
    column, best = fitted.column, fitted.best
    sd = float(column.values.std())
    place = f"{column.source}, {column.name}" if column.name else column.source
    mean = _number(float(column.values.mean()), sd)
    console.print(f"{place}: {len(column.values):,} values, mean {mean}, sd {_number(sd, sd)}", style="bold")
    for line in _method(fitted):
        console.print(line)
    if len(fitted.fits) > 1:
        terminal.print_table(_selection(fitted))
    terminal.print_table(_components(best, sd))
    terminal.print_table(_counts(fitted))
    over = f"; means over {best.restarts} starts, of which the best is shown" if best.restarts > 1 else ""
    console.print(
        f"M-steps: until the stop rule held, the start isn't counted. Polish: M-steps without noise after them{over}. "
        "BIC: smaller is better. Noise and tolerances refer to the standardised data."
    )
    if best.degenerate_restarts and best.restarts > 1:
        console.print(f"{best.degenerate_restarts} of {best.restarts} starts degenerated and couldn't be the best.")
    if out:
        console.print(f"Written to {out}", soft_wrap=True)


def _method(fitted: FittedColumn) -> list[str]:
    noise, settings = fitted.best.noise, fitted.settings
    unit = " sample sd" if noise.phi.name == "additive" else ""
    law = f"{noise.phi.name} noise, sigma {noise.sigma:g}{unit}"
    law += f", screen {noise.condition.name}, cooling k^-{noise.decay:g}"
    start = settings.get("start", "given values")
    tries = f", {settings['restarts']} restarts" if settings["restarts"] > 1 else ""
    polish = f"; then EM to max-change < 10^-{settings['polish_tol']:g}" if settings["polish"] else ""
    return [
        f"NEM: {law}" if noise.sigma else "plain EM (sigma 0)",
        f"start: {start}{tries}",
        f"stop: {settings['rule']} < 10^-{settings['tol']:g}{polish}",
    ]


def _components(fit: Fit, sd: float) -> Table:
    table = _table("component", "weight", "mean", "sd")
    for j, weight in enumerate(fit.weights):
        table.add_row(
            str(j + 1), f"{weight:.4f}", _number(fit.means[j], sd), _number(float(fit.standard_deviations[j]), sd)
        )
    return table


def _counts(fitted: FittedColumn) -> Table:
    table = _table("", "M-steps", "polish", "log-likelihood", "BIC", "ended")
    rows = [("NEM" if fitted.best.noise.sigma else "EM", fitted.best)] + ([("EM", fitted.em)] if fitted.em else [])
    for name, fit in rows:
        table.add_row(name, *_ending(fit))
    return table


def _selection(fitted: FittedColumn) -> Table:
    table = _table("components", "M-steps", "polish", "log-likelihood", "BIC", "ended", "")
    for fit in fitted.fits:
        best = fit is fitted.best
        table.add_row(str(fit.components), *_ending(fit), "best" if best else "", style="bold" if best else "")
    return table


def _ending(fit: Fit) -> list[str]:
    return [
        f"{fit.mean_m_steps:.1f}" if fit.restarts > 1 else str(fit.m_steps),
        f"{fit.mean_polish_steps:.1f}" if fit.restarts > 1 else str(fit.polish_steps),
        f"{fit.log_likelihood:.4f}" if math.isfinite(fit.log_likelihood) else "",
        f"{fit.bic:.2f}" if math.isfinite(fit.bic) else "",
        fit.status.label,
    ]


def _table(*heads: str) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1), collapse_padding=True)
    for head in heads:
        table.add_column(head, justify="left" if head in ("ended", "") else "right", no_wrap=True)
    return table


def _number(value: float, sd: float) -> str:
    """With as many decimals as give the sample's standard deviation four digits."""
    decimals = 3 - math.floor(math.log10(sd))
    return f"{value:,.{max(0, decimals)}f}" if -4 <= decimals <= 8 else f"{value:.6g}"
