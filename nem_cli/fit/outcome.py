"""`nem fit` as a whole: fits of one column, plain EM beside them, the choice among them, and its files."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nem_cli.em.arrays import FloatArray
from nem_cli.em.status import Status
from nem_cli.errors import ConfigError, RunError
from nem_cli.experiment import folder as files
from nem_cli.experiment.columns import Columns
from nem_cli.experiment.noise import Noise
from nem_cli.fit.bootstrap import Uncertainty, bootstrap
from nem_cli.fit.fit import fit
from nem_cli.fit.fitted import Fit
from nem_cli.fit.model import is_chain
from nem_cli.statistics.table import Column, Table, csv_line

CLOSE = 2.0
"""A BIC so near the best says hardly anything (Kass and Raftery 1995)."""
_ROWS_AT_ONCE = 50_000


@dataclass(frozen=True)
class Outcome:
    """What `nem fit` found.

    Parameters
    ----------
    source : str
        The file.
    names : tuple of str
        Of the columns; one of them may have none.
    y : ndarray of shape (n,) or (n, d)
        The columns; a row of the file each.
    dropped : int
        Rows left out because a value was missing.
    fits : tuple of Fit
        One for each number of components tried.
    best : Fit
        The one with the smallest BIC.
    em : Fit or None
        Plain EM from the same starts as `best`; None where there is nothing to compare.
    uncertainty : Uncertainty or None
        Of `best`, where that was asked for.
    settings : dict
        The arguments of `nem_cli.fit` other than the data, the mixture and the noise.
    """

    source: str
    names: tuple[str, ...]
    y: FloatArray
    dropped: int
    fits: tuple[Fit, ...]
    best: Fit
    em: Fit | None
    uncertainty: Uncertainty | None
    settings: dict[str, Any]

    @property
    def close(self) -> list[int]:
        """Other numbers of components whose BIC is nearly the best."""
        return [each.components for each in self.fits if each is not self.best and each.bic < self.best.bic + CLOSE]

    @property
    def at_the_end(self) -> bool:
        """Whether more components than were tried might be better still."""
        return len(self.fits) > 1 and self.best is self.fits[-1]

    def counts(self) -> Table:
        """What the fit cost, beside plain EM."""
        columns = [Column(""), *(Column(name, "d") for name in ("M-steps", "polish", "all starts"))]
        columns += [Column("log-lik.", ".3f"), Column("BIC", ".2f"), Column("ended")]
        fits = [each for each in (self.best, self.em) if each]
        return Table(columns, [["NEM" if each.noise.sigma else "EM", *_cost(each), *_quality(each)] for each in fits])

    def selection(self) -> Table:
        """The numbers of components tried."""
        names = [("K", "d"), ("all starts", "d"), ("AIC", ".2f"), ("log-lik.", ".3f"), ("BIC", ".2f"), ("ended", "")]
        rows = [[each.components, _cost(each)[2], each.aic, *_quality(each)] for each in self.fits]
        return Table([Column(*name) for name in names], rows, bold=frozenset([self.fits.index(self.best)]))

    def json(self) -> str:
        """The result as JSON."""
        record = {
            "source": self.source,
            "columns": list(self.names),
            "dropped": self.dropped,
            "settings": self.settings,
            "fit": self.best.record(),
            "em": self.em.record() if self.em else None,
            "bootstrap": dataclasses.asdict(self.uncertainty) if self.uncertainty else None,
            "selection": [each.record() for each in self.fits] if len(self.fits) > 1 else None,
        }
        return json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False, default=np.ndarray.tolist)


def _cost(fit: Fit) -> list[int]:
    return [fit.m_steps, fit.polish_steps, fit.total_m_steps + fit.total_polish_steps]


def _quality(fit: Fit) -> list[float | str]:
    return [fit.log_likelihood, fit.bic, fit.status.label]


def fit_columns(
    columns: Columns,
    mixtures: Sequence[int | Mapping[str, Any]],
    *,
    noise: Noise,
    compare_em: bool,
    counted: bool,
    kind: str | None,
    resamples: int,
    **settings: Any,
) -> Outcome:
    """Fit the columns of one file.

    Parameters
    ----------
    columns : Columns
        And their counts as a last one.
    mixtures : sequence of int or mapping
        Numbers of components, or one start by its values; of several the best BIC is `best`.
    compare_em : bool
        Fit plain EM too, from the same starts, where there is noise.
    counted : bool
        Whether the last column says how often each row stands in the data.
    kind, resamples
        As of `nem_cli.fit.bootstrap.bootstrap`; without a kind there is none.
    **settings
        See `nem_cli.fit`.

    Raises
    ------
    ConfigError
        If the data or a setting is refused.
    RunError
        If several numbers of components were tried and every fit degenerated.
    """
    values, names = columns.values, columns.names
    y, counts = (values[:, :-1], values[:, -1]) if counted else (values, None)
    names = names[:-1] if counted else names
    y = y[:, 0] if len(names) == 1 else y

    def fitted(mixture: int | Mapping[str, Any], noise: Noise | None) -> Fit:
        try:
            return fit(y, mixture, counts=counts, noise=noise, **settings)
        except ConfigError as error:
            called = {"y": ", ".join(names), "counts": columns.names[-1]}
            name, _, index = error.path.strip("`]").partition("[")
            if name not in called:
                raise
            row = f"value {int(index.split(',')[0]) + 1}" if index else ""
            path = ", ".join(part for part in (called[name], row) if part)
            raise ConfigError(error.problem, source=columns.source, path=path, value=error.value) from None

    fits = tuple(fitted(mixture, noise) for mixture in mixtures)
    sound = [each for each in fits if each.status != Status.DEGENERATE]
    if len(fits) > 1 and not sound:
        raise RunError("every fit degenerated; try fewer components, or other starts")
    best = min(sound, key=lambda each: each.bic) if sound else fits[0]
    em = fitted(mixtures[fits.index(best)], None) if compare_em and noise.sigma > 0 else None
    uncertainty = None
    if kind is not None and best.status != Status.DEGENERATE:
        seed = settings.get("seed", 0)
        uncertainty = bootstrap(best, y, counts=counts, kind=kind, resamples=resamples, seed=seed)
    return Outcome(columns.source, names, y, columns.dropped, fits, best, em, uncertainty, settings)


def write_fit(outcome: Outcome, out: Path) -> None:
    """Write ``fit.json``, ``responsibilities.csv`` and the figure into a folder.

    Raises
    ------
    RunError
        If a file can't be written.
    """
    from nem_cli.drawing.style import save_figure  # matplotlib is slow to import

    best, y = outcome.best, outcome.y
    files.write_over(out / "fit.json", outcome.json() + "\n")
    files.write(out / "responsibilities.csv", responsibilities_csv(best, y, outcome.names))
    title = f"{Path(outcome.source).name}: {best.samples:,} values, K = {best.components}"
    save_figure(best.plot(y, title, [name for name in outcome.names if name]), out)


def responsibilities_csv(fit: Fit, y: FloatArray, names: Sequence[str]) -> Iterator[str]:
    """A row a value in the order of the data, in chunks: the value, p(Z = j | y) for every j, and the likeliest j.

    Of a chain the last column is the likeliest path, which needn't go through the likeliest states.
    """
    heads = [name or "value" for name in names] + [f"responsibility_{j + 1}" for j in range(fit.components)]
    yield csv_line([*heads, "state" if is_chain(fit.model) else "component"])
    r, likeliest = fit.responsibilities(y), 1 + fit.states(y)
    columns = y.reshape(len(y), -1)
    for first in range(0, len(y), _ROWS_AT_ONCE):
        part = slice(first, first + _ROWS_AT_ONCE)
        numbers = np.concatenate([columns[part], r[part]], axis=1).tolist()
        yield "".join(
            f"{','.join(map(repr, row))},{j}\n" for row, j in zip(numbers, likeliest[part].tolist(), strict=True)
        )
