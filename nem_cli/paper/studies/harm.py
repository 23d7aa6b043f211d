"""When does noise harm?"""

from __future__ import annotations

from collections.abc import Sequence

from nem_cli.drawing.axis import coordinate
from nem_cli.paper.studies.study import Finished, Study, noisy, where
from nem_cli.paper.studies.words import Verdict, against_em, count, listed, of, speedup, verdict
from nem_cli.statistics.summary import Row


class Harm(Study):
    """Start variances from far below to far above the true ones."""

    name = "harm"
    alt = "Heatmaps of the speed-up over EM by noise level and start variance, a panel for each mode."

    def answer(self, run: Finished) -> tuple[str, ...]:
        assert run.experiment.mixture.variances is not None
        truth = run.experiment.mixture.variances
        rows = noisy(run.summary)
        narrow = [row for row in rows if _start(row) < min(truth)]
        exact = [row for row in rows if min(truth) <= _start(row) <= max(truth)]
        wide = [row for row in rows if _start(row) > max(truth)]
        groups = (("below", narrow), ("at", exact), ("above", wide))
        first = " ".join(_group(name, group) for name, group in groups if group)
        second = [self._edge(run, mode) for mode in run.modes()]
        return (first, " ".join([*second, _meaning(narrow, wide)]))

    def _edge(self, run: Finished, mode: str) -> str:
        rows = noisy(where(run.summary, {"noise.injection": mode}))
        helped = [row for row in rows if verdict(speedup(row)) is Verdict.FASTER]
        if not helped:
            return f"{mode.capitalize()} noise helped nowhere on this grid."
        most = max(helped, key=lambda row: row.speedup_percent or 0)
        return (
            f"The smallest start variance from which {mode} noise helped is {min(map(_start, helped)):g}. It helped "
            f"most at level {most.sigma:g} with start variance {_start(most):g}, where it {against_em(speedup(most))}."
        )


def _start(row: Row) -> float:
    value = coordinate("start.variances", dict(row.settings)["start.variances"])
    assert value is not None
    return value


def _group(place: str, rows: Sequence[Row]) -> str:
    slower, faster = count(rows, Verdict.SLOWER), count(rows, Verdict.FASTER)
    parts = [f"slower than EM at {of(slower, len(rows))}"]
    if slower < len(rows):
        parts.append(f"faster at {of(faster, len(rows))}")
    known = [row.speedup_percent for row in rows if row.speedup_percent is not None]
    spread = f", between {_more(-max(known))} and {_more(-min(known))}" if known else ""
    return f"Started {place} the true variances, noise was {listed(parts)} levels{spread}."


def _more(percent: float) -> str:
    return f"{abs(percent):.0f} % {'more' if percent >= 0 else 'fewer'} M-steps"


def _meaning(narrow: Sequence[Row], wide: Sequence[Row]) -> str:
    harmed = bool(narrow) and count(narrow, Verdict.SLOWER) == len(narrow)
    if harmed and count(wide, Verdict.FASTER):
        return (
            "So the start decides: screened noise pulls outer points inwards, which helps where the variances must "
            "shrink and hurts where they must grow."
        )
    if count(wide, Verdict.FASTER) and count(narrow, Verdict.FASTER):
        return "So noise helped on both sides of the true variances."
    return "On this grid the side of the start alone doesn't decide whether noise helps."
