"""A verification in words and as csv."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from nem_cli.verify.condition import Estimate, Measurement
from nem_cli.verify.verification import Count, Verdict, Verification

PROMISE = (
    "(10) and (12) are about Q on average at one M-step from a given estimate. A count of M-steps also depends on the "
    "start, the stop rule and all later steps: it measures something else."
)


def name(screen: str) -> str:
    """A screen's noise as a sentence calls it."""
    return "blind noise" if screen == "none" else f"{screen} noise"


def sentences(verification: Verification) -> list[str]:
    """What holds and what doesn't, a sentence or two a screen, then what that means."""
    said = []
    for screen in verification.screens:
        condition = verification.condition(screen)
        text = f"{name(screen).capitalize()}: (10) {_verdict(condition)}; "
        text += f"(12) with Y from the current estimate {_verdict(verification.benefit(screen))}."
        count = verification.count(screen)
        if count:
            text += f" {_counted(count)}{_parted(condition, count)}"
        said.append(text)
    said += [
        f"{name(screen).capitalize()} leaves the support of the family, where the log-likelihood is -inf: "
        "(10) fails without measuring."
        for screen in verification.left_out
    ]
    return [*said, PROMISE]


def verify_csv(verification: Verification) -> str:
    """``verify.csv``: a row a screen and M-step; means with standard errors, in nats."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    components = len(verification.experiment.mixture.weights)
    names = ["condition", *(f"component_{j}" for j in range(1, components + 1))]
    names += [f"{law}_{side}" for law in ("truth", "estimate") for side in ("left", "right", "difference")]
    columns = [column for name in names for column in (name, f"{name}_se")]
    writer.writerow(["screen", "k", "noise_scale", "injected", *columns])
    for row in verification.measurements:
        numbers = [number for each in _estimates(row) for number in (each.mean, each.standard_error)]
        writer.writerow([row.screen, row.k, repr(row.scale), repr(row.injected), *map(repr, numbers)])
    return buffer.getvalue()


def _estimates(row: Measurement) -> Iterator[Estimate]:
    yield row.condition
    yield from row.components
    for sides in (row.at_truth, row.at_estimate):
        yield from (sides.left, sides.right, sides.difference)


def _verdict(verdict: Verdict) -> str:
    steps = verdict.holds + verdict.fails + verdict.undecided
    if verdict.always:
        return f"holds at all {steps} M-steps"
    if verdict.fails == steps:
        return f"fails at all {steps} M-steps"
    parts = f"holds at {verdict.holds}, fails at {verdict.fails} and isn't decided at {verdict.undecided}"
    return f"{parts} of {steps} M-steps"


def _counted(count: Count) -> str:
    change = count.difference
    return (
        f"In {count.trials:,} trials it took {count.iterations.mean:.2f} M-steps on average, "
        f"{abs(change.mean):.2f} {'more' if change.mean > 0 else 'fewer'} than EM (95 % interval of the change "
        f"{change.low:.2f} to {change.high:.2f})"
    )


def _parted(condition: Verdict, count: Count) -> str:
    if condition.always and count.difference.low > 0:
        return ": a better Q on average at every step, and yet more steps."
    if condition.fails and count.difference.high < 0:
        return ": (10) fails, and yet there are fewer steps."
    return "."
