"""`nem fit`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nem_cli.terminal import messages as terminal
from nem_cli.terminal import options

if TYPE_CHECKING:
    from nem_cli.fit.outcome import Outcome


@terminal.command
def fit(
    data: Annotated[str | None, typer.Argument(help="A csv, text or .npy file; - is standard input.")] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--columns",
            "--column",
            "-c",
            metavar="A,B,...",
            help="Columns by name or number, or all. Repeatable.",
            show_default="the only one",
        ),
    ] = None,
    counts: Annotated[
        str | None, typer.Option("--counts", metavar="COLUMN", help="Column that says how often each value stands.")
    ] = None,
    drop_missing: Annotated[
        bool, typer.Option("--drop-missing", help="Leave out rows without a value, instead of refusing them.")
    ] = False,
    components: Annotated[int | None, typer.Option("--components", "-k", help="Number of components.")] = None,
    select: Annotated[
        str | None, typer.Option("--select", metavar="1:6", help="Choose the number of components by BIC.")
    ] = None,
    family: Annotated[str, typer.Option("--family", help="gaussian, exponential, poisson or your own.")] = "gaussian",
    covariance: Annotated[
        str | None,
        typer.Option("--covariance", help="Of several columns: spherical, diagonal or full.", show_default="full"),
    ] = None,
    chain: Annotated[bool, typer.Option("--chain", help="A hidden Markov model: the rows are a sequence.")] = False,
    injection: Annotated[str, typer.Option("--injection", help="additive, multiplicative or your own.")] = "additive",
    sigma: Annotated[
        float,
        typer.Option("--sigma", help="Initial noise standard deviation: sample sds if additive, else a factor."),
    ] = 0.0,
    screen: Annotated[
        str,
        typer.Option("--screen", help="every-component, posterior-average, mean-shift or none."),
    ] = "every-component",
    decay: Annotated[float, typer.Option("--decay", help="tau: noise cools as k^-tau over the iterations k.")] = 2.0,
    method: Annotated[
        str,
        typer.Option("--method", help="em, or squarem, anderson, quasi-newton, over-relaxed, annealed: without noise."),
    ] = "em",
    start: Annotated[
        str | None,
        typer.Option("--start", help="random-points, moments, or values with --means.", show_default="random-points"),
    ] = None,
    means: Annotated[
        str | None, typer.Option("--means", metavar="M1,M2,...", help="Start means, in the data's unit.")
    ] = None,
    sds: Annotated[
        str | None,
        typer.Option("--sds", metavar="S1,S2,...", help="Start standard deviations.", show_default="the sample's"),
    ] = None,
    weights: Annotated[
        str | None, typer.Option("--weights", metavar="W1,W2,...", help="Start weights.", show_default="equal")
    ] = None,
    restarts: Annotated[
        int | None,
        typer.Option("--restarts", help="Random starts; the best log-likelihood wins.", show_default="20"),
    ] = None,
    rule: Annotated[str, typer.Option("--rule", help="max-change, euclidean or log-likelihood.")] = "max-change",
    tol: Annotated[float, typer.Option("--tol", help="An exponent: the rule holds below 10^-tol.")] = 2.0,
    polish: Annotated[
        bool, typer.Option("--polish/--no-polish", help="Go on without noise after the rule held.")
    ] = True,
    polish_tol: Annotated[
        float, typer.Option("--polish-tol", help="Until no parameter changes by 10^-polish_tol.")
    ] = 6.0,
    max_iterations: Annotated[
        int, typer.Option("--max-iterations", help="Cap on M-steps, for NEM and polish each.")
    ] = 10_000,
    compare_em: Annotated[
        bool, typer.Option("--compare-em/--no-compare-em", help="With noise, fit plain EM from the same starts too.")
    ] = True,
    kind: Annotated[
        str | None,
        typer.Option("--bootstrap", metavar="KIND", help="Standard errors and intervals: parametric or nonparametric."),
    ] = None,
    resamples: Annotated[int, typer.Option("--resamples", help="Of the bootstrap.")] = 1000,
    predict: Annotated[
        str | None,
        typer.Option("--predict", metavar="NEW.csv", help="Responsibilities of other data, into --out."),
    ] = None,
    load: Annotated[
        Path | None,
        typer.Option("--load", metavar="fit.json", help="With --predict: a fit that --out wrote; no DATA."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the starts, of the noise and of the bootstrap.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            parser=options.folder,
            metavar="FOLDER",
            help="Write fit.json, responsibilities.csv, figure.png and figure.svg.",
        ),
    ] = None,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    """Fit a mixture, or a hidden Markov model, to your own data, with plain EM or with NEM.

    Gaussian data are standardised inside: (value - mean) / sd. Tolerances, and the sigma of additive noise, are
    therefore in sample standard deviations; multiplicative noise multiplies the standardised values, whose zero is the
    sample's mean, so that it doesn't depend on where the unit has its zero (Celsius or Kelvin). Results are in the
    data's unit.

    There is no noise unless --sigma says so: a noisy M-step doesn't end at a stationary point, and with the polish that
    takes the fit there NEM and EM need about as many M-steps to the same fit. --sigma 0.6 shows both on your data.

    \b
    Examples:
      nem fit faithful.csv --column waiting --components 2 --out results/faithful
      nem fit faithful.csv --columns all --select 1:4 --covariance full
      nem fit sequence.csv --chain --components 2 --out results/states
      nem fit data.txt --select 1:6 --bootstrap nonparametric
      nem fit --load results/faithful/fit.json --predict new.csv
      nem fit data.csv --means 55,80 --sds 6,6 --sigma 0.6
      cut -d, -f3 data.csv | nem fit - --components 3 --json
    """  # noqa: D301  (\b keeps the lines of the examples apart)
    from nem_cli.em.status import Status
    from nem_cli.errors import ConfigError, RunError
    from nem_cli.experiment.columns import read
    from nem_cli.experiment.folder import refuse_unwritable, write
    from nem_cli.experiment.noise import Noise
    from nem_cli.fit.fitted import load_fit
    from nem_cli.fit.outcome import fit_columns, responsibilities_csv, write_fit

    if out:
        refuse_unwritable(out)
    chosen = _split(columns or ())
    if load:
        if predict is None or data is not None:
            raise ConfigError("goes with --predict and without data", path="`load`", value=str(load))
        loaded, given = load_fit(load), read(predict, chosen, drop_missing=drop_missing)
        lines = responsibilities_csv(loaded, given.values, given.names)
        if out:
            write(out / "predictions.csv", lines)
        else:
            for line in lines:
                typer.echo(line, nl=False)
        return
    if data is None:
        raise ConfigError("give a file of data, or - for standard input", path="`data`")
    if predict and not out:
        raise ConfigError("needs --out for its file, or --load instead of data", path="`predict`", value=predict)
    new = read(predict, chosen, drop_missing=drop_missing) if predict else None
    mixtures = _mixtures(components, select, start, means, sds, weights)
    noise = Noise(injection, sigma, screen, decay)
    settings: dict[str, Any] = {
        "family": family,
        "covariance": covariance,
        "chain": chain,
        "restarts": restarts,
        "rule": rule,
        "tol": tol,
        "polish": polish,
        "polish_tol": polish_tol,
        "max_iterations": max_iterations,
        "method": method,
        "seed": seed,
    }
    if means is None:
        settings["start"] = start
    if counts and chosen == ["all"]:
        raise ConfigError("name the columns where another one holds counts", path="`columns`", value=",".join(chosen))
    given = read(data, [*chosen, *([counts] if counts else [])], drop_missing=drop_missing)
    outcome = fit_columns(
        given, mixtures, noise=noise, compare_em=compare_em, counted=counts is not None, kind=kind,
        resamples=resamples, **settings,
    )  # fmt: skip
    if out:
        write_fit(outcome, out)
    if out and new:
        write(out / "predictions.csv", responsibilities_csv(outcome.best, new.values, new.names))
    if json:
        typer.echo(outcome.json())
    elif not quiet:
        _print(outcome)
        if out:
            typer.echo(f"Written to {out}")
    if outcome.best.status == Status.DEGENERATE:
        raise RunError(f"{Status.DEGENERATE.sentence} Try fewer components, or more random starts with --restarts.")


def _print(outcome: Outcome) -> None:
    from nem_cli.fit.model import is_chain
    from nem_cli.fit.outcome import CLOSE
    from nem_cli.terminal.words import words

    console = terminal.console()
    console.print(words("fit", "head.txt", outcome=outcome, best=outcome.best))
    if len(outcome.fits) > 1:
        terminal.print_table(outcome.selection().rich())
    terminal.print_table(outcome.best.table(outcome.names).rich())
    if is_chain(outcome.best.model):
        terminal.print_table(outcome.best.moves().rich())
    if outcome.uncertainty:
        terminal.print_table(outcome.uncertainty.table(outcome.best).rich())
    terminal.print_table(outcome.counts().rich())
    console.print(words("fit", "notes.txt", outcome=outcome, best=outcome.best, margin=CLOSE))


def _mixtures(
    components: int | None,
    select: str | None,
    start: str | None,
    means: str | None,
    sds: str | None,
    weights: str | None,
) -> list[int | dict[str, Any]]:
    """Numbers of components, or one start by its values."""
    from nem_cli.errors import ConfigError

    given = [
        name
        for name, value in (("--components", components), ("--select", select), ("--means", means))
        if value is not None
    ]
    if means is None:
        if start == "values":
            raise ConfigError("values needs --means, and takes --sds and --weights", source="--start")
        if sds is not None or weights is not None:
            raise ConfigError("needs --means too", source="--sds" if sds is not None else "--weights")
    elif start not in (None, "values"):
        raise ConfigError("doesn't go with --means", source="--start", value=start)
    if len(given) != 1 and not (len(given) == 2 and given == ["--components", "--means"]):
        raise ConfigError(
            f"give just one of --components, --select 1:6 and --means; given: {', '.join(given) or 'none'}"
        )
    if select is not None:
        low, _, high = select.partition(":")
        if not (len(select) < 10 and low.isdecimal() and high.isdecimal() and 1 <= int(low) <= int(high) <= 1000):
            raise ConfigError("must look like 1:6, from 1 to at most 1000", source="--select", value=select)
        return list(range(int(low), int(high) + 1))
    if means is None:
        assert components is not None
        return [components]
    values: dict[str, Any] = {"means": _numbers("--means", means)}
    if components not in (None, len(values["means"])):
        raise ConfigError(f"gives {len(values['means'])} means, but --components is {components}", source="--means")
    if sds is not None:
        values["variances"] = [sd * abs(sd) for sd in _numbers("--sds", sds)]
    if weights is not None:
        values["weights"] = _numbers("--weights", weights)
    return [values]


def _split(columns: Iterable[str]) -> list[str]:
    """Names with commas between; a name that holds one goes by its number."""
    from nem_cli.errors import ConfigError

    chosen = [each.strip() for part in columns for each in part.split(",")]
    if not all(chosen):
        problem = "must be names or numbers with commas between, such as a,b"
        raise ConfigError(problem, path="`columns`", value=",".join(chosen))
    return chosen


def _numbers(option: str, written: str) -> list[float]:
    from nem_cli.errors import ConfigError

    try:
        return [float(part) for part in written.split(",")]
    except ValueError:
        raise ConfigError("must be numbers with commas between, such as 55,80", source=option, value=written) from None
