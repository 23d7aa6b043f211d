"""The report's figures and tables of runs."""

from __future__ import annotations

from collections.abc import Sequence

from nem_cli.compare.comparison import Comparison, Difference
from nem_cli.compare.text import conclusion
from nem_cli.experiment.config import Experiment
from nem_cli.paper import pictures
from nem_cli.paper.findings import p_text
from nem_cli.paper.protocol_table import protocol_table
from nem_cli.paper.record import Record
from nem_cli.paper.section import Link, Section, Table
from nem_cli.statistics import published as paper


def figures(title: str, paragraphs: tuple[str, ...], records: Sequence[Record]) -> Section:
    """Runs side by side, in the layout of the paper's figures."""
    return Section(
        title, paragraphs, pictures=tuple(map(pictures.run_picture, records)), links=tuple(map(_csv, records))
    )


def blind(records: Sequence[Record], answers: Sequence[str]) -> Section:
    """Screened against blind noise: a figure a run and mode, under what was found."""
    return Section(
        "Blind noise",
        (
            "Both modes with the NEM condition and without any, on the same data. The horizontal scales of the modes "
            "differ: additive noise has the data's unit, multiplicative noise has none.",
            *answers,
        ),
        pictures=tuple(pictures.blind_picture(record, mode) for record in records for mode in paper.OPTIMA),
        links=tuple(map(_csv, records)),
    )


def comparison(named: Sequence[tuple[str, Comparison, str]]) -> Section:
    """The difference of the optimal mean counts: a table, and the bootstrap distributions.

    Parameters
    ----------
    named : sequence of (protocol, Comparison, address)
        The address is the comparison's folder relative to the page.
    """
    rows = tuple(
        _difference(protocol, design, found)
        for protocol, compared, _ in named
        for design, found in (("unpaired", compared.unpaired), ("paired", compared.paired))
    )
    published = ("the paper", "", "", *(each.text for each in paper.INTERVALS), paper.P_VALUE.written)
    return Section(
        "Additive against multiplicative noise",
        (
            "The optimum of each mode is chosen on the sweep; its mean count then comes from fresh trials with another "
            "seed, since the smallest of many means is on average smaller than the mean that it estimates. Unpaired is "
            "the paper's design. Paired uses the same data for both modes, which tells more with as many trials.",
            *(_sides(protocol, compared) for protocol, compared, _ in named),
            *(f"Protocol \u201c{protocol}\u201d. {conclusion(compared)}" for protocol, compared, _ in named),
        ),
        tables=(
            Table(
                ("Protocol, design", "difference", "s.e.", "90 % interval", "95 % interval", "99 % interval", "p"),
                (*rows, published),
                "Mean M-steps at the optimum, additive minus multiplicative. Percentile bootstrap; p two-sided, under "
                "the null, re-centred.",
            ),
        ),
        pictures=tuple(
            picture for protocol, compared, _ in named for picture in pictures.comparison_pictures(protocol, compared)
        ),
        links=tuple(Link(f"{protocol}: comparison.json", f"{at}/comparison.json") for protocol, _, at in named),
    )


def protocols(named: Sequence[tuple[str, Sequence[Experiment]]]) -> Section:
    """Every setting, and whether the paper states it."""
    rows = tuple(
        (setting.name, setting.paper or "not stated", *(f"{cell.value} [{cell.origin}]" for cell in setting.cells))
        for setting in protocol_table([experiments for _, experiments in named])
    )
    return Section(
        "The protocols: what the paper states and what was chosen",
        (
            "\u201cStated\u201d: the paper says so. \u201cChosen\u201d: the paper says nothing, the setting is ours. "
            "\u201cChosen, departs\u201d: the paper states something else. The companion protocol follows the authors' "
            "earlier paper in estimating fewer parameters; the data-driven one is what one would do on real data.",
        ),
        tables=(Table(("Setting", "The paper", *(name for name, _ in named)), rows),),
    )


def endings(records: Sequence[Record], *, studied: bool) -> Section:
    """How trials ended; `studied` where the studies are in the page."""
    rows = tuple(
        (
            record.name,
            *(f"{sum(getattr(row, name) for row in record.summary):,}"
              for name in ("trials", "converged", "max_iterations", "degenerate")),
        )
        for record in records
    )  # fmt: skip
    lost = sum(row.max_iterations + row.degenerate for record in records for row in record.summary)
    said = "None: every trial of these runs converged." if not lost else f"{lost:,}. They are counted in every mean."
    if studied:
        said += " Each study's figure says how its own trials ended."
    return Section(
        "Trials that didn't converge",
        (said,),
        tables=(Table(("Run", "trials", "converged", "reached the cap", "degenerate"), rows),),
    )


def made_with(records: Sequence[Record], command: Sequence[str], *, studied: bool) -> Section:
    """The manifest, and the commands; `studied` where the studies are in the page."""
    keys = ("nem", "git", "python", "numpy", "scipy", "joblib", "blas", "platform", "cpu", "backend", "jobs")
    common = tuple((key, _manifest_value(records, key)) for key in keys)
    rows = tuple(
        (
            record.name,
            str(record.manifest.get("seed", "")),
            str(record.manifest.get("config_sha256", ""))[:12],
            str(record.manifest.get("start", "")),
            str(record.manifest.get("end", "")),
        )
        for record in records
    )
    sweeps = [f"nem sweep {record.name} --trials {record.experiment.trials}" for record in records]
    return Section(
        "How it was made",
        (*(() if studied else ("The studies aren't in this page; nem figures --all adds them.",)), "The command:"),
        code=" ".join(command),
        tables=(
            Table(("Made with", ""), common, "Of all runs; where they differ, each value."),
            Table(
                ("Run", "seed", "config (sha256)", "start", "end"), rows, "Each run's folder has its whole manifest."
            ),
            Table(("One run alone", "command"), tuple(zip([r.name for r in records], sweeps, strict=True))),
        ),
        links=tuple(Link(f"{record.name}: manifest", f"{record.address}/manifest.json") for record in records),
    )


def _sides(protocol: str, compared: Comparison) -> str:
    sides = "; ".join(
        f"{side.mode} at σ* = {side.sigma:g}: {side.mean_iterations:.2f} M-steps, EM {side.em_mean_iterations:.2f} "
        f"(levels that can't be told from the best: {', '.join(f'{sigma:g}' for sigma in side.sweep.members)})"
        for side in (compared.a, compared.b)
    )
    return f"Protocol \u201c{protocol}\u201d, {compared.a.trials:,} fresh trials: {sides}."


def _difference(protocol: str, design: str, found: Difference) -> tuple[str, ...]:
    error = "" if found.standard_error is None else f"{found.standard_error:.3f}"
    ends = [found.interval(each.percent / 100) for each in paper.INTERVALS]
    intervals = ["" if each is None else f"{each.low:.2f} to {each.high:.2f}" for each in ends]
    return (f"{protocol}, {design}", f"{found.difference:+.3f}", error, *intervals, p_text(found.p_value))


def _csv(record: Record) -> Link:
    return Link(f"{record.name}: summary.csv", f"{record.address}/summary.csv")


def _manifest_value(records: Sequence[Record], key: str) -> str:
    values = dict.fromkeys(_shown(record.manifest.get(key)) for record in records)
    return "; ".join(values)


def _shown(value: object) -> str:
    if isinstance(value, dict):  # git: commit and whether dirty
        return f"{str(value.get('commit', ''))[:12]}{', changed since' if value.get('dirty') else ''}"
    return "not known" if value is None else str(value)
