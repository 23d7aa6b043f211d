"""The best noise level and decay of each mode."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nem_cli.experiment.plan import Level
from nem_cli.paper.halving import Rung
from nem_cli.paper.section import Section, Table
from nem_cli.paper.studies import study
from nem_cli.paper.studies.study import Finished
from nem_cli.paper.studies.words import against_em, beyond, interval, listed, number
from nem_cli.statistics.effect import Effect
from nem_cli.statistics.estimate import Estimate
from nem_cli.sweep.figure import run_figure

NAME = "optimal-noise"
ALT = "Heatmaps of the speed-up over EM by noise level and decay, a panel for each mode."


@dataclass(frozen=True)
class BestNoise:
    """What the search found for one mode.

    Parameters
    ----------
    mode : str
    rungs : sequence of Rung
        The rounds of the search.
    sigma, decay : float
        The winner.
    effect : Effect
        The winner against EM, on fresh trials.
    paper_sigma, paper_decay : float
        The paper's optimum.
    paper : Effect
        The same on the same fresh trials.
    difference : Estimate
        The paper's level minus the winner in M-steps, paired.
    """

    mode: str
    rungs: Sequence[Rung[Level]]
    sigma: float
    decay: float
    effect: Effect
    paper_sigma: float
    paper_decay: float
    paper: Effect
    difference: Estimate


def section(run: Finished, found: Sequence[BestNoise]) -> Section:
    """The study's part of the report."""
    table = Table(
        ("Mode", "", "level", "decay", "M-steps", "EM", "fewer, %"),
        tuple(cells for best in found for cells in _cells(best)),
        f"On {found[0].effect.trials:,} fresh trials, 95 % intervals in brackets.",
    )
    figure = run_figure(run.experiment, run.summary)
    return study.section(run, figure, ALT, answer(found), (table,))


def answer(found: Sequence[BestNoise]) -> tuple[str, ...]:
    """The measured answer."""
    return (" ".join(_how(best) for best in found), " ".join(_result(best) for best in found))


def _how(best: BestNoise) -> str:
    last = best.rungs[-1]
    race = listed([f"{len(rung.levels)} levels on {rung.trials:,} trials" for rung in best.rungs])
    text = f"The search over {best.mode} noise raced {race}, all on common random numbers."
    if len(last.means) > 1:
        text += f" The last round's levels lie {number(max(last.means) - min(last.means), 2)} M-steps apart."
    return text


def _result(best: BestNoise) -> str:
    searched = best.rungs[0].levels
    text = (
        f"On {best.effect.trials:,} fresh trials the best {best.mode} noise, level {best.sigma:g} and decay "
        f"{best.decay:g}, {against_em(best.effect.speedup)}."
    )
    text += beyond(
        ("level", best.sigma, [level.sigma for level in searched]),
        ("decay", best.decay, [level.trial.noise.decay for level in searched]),
    )
    if (best.sigma, best.decay) == (best.paper_sigma, best.paper_decay):
        return f"{text} These are the paper's level and decay."
    text += (
        f" At the paper's level {best.paper_sigma:g} and decay {best.paper_decay:g} it "
        f"{against_em(best.paper.speedup)}; that costs {interval(best.difference, 2)} M-steps more"
    )
    if best.difference.low > 0:
        return f"{text}."
    return f"{text}, so no loss is shown." if best.difference.high >= 0 else f"{text}: the search missed a better one."


def _cells(best: BestNoise) -> list[tuple[str, ...]]:
    pairs = (
        ("found", best.sigma, best.decay, best.effect),
        ("the paper's", best.paper_sigma, best.paper_decay, best.paper),
    )
    return [
        (
            best.mode,
            name,
            f"{sigma:g}",
            f"{decay:g}",
            interval(effect.nem, 2),
            interval(effect.em, 2),
            interval(effect.speedup) if effect.speedup else "",
        )
        for name, sigma, decay, effect in pairs
    ]
