"""Where noise stands among accelerators: EM, NEM at its optimum and SQUAREM on the same data."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from nem_cli.experiment import describe as text
from nem_cli.experiment.config import Experiment
from nem_cli.paper.section import Link, Section, Table
from nem_cli.paper.studies.words import interval, listed, number
from nem_cli.statistics.estimate import Estimate

TITLE = "EM, NEM and SQUAREM"
SQUAREM = "SQUAREM"
SOURCE = "SQUAREM is scheme S3 of Varadhan and Roland, Scandinavian Journal of Statistics 35, 335-353 (2008)."


@dataclass(frozen=True)
class Contender:
    """One algorithm with one tolerance.

    Parameters
    ----------
    name : str
    tol : float
    evaluations : Estimate
        Of the EM map, each an E-step and an M-step.
    likelihoods : float
        Mean evaluations of the log-likelihood besides.
    behind : Estimate
        The maximum-likelihood fit's log-likelihood minus the final one, over trials that degenerated in neither.
    milliseconds : float
        Processor time a trial.
    more_than_squarem : Estimate
        Evaluations minus SQUAREM's on the same data, paired.
    below_squarem : Estimate
        SQUAREM's final log-likelihood minus this one's, paired.
    trials, unfinished : int
        Trials in all, and those that didn't converge.
    """

    name: str
    tol: float
    evaluations: Estimate
    likelihoods: float
    behind: Estimate
    milliseconds: float
    more_than_squarem: Estimate
    below_squarem: Estimate
    trials: int
    unfinished: int


def section(experiment: Experiment, contenders: Sequence[Contender], address: str) -> Section:
    """The part of the report.

    Parameters
    ----------
    experiment : Experiment
        The protocol.
    contenders : sequence of Contender
        SQUAREM among them, once a tolerance.
    address : str
        The folder of the csv file, relative to the page.
    """
    header = ("tol", "algorithm", "evaluations of the EM map", "of the log-likelihood besides",
              "log-likelihood below the ML fit's", "ms a trial", "not converged")  # fmt: skip
    caption = (
        f"{'; '.join(text.protocol(experiment)[:2])}. Means over {contenders[0].trials:,} trials, 95 % intervals in "
        f"brackets. NEM's noise is the best at tol {experiment.stop.tol:g}. Time: processor time."
    )
    rows = tuple(_cells(contender) for contender in contenders)
    links = (
        Link("context: context.csv", f"{address}/context.csv"),
        Link("context: summary.csv", f"{address}/summary.csv"),
    )
    return Section(TITLE, answer(experiment, contenders), tables=(Table(header, rows, caption),), links=links)


def answer(experiment: Experiment, contenders: Sequence[Contender]) -> tuple[str, ...]:
    """The measured answer."""
    tols = list(dict.fromkeys(contender.tol for contender in contenders))
    by_tol = [[contender for contender in contenders if contender.tol == tol] for tol in tols]
    how = (
        f"All have the same data, start and stop rule, {experiment.stop.rule}: the change from an estimate to its "
        "image under the EM map, noisy for NEM, must fall below 10^-tol."
    )
    return (f"{SOURCE} {how}", " ".join(_result(group) for group in by_tol), _meaning(by_tol))


def context_csv(contenders: Sequence[Contender]) -> str:
    """``context.csv``; times aren't in it, as they differ from run to run."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(
        [
            "tol", "algorithm", "trials", "evaluations", "evaluations_ci_low", "evaluations_ci_high",
            "likelihood_evaluations", "log_likelihood_below_fit", "log_likelihood_below_fit_ci_low",
            "log_likelihood_below_fit_ci_high", "not_converged",
        ]
    )  # fmt: skip
    for each in contenders:
        evaluations, behind = each.evaluations, each.behind
        writer.writerow(
            [
                each.tol, each.name, each.trials, evaluations.value, evaluations.low, evaluations.high,
                each.likelihoods, behind.value, behind.low, behind.high, each.unfinished,
            ]
        )  # fmt: skip
    return buffer.getvalue()


def _is_nem(contender: Contender) -> bool:
    return contender.name not in ("EM", SQUAREM)


def _squarem(group: Sequence[Contender]) -> Contender:
    (found,) = [contender for contender in group if contender.name == SQUAREM]
    return found


def _cells(contender: Contender) -> tuple[str, ...]:
    return (
        f"{contender.tol:g}",
        contender.name,
        interval(contender.evaluations, 2),
        number(contender.likelihoods, 2),
        interval(contender.behind, 4),
        number(contender.milliseconds, 3),
        f"{contender.unfinished:,}",
    )


def _result(group: Sequence[Contender]) -> str:
    squarem = _squarem(group)
    shown = listed([f"{contender.name} {number(contender.evaluations.value)}" for contender in group])
    paired = listed([_paired(contender) for contender in group if contender is not squarem])
    return f"At tol {squarem.tol:g} the mean evaluations are: {shown}. On the same data SQUAREM takes {paired}."


def _paired(contender: Contender) -> str:
    """SQUAREM's evaluations against another's."""
    more = contender.more_than_squarem
    if more.low > 0:
        return f"{interval(more)} fewer than {contender.name}"
    if more.high < 0:
        return f"{interval(Estimate(-more.value, -more.high, -more.low))} more than {contender.name}"
    return f"{interval(more)} fewer than {contender.name}, which shows no difference"


def _meaning(groups: Sequence[Sequence[Contender]]) -> str:
    """At which tolerances SQUAREM needs fewer evaluations than each NEM, and where the algorithms end."""
    fewer = [group for group in groups if all(each.more_than_squarem.low > 0 for each in group if _is_nem(each))]
    others = [group for group in groups if group not in fewer]
    nearer = [group for group in groups if all(each.below_squarem.low > 0 for each in group if _is_nem(each))]
    if not fewer:
        sentence = "SQUAREM isn't shown to need fewer evaluations than NEM here"
    elif not others:
        sentence = "SQUAREM needs fewer evaluations than NEM at every tolerance here"
    else:
        sentence = f"SQUAREM needs fewer evaluations than NEM at tol {_tols(fewer)}, but not at tol {_tols(others)}"
    if nearer:
        sentence += f"; it ends at a higher likelihood than NEM at tol {_tols(nearer)}"
    moral = " NEM is a phenomenon to study, not the fastest accelerator." if fewer else ""
    return f"{sentence}.{moral}"


def _tols(groups: Sequence[Sequence[Contender]]) -> str:
    return listed([f"{group[0].tol:g}" for group in groups])
