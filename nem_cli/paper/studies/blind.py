"""Does the screen matter?"""

from __future__ import annotations

from collections.abc import Sequence

from nem_cli.paper.studies.study import Finished, Study, fewest, noisy, where
from nem_cli.paper.studies.words import Verdict, against_em, count, of, speedup
from nem_cli.statistics.summary import Row


class Blind(Study):
    """Both modes, with the NEM condition and without."""

    name = "blind"
    alt = "Mean M-steps against the noise level for screened and blind noise, a panel for each mode."

    def answer(self, run: Finished) -> tuple[str, ...]:
        sentences, blind_rows = [], []
        for mode in run.modes():
            rows = noisy(where(run.summary, {"noise.injection": mode}))
            screened = fewest(where(rows, {"noise.screen": "every-component"}))
            blind = where(rows, {"noise.screen": "none"})
            blind_rows += blind
            (same,) = where(blind, {"sigma": screened.sigma})
            sentences.append(
                f"Screened {mode} noise at its best level, {screened.sigma:g}, {against_em(speedup(screened))}; the "
                f"same noise without the screen {against_em(speedup(same))}."
            )
        sentences.append("A best level is the lowest of a grid, so its saving is a little optimistic.")
        return (" ".join(sentences), _paper(blind_rows))


def _paper(rows: Sequence[Row]) -> str:
    slower, faster = count(rows, Verdict.SLOWER), count(rows, Verdict.FASTER)
    undecided = len(rows) - slower - faster
    counted = f"Blind noise was slower than EM at {of(slower, len(rows))}"
    if slower == len(rows):
        return f"{counted} levels. This agrees with the paper, by which blind noise only slows EM."
    counted += f", faster at {of(faster, len(rows))}, and not told from EM at {of(undecided, len(rows))} levels"
    if faster:
        return f"{counted}. So the paper's sentence that blind noise only slows EM doesn't hold at every level here."
    return f"{counted}. Nothing here contradicts the paper, by which blind noise only slows EM."
