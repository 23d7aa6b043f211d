"""Does the benefit survive a tighter stop rule?"""

from __future__ import annotations

from matplotlib.figure import Figure

from nem_cli.drawing.curves import draw_curves
from nem_cli.drawing.frame import add_caption, add_legend
from nem_cli.drawing.style import style
from nem_cli.paper.section import Table
from nem_cli.paper.studies.study import Finished, Study, noisy, where
from nem_cli.paper.studies.words import interval, number, percent, speedup
from nem_cli.statistics.estimate import Estimate, mean_estimate
from nem_cli.statistics.summary import Row
from nem_cli.sweep.figure import caption


class Tolerance(Study):
    """M-steps of EM and NEM at tolerances from loose to tight."""

    name = "tolerance"
    alt = "Mean M-steps, and the share saved by noise, against the tolerance of the stop rule."

    def figure(self, run: Finished) -> Figure:
        drawn = run.experiment.figure.model_copy(update={"y": "speedup_percent", "log_y": False})
        shares = run.experiment.model_copy(update={"figure": drawn})
        with style():
            figure = Figure(figsize=(10, 5.2), layout="constrained")
            counts, saved = figure.subplots(1, 2)
            draw_curves(counts, run.experiment, run.summary)
            draw_curves(saved, shares, run.summary)
            add_legend(figure, [counts], title=run.experiment.title or self.name)
            add_caption(figure, caption(run.experiment, run.summary))
        return figure

    def answer(self, run: Finished) -> tuple[str, ...]:
        return tuple(self._mode(run, mode) for mode in run.modes())

    def _mode(self, run: Finished, mode: str) -> str:
        rows = sorted(noisy(where(run.summary, {"noise.injection": mode})), key=_tol)
        loose, tight = rows[0], rows[-1]
        parts = []
        for row in (loose, tight):
            em = _plain(run, row)
            lower = "at least " if em.max_iterations or row.max_iterations else ""
            saved = _saved(run, row)
            share = speedup(row)
            parts.append(
                f"at tol {_tol(row):g} EM takes {lower}{number(em.mean_iterations)} M-steps and {mode} noise of "
                f"{row.sigma:g} takes {lower}{number(row.mean_iterations)}, {interval(saved)} fewer"
                + (f" or {percent(share)}" if share else "")
            )
        return f"{parts[0][0].upper()}{parts[0][1:]}; {parts[1]}. {_trend(speedup(loose), speedup(tight))}"

    def tables(self, run: Finished) -> tuple[Table, ...]:
        header = ("tol", "mode", "EM, mean", "EM, median", "NEM, mean", "NEM, median", "fewer M-steps", "fewer, %",
                  "at the cap, EM and NEM")  # fmt: skip
        cells = []
        for row in sorted(noisy(run.summary), key=_tol):
            em = _plain(run, row)
            share = speedup(row)
            cells.append(
                (
                    f"{_tol(row):g}",
                    str(dict(row.settings)["noise.injection"]),
                    _mean(em),
                    number(em.median_iterations),
                    _mean(row),
                    number(row.median_iterations),
                    interval(_saved(run, row)),
                    interval(share) if share else "",
                    f"{em.max_iterations:,}, {row.max_iterations:,}",
                )
            )
        written = "A mean after a sign ≥ is a lower bound, as the cap cut trials short. 95 % intervals in brackets."
        return (Table(header, tuple(cells), written),)


def _tol(row: Row) -> float:
    return float(dict(row.settings)["stop.tol"])


def _plain(run: Finished, row: Row) -> Row:
    """EM with the same other settings."""
    (found,) = where(run.summary, dict(row.settings) | {"sigma": 0.0})
    return found


def _saved(run: Finished, row: Row) -> Estimate:
    """Paired: EM's M-steps minus the level's."""
    return mean_estimate(run.iterations(_plain(run, row)) - run.iterations(row))


def _mean(row: Row) -> str:
    return f"{'≥ ' if row.max_iterations else ''}{number(row.mean_iterations)}"


def _trend(loose: Estimate | None, tight: Estimate | None) -> str:
    if loose is None or tight is None:
        return ""
    if tight.high < loose.low:
        return "The share that noise saves shrinks as the tolerance tightens."
    if tight.low > loose.high:
        return "The share that noise saves grows as the tolerance tightens."
    return "These trials don't show that the share depends on the tolerance."
