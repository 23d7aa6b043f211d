"""What the report says in words: numbers in it come from the runs or from the paper."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from nem_cli.compare.comparison import Comparison
from nem_cli.paper.claims import CONSTRUCTION, EVIDENCE, PARTLY, Row
from nem_cli.paper.record import Record
from nem_cli.paper.section import Section, Table
from nem_cli.paper.studies.words import of
from nem_cli.paper.verdict import Outcome
from nem_cli.statistics import published as paper
from nem_cli.statistics.summary import ENOUGH


def tally(rows: Sequence[Row]) -> list[str]:
    """How the verdicts fall, a sentence a protocol."""
    evidence = {id(row) for row in rows if row.claim.standing == EVIDENCE}
    sentences = []
    for name, findings in (("as stated", [row.stated for row in rows]), ("companion", [row.companion for row in rows])):
        pairs = list(zip(rows, findings, strict=True))
        fallen = {each: [row for row, found in pairs if found.verdict.outcome is each] for each in Outcome}
        reproduced = fallen[Outcome.REPRODUCED]
        sentences.append(
            f"Protocol \u201c{name}\u201d: of {len(rows)} rows {len(reproduced)} are reproduced "
            f"({sum(id(row) in evidence for row in reproduced)} of the {len(evidence)} that are evidence), "
            f"{len(fallen[Outcome.DIFFERS])} differ, {len(fallen[Outcome.UNCHECKABLE])} can't be checked."
        )
    return sentences


def few(trials: int) -> list[str]:
    """A warning where so few trials a level say little; else nothing."""
    return [f"With {trials} trials a level the intervals mean little, and so do the verdicts."] * (trials < ENOUGH)


def standing(rows: Sequence[Row], trials: int) -> Section:
    """Which rows are evidence, and how much; `trials` a level."""
    counts = {each: sum(row.claim.standing == each for row in rows) for each in (CONSTRUCTION, PARTLY, EVIDENCE)}
    return Section(
        "What is evidence, and what agrees by construction",
        (
            "The paper leaves out sample size, start, norm, tolerance and more. We chose them, for both protocols of "
            "the table, by a search over many combinations, so that EM takes about as many M-steps as in the paper and "
            "the speed-ups at the paper's noise levels come near. The search kept what agreed. It isn't part of this "
            "package, so what this section says of it can't be run again.",
            f"So the {counts[CONSTRUCTION]} rows marked \u201c{CONSTRUCTION}\u201d show that the paper's numbers can "
            "be had under natural settings. They say nothing about which settings the authors used, and another choice "
            f"would have given other numbers. The {counts[PARTLY]} rows marked \u201c{PARTLY}\u201d lie between: the "
            "search looked at the speed-up at the paper's level, not at which level is best.",
            f"The {counts[EVIDENCE]} rows marked \u201c{EVIDENCE}\u201d weren't aimed at by the search: the U, the "
            "harm from blind noise, and the sign and size of the difference between the modes. They aren't all equally "
            "free of it. A saving at the paper's level is one half of a U, so the harm at high levels is the half that "
            "tells; and two speed-ups near the paper's leave the difference between the modes less room. How the "
            "effect moves with the settings was left alone. Among the settings that the search drew at random, most "
            "showed NEM slower than EM at the paper's additive level.",
            "Rows aren't independent of each other, and the fewer the trials, the wider the intervals and the easier a "
            f"number is reproduced. Here are {trials:,} trials a level.",
        ),
    )


def accuracy(records: Sequence[Record]) -> Section:
    """A count is neither accuracy nor time."""
    rows = tuple(cells for record in records for cells in _costs(record))
    return Section(
        "A count is neither accuracy nor time",
        (
            "Fewer M-steps until the stop rule holds isn't the same accuracy in fewer M-steps. Noise that shrinks the "
            "data can end a trial further from the maximum of the likelihood. The table gives the mean final "
            "log-likelihood less EM's on the same data: below 0, NEM stopped at a worse fit.",
            _accuracy_fact(records),
            f"Noise must be drawn for each sample.{_price(records)} The last column is processor time a trial over "
            "EM's in the same run: above 1, the M-steps saved didn't save time here.",
            "NEM is a phenomenon to study, not the accelerator to reach for: SQUAREM (Varadhan and Roland 2008) speeds "
            "EM up without noise, and nem figures --all sets the two side by side on the same data.",
        ),
        tables=(
            Table(
                ("Run", "σ", "M-steps", "EM", "saved, %", "95 % interval", "log-lik. less EM's (s.e.)", "time / EM's"),
                rows,
                "At the paper's optimal level and, where another is lower, at the lowest point of the sweep. That "
                "point is the best of a grid, so its saving is optimistic; the verdict table has fresh trials.",
            ),
        ),
    )


def _accuracy_fact(records: Sequence[Record]) -> str:
    rows = [record.at(paper.OPTIMA[record.experiment.noise.injection].sigma) for record in records]
    gaps = [(row.log_likelihood_gap, row.log_likelihood_gap_se) for row in rows if row]
    lower = sum(gap is not None and bool(error) and gap < -2 * (error or 0) for gap, error in gaps)
    counted = of(lower, len(gaps))
    return f"At the paper's levels NEM ends lower than EM, by more than two standard errors, in {counted} runs."


def _price(records: Sequence[Record]) -> str:
    """What an iteration with noise costs, in iterations without."""
    prices = [
        ratio * record.em.mean_iterations / row.mean_iterations
        for record in records
        for row in [record.at(paper.OPTIMA[record.experiment.noise.injection].sigma)]
        if row and row.mean_iterations
        for ratio in [record.time_ratio(row)]
        if ratio is not None
    ]
    if not prices:
        return ""
    return (
        f" At the paper's levels an iteration with noise took {min(prices):.1f} to {max(prices):.1f} times the "
        "processor time of one without."
    )


def _costs(record: Record) -> Iterator[tuple[str, ...]]:
    published = record.at(paper.OPTIMA[record.experiment.noise.injection].sigma)
    for row in dict.fromkeys(each.sigma for each in (published, record.best) if each and each.sigma):
        yield _cost(record, row)


def _cost(record: Record, sigma: float) -> tuple[str, ...]:
    row = record.at(sigma)
    assert row is not None
    gap, error, ratio = row.log_likelihood_gap, row.log_likelihood_gap_se, record.time_ratio(row)
    return (
        record.name,
        f"{row.sigma:g}",
        f"{row.mean_iterations:.2f}",
        f"{record.em.mean_iterations:.2f}",
        "" if row.speedup_percent is None else f"{row.speedup_percent:.1f}",
        "" if row.speedup_ci_low is None else f"{row.speedup_ci_low:.1f} to {row.speedup_ci_high:.1f}",
        "" if gap is None else f"{gap:+.4f}" + (f" ({error:.4f})" if error is not None else ""),
        "" if ratio is None else f"{ratio:.2f}",
    )


def inconsistencies(stated: Comparison, companion: Comparison) -> Section:
    """Where the paper disagrees with itself."""
    text, caption = paper.interval(95), paper.CAPTION_INTERVAL
    error, p_value = paper.implied_standard_error(), paper.implied_p_value()
    additive, multiplicative = (paper.OPTIMA[mode].speedup for mode in ("additive", "multiplicative"))
    return Section(
        "Where the paper disagrees with itself",
        (
            f"The p-value {paper.P_VALUE.written} ({paper.P_VALUE.place}) doesn't follow from the paper's own "
            f"intervals. Half the width of the 95 % interval gives a standard error of {error:.3f}; with the centre, "
            f"{text.centre:.2f}, that is a two-sided p near {p_value:.2f}. The share of uncentred bootstrap "
            "differences at or above the observed one is near 0.5 by construction, whatever the data: ours is "
            f"{_share(stated)} as stated and {_share(companion)} in the companion protocol. The paper's number looks "
            "like such a share, which is no evidence for or against anything.",
            f"{additive.text} and {multiplicative.text} of {paper.EM_ITERATIONS.written} imply a difference of "
            f"{paper.implied_difference():.2f} M-steps. The intervals centre on {text.centre:.2f}.",
            f"The text gives the 95 % interval as {text.text} ({text.place}), the caption as {caption.text} "
            f"({caption.place}).",
            *_implied_trials("as stated", stated, error),
            *_implied_trials("companion", companion, error),
            "\u201cMost pronounced if the data is sparse\u201d (abstract) rests on a theorem, proved elsewhere, about "
            "noise that fits all samples at once. The noise here is chosen sample by sample; how its benefit moves "
            "with the sample size has to be measured.",
        ),
    )


def _share(comparison: Comparison) -> str:
    share = comparison.unpaired.p_value_uncentred
    return "not known" if share is None else f"{share:.3f}"


def _implied_trials(name: str, comparison: Comparison, error: float) -> Iterator[str]:
    ours, trials = comparison.unpaired.standard_error, comparison.a.trials
    if ours:
        needed = math.ceil(trials * (ours / error) ** 2)
        yield (
            f"Protocol \u201c{name}\u201d: the standard error of the unpaired difference is {ours:.3f} with {trials:,} "
            f"trials, so {ours * math.sqrt(trials / 100):.2f} with 100. The paper's {error:.3f} would take about "
            f"{needed:,} trials a level."
        )
