"""The family that the paper announces: does screened noise help exponential mixtures?"""

from __future__ import annotations

from nem_cli.experiment import describe as text
from nem_cli.paper.studies.best_level import best_level
from nem_cli.paper.studies.study import Finished, Study, noisy, values, where
from nem_cli.paper.studies.words import Verdict, against_em, count, of, verdict

AXIS = "start.means"


class Exponential(Study):
    """Additive noise on an exponential mixture, from starts above and below the truth."""

    name = "exponential"
    alt = "Mean M-steps against the noise level on an exponential mixture, a curve for each start."

    def answer(self, run: Finished) -> tuple[str, ...]:
        truth = run.experiment.mixture.means
        sentences: list[str] = []
        verdicts: dict[str, set[Verdict]] = {}
        for means in values(run.summary, AXIS):
            rows = noisy(where(run.summary, {AXIS: means}))
            best = best_level(run, rows)
            above = all(ours > true for ours, true in zip(means, truth, strict=True))
            below = all(ours < true for ours, true in zip(means, truth, strict=True))
            side = "above" if above else "below" if below else "beside"
            verdicts.setdefault(side, set()).add(verdict(best.speedup))
            slower = of(count(rows, Verdict.SLOWER), len(rows))
            sentences.append(
                f"Started at means {text.shown(means)}, {side} the true ones, the best noise, level "
                f"{best.row.sigma:g}, {against_em(best.speedup)}; noise was slower than EM at {slower} levels."
            )
        sentences.append("The best level was chosen on half of the trials and measured on the other half.")
        return (" ".join(sentences), _meaning(verdicts))


def _meaning(verdicts: dict[str, set[Verdict]]) -> str:
    start = "Here screened noise only makes data smaller"
    if verdicts.get("above") == {Verdict.FASTER} and Verdict.FASTER not in verdicts.get("below", set()):
        return f"{start}: it helps where the means must shrink, and not where they must grow."
    helped = [side for side, found in verdicts.items() if Verdict.FASTER in found]
    if not helped:
        return f"{start}, and it wasn't shown to help from any of these starts."
    return f"{start}, and it helped from some starts {' and '.join(helped)} the true means."
