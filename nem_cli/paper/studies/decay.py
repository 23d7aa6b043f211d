"""How fast should noise cool?"""

from __future__ import annotations

from nem_cli.paper.studies.best_level import best_level
from nem_cli.paper.studies.study import Finished, Study, noisy, values, where
from nem_cli.paper.studies.words import Verdict, against_em, beyond, count, interval, of
from nem_cli.statistics.estimate import Estimate, mean_estimate
from nem_cli.statistics.published import DECAY
from nem_cli.statistics.summary import Row


class Decay(Study):
    """Noise levels and decays, in both modes."""

    name = "decay"
    alt = "Heatmaps of the speed-up over EM by noise level and decay, a panel for each mode."

    def answer(self, run: Finished) -> tuple[str, ...]:
        text = "Levels were chosen on half of the trials and measured on the other half."
        return (" ".join([*(self._mode(run, mode) for mode in run.modes()), text]),)

    def _mode(self, run: Finished, mode: str) -> str:
        rows = noisy(where(run.summary, {"noise.injection": mode}))
        decays = values(rows, "noise.decay")
        top = best_level(run, rows)
        text = (
            f"The best {mode} noise has decay {_tau(top.row):g} and level {top.row.sigma:g}: it "
            f"{against_em(top.speedup)}."
        )
        text += beyond(("level", top.row.sigma, values(rows, "sigma")), ("decay", _tau(top.row), decays))
        if DECAY.value in decays and _tau(top.row) != DECAY.value:
            paper = best_level(run, where(rows, {"noise.decay": DECAY.value}))
            text += _against_paper(paper.row.sigma, mean_estimate(paper.counts - top.counts))
        slowest = where(rows, {"noise.decay": min(decays)})
        return (
            f"{text} With the slowest cooling, decay {_tau(slowest[0]):g}, noise was slower than EM at "
            f"{of(count(slowest, Verdict.SLOWER), len(slowest))} levels."
        )


def _tau(row: Row) -> float:
    return float(dict(row.settings)["noise.decay"])


def _against_paper(sigma: float, difference: Estimate) -> str:
    """The paper's decay minus the best one, in M-steps, each at its best level."""
    more = f"takes {interval(difference, 2)} M-steps more"
    text = f" The paper's decay of {DECAY.written}, at its best level {sigma:g}, {more}"
    return f"{text}." if difference.low > 0 else f"{text}, which shows no loss."
