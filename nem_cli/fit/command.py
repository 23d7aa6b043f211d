"""`nem fit`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from nem_cli.terminal import messages as terminal
from nem_cli.terminal import options


@terminal.command
def fit(
    data: Annotated[str, typer.Argument(help="A csv, text or .npy file; - is standard input.")],
    column: Annotated[
        str | None, typer.Option("--column", "-c", help="Column, by name or number.", show_default="the only one")
    ] = None,
    components: Annotated[int | None, typer.Option("--components", "-k", help="Number of components.")] = None,
    select: Annotated[
        str | None, typer.Option("--select", metavar="1:6", help="Choose the number of components by BIC.")
    ] = None,
    injection: Annotated[str, typer.Option("--injection", help="additive, multiplicative or your own.")] = "additive",
    sigma: Annotated[
        float,
        typer.Option(
            "--sigma", help="Initial noise standard deviation: sample sds if additive, else a factor. 0 is EM."
        ),
    ] = 0.6,
    screen: Annotated[
        str,
        typer.Option("--screen", help="every-component, posterior-average, mean-shift or none."),
    ] = "every-component",
    decay: Annotated[float, typer.Option("--decay", help="tau: noise cools as k^-tau over the iterations k.")] = 2.0,
    start: Annotated[
        str | None,
        typer.Option("--start", help="moments, random-points, or values with --means.", show_default="moments"),
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
        int, typer.Option("--restarts", help="Starts with random-points; the best log-likelihood wins.")
    ] = 1,
    rule: Annotated[str, typer.Option("--rule", help="max-change, euclidean or log-likelihood.")] = "max-change",
    tol: Annotated[float, typer.Option("--tol", help="NEM stops where the rule is below 10^-tol.")] = 2.0,
    polish: Annotated[bool, typer.Option("--polish/--no-polish", help="Go on without noise after NEM.")] = True,
    polish_tol: Annotated[
        float, typer.Option("--polish-tol", help="Until no parameter changes by 10^-polish_tol.")
    ] = 6.0,
    max_iterations: Annotated[
        int, typer.Option("--max-iterations", help="Cap on M-steps, for NEM and polish each.")
    ] = 10_000,
    compare_em: Annotated[
        bool, typer.Option("--compare-em/--no-compare-em", help="Fit plain EM from the same starts too.")
    ] = True,
    seed: Annotated[int, typer.Option("--seed", help="Of the starts and of the noise.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FOLDER", help="Write fit.json, responsibilities.csv, figure.png and figure.svg."
        ),
    ] = None,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    """Fit a Gaussian mixture to your own data, with NEM and with plain EM.

    The data are standardised inside: (value - mean) / sd. Tolerances, and the sigma of additive noise, are therefore in
    sample standard deviations; multiplicative noise multiplies the standardised values, whose zero is the sample's
    mean, so that it doesn't depend on where the unit has its zero (Celsius or Kelvin). Results are in the data's unit.
    The default sigma is near the optimum of the data-driven experiment for additive noise; for multiplicative noise
    that is near 0.35.

    A noisy M-step doesn't end at a stationary point, so after NEM has stopped plain EM polishes the fit. Both counts
    are shown.

    \b
    Examples:
      nem fit faithful.csv --column waiting --components 2 --out results/faithful
      nem fit data.txt --select 1:6 --start random-points --restarts 20
      nem fit data.csv --means 55,80 --sds 6,6 --sigma 0
      cut -d, -f3 data.csv | nem fit - --components 3 --json
    """  # noqa: D301  (\b keeps the lines of the examples apart)
    from nem_cli.em.noise import Noise
    from nem_cli.em.status import Status
    from nem_cli.errors import RunError
    from nem_cli.experiment.folder import refuse_unwritable
    from nem_cli.fit.column import fit_column, write_fit
    from nem_cli.fit.data import read
    from nem_cli.fit.terminal_tables import print_fit

    if out:
        refuse_unwritable(out)
    mixtures = _mixtures(components, select, start, means, sds, weights)
    noise = Noise(injection, sigma, screen, decay)
    settings: dict[str, Any] = {"restarts": restarts, "rule": rule, "tol": tol, "polish": polish}
    settings |= {"polish_tol": polish_tol, "max_iterations": max_iterations, "seed": seed}
    if means is None:
        settings["start"] = start or "moments"
    fitted = fit_column(read(data, column), mixtures, noise=noise, compare_em=compare_em, **settings)
    if out:
        write_fit(fitted, out)
    if json:
        typer.echo(fitted.json())
    elif not quiet:
        print_fit(fitted, out)
    if fitted.best.status == Status.DEGENERATE:
        raise RunError(f"{Status.DEGENERATE.sentence} Try fewer components, or --start random-points with --restarts.")


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
        low, colon, high = select.partition(":")
        if not (colon and low.isdecimal() and high.isdecimal() and 1 <= int(low) <= int(high) <= 1000):
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


def _numbers(option: str, written: str) -> list[float]:
    from nem_cli.errors import ConfigError

    try:
        return [float(part) for part in written.split(",")]
    except ValueError:
        raise ConfigError("must be numbers with commas between, such as 55,80", source=option, value=written) from None
