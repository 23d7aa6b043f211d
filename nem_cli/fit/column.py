"""`nem fit` as a whole: fits of one column, plain EM beside them, and the files of the best."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nem_cli.em.noise import Noise
from nem_cli.errors import ConfigError
from nem_cli.experiment import folder as files
from nem_cli.fit import tables as fit_tables
from nem_cli.fit.data import Column
from nem_cli.fit.fit import fit
from nem_cli.fit.fitted import Fit
from nem_cli.fit.selection import best_by_bic


@dataclass(frozen=True)
class FittedColumn:
    """What `nem fit` found.

    Parameters
    ----------
    column : Column
    fits : tuple of Fit
        One for each number of components tried.
    best : Fit
        The one with the smallest BIC.
    em : Fit or None
        Plain EM from the same starts as `best`; None where there is nothing to compare.
    settings : dict
        The arguments of `nem_cli.fit` other than the data, the mixture and the noise.
    """

    column: Column
    fits: tuple[Fit, ...]
    best: Fit
    em: Fit | None
    settings: dict[str, Any]

    def json(self) -> str:
        """The result as JSON."""
        values = self.column.values
        record = {
            "source": self.column.source,
            "column": self.column.name,
            "mean": float(values.mean()),
            "standard_deviation": float(values.std()),
            "settings": self.settings,
            "fit": fit_tables.fit_record(self.best),
            "em": fit_tables.fit_record(self.em) if self.em else None,
            "selection": [fit_tables.fit_record(each) for each in self.fits] if len(self.fits) > 1 else None,
        }
        return json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False)


def fit_column(
    column: Column,
    mixtures: Sequence[int | Mapping[str, Any]],
    *,
    noise: Noise,
    compare_em: bool = True,
    **settings: Any,
) -> FittedColumn:
    """Fit one column.

    Parameters
    ----------
    column : Column
    mixtures : sequence of int or mapping
        Numbers of components, or one start by its values; of several the best BIC is `best`.
    noise : Noise
    compare_em : bool
        Fit plain EM too, from the same starts.
    **settings
        See `nem_cli.fit`.

    Raises
    ------
    ConfigError
        If the data or a setting is refused.
    RunError
        If several numbers of components were tried and every fit degenerated.
    """
    fits = tuple(_fit(column, mixture, noise=noise, **settings) for mixture in mixtures)
    best = best_by_bic(fits) if len(fits) > 1 else fits[0]
    chosen = mixtures[fits.index(best)]
    em = _fit(column, chosen, **settings) if compare_em and noise.sigma > 0 else None
    return FittedColumn(column, fits, best, em, settings)


def _fit(column: Column, mixture: int | Mapping[str, Any], **settings: Any) -> Fit:
    try:
        return fit(column.values, mixture, **settings)
    except ConfigError as error:
        if error.path != "y":
            raise
        raise ConfigError(error.problem, source=column.source, path=column.name, value=error.value) from None


def write_fit(fitted: FittedColumn, out: Path) -> None:
    """Write ``fit.json``, ``responsibilities.csv`` and the figure into a folder.

    Raises
    ------
    RunError
        If a file can't be written.
    """
    from nem_cli.drawing.style import png, svg
    from nem_cli.fit.figure import fit_figure  # matplotlib is slow to import

    column = fitted.column
    files.write(out / "fit.json", fitted.json() + "\n")
    files.write(out / "responsibilities.csv", fit_tables.responsibilities_csv(fitted.best, column.values))
    k = fitted.best.components
    title = f"{Path(column.source).name}: {len(column.values):,} values, {k} component{'' if k == 1 else 's'}"
    figure = fit_figure(fitted.best, column.values, title, column.name or "value")
    files.write(out / "figure.png", png(figure))
    files.write(out / "figure.svg", svg(figure))
