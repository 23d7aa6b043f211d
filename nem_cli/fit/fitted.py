"""A mixture fitted to one data set."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from nem_cli.em.arrays import FloatArray
from nem_cli.em.family import Family
from nem_cli.em.latents.independent import Independent
from nem_cli.em.model import Model
from nem_cli.em.noise import Noise
from nem_cli.em.status import Status
from nem_cli.em.theta import Theta
from nem_cli.errors import ConfigError
from nem_cli.experiment import noise as named
from nem_cli.experiment.registry import families
from nem_cli.statistics.table import Column, Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STEPS = ("m_steps", "polish_steps", "total_m_steps", "total_polish_steps")
_COUNTS = ("samples", "restarts", "degenerate_restarts", *_STEPS)


@dataclass(frozen=True, eq=False, repr=False)
class Fit:
    """A mixture fitted to one data set; everything is in the data's unit.

    Parameters
    ----------
    family : Family
    weights, means, variances : ndarray of shape (K,)
        In the order of the means.
    log_likelihood : float
        Total natural log-likelihood of the data.
    samples : int
        How many values were fitted.
    noise : Noise
        What was injected, to the standardised data; sigma 0 is plain EM.
    m_steps : int
        M-steps until the stop rule held; the start isn't counted.
    polish_steps : int
        Further M-steps, without noise, until no parameter moved any more; 0 where there was no polish.
    status : Status
        How the last of them ended. A degenerate fit holds the last sound estimate.
    restarts, degenerate_restarts : int
        Starts tried, of which this fit is the best, and how many of them degenerated.
    total_m_steps, total_polish_steps : int
        Sums over all starts: what the fit cost.
    """

    family: Family
    weights: FloatArray
    means: FloatArray
    variances: FloatArray
    log_likelihood: float
    samples: int
    noise: Noise
    m_steps: int
    polish_steps: int
    status: Status
    restarts: int
    degenerate_restarts: int
    total_m_steps: int
    total_polish_steps: int

    def __repr__(self) -> str:
        return (
            f"Fit(family={self.family.name!r}, components={self.components}, log_likelihood={self.log_likelihood:.6g}, "
            f"status={self.status.label!r})"
        )

    @property
    def components(self) -> int:
        """K."""
        return len(self.weights)

    @property
    def theta(self) -> Theta:
        """The parameters of one trial, as Algorithm 1 takes them."""
        return Theta.of(1, weights=self.weights, means=self.means, variances=self.variances)

    @property
    def standard_deviations(self) -> FloatArray:
        """Of the components, shape (K,)."""
        return np.asarray(np.sqrt(self.variances))

    @property
    def free_parameters(self) -> int:
        """How many numbers were estimated; the last weight follows from the others."""
        return (1 + len(self.family.estimable)) * self.components - 1

    @property
    def aic(self) -> float:
        """Akaike's information criterion 2 p - 2 L (1974), p free parameters; smaller is better."""
        return 2 * self.free_parameters - 2 * self.log_likelihood

    @property
    def bic(self) -> float:
        """The Bayesian information criterion p log n - 2 L (Schwarz 1978); smaller is better."""
        return self.free_parameters * math.log(self.samples) - 2 * self.log_likelihood

    def responsibilities(self, y: ArrayLike) -> FloatArray:
        """p(Z = j | y), shape (n, K), for values of shape (n,); each row sums to 1."""
        row = np.asarray(y, dtype=float).reshape(1, -1)
        return Model(Independent(), self.family).posterior(row, self.theta).responsibilities[:, 0].T

    def densities(self, y: ArrayLike) -> FloatArray:
        """weights[j] f(y | j), shape (n, K), for values of shape (n,)."""
        row = np.asarray(y, dtype=float).reshape(1, -1)
        constants = np.log(self.theta.weights) + self.family.log_normaliser(self.theta)
        log_f = [self.family.log_density(row, self.theta, j, constants)[0] for j in range(self.components)]
        return np.asarray(np.exp(np.stack(log_f, axis=1)))

    def density(self, y: ArrayLike) -> FloatArray:
        """The mixture's density, shape (n,), for values of shape (n,)."""
        return np.asarray(self.densities(y).sum(axis=1))

    def table(self) -> Table:
        """The components, a row each, with as many decimals as give the largest spread four digits."""
        sd = self.standard_deviations
        form = f",.{max(0, 3 - math.floor(math.log10(np.ptp(self.means) + sd.max())))}f"
        columns = [Column("component", "d"), Column("weight", ".4f"), Column("mean", form), Column("sd", form)]
        rows = zip(range(1, len(sd) + 1), self.weights, self.means, sd, strict=True)
        return Table(columns, [list(row) for row in rows])

    def plot(self, y: ArrayLike, title: str = "", unit: str = "value") -> Figure:
        """The data's histogram, the fitted density and its components; a notebook shows what this returns."""
        from nem_cli.fit.figure import fit_figure  # matplotlib is slow to import

        return fit_figure(self, np.asarray(y, dtype=float).ravel(), title, unit)

    def record(self) -> dict[str, Any]:
        """As JSON has it: what can't be had is null, never NaN or infinite."""
        noise = self.noise
        numbers = {name: getattr(self, name) for name in ("log_likelihood", "aic", "bic")}
        return {
            "family": self.family.name,
            "components": self.components,
            **{name: getattr(self, name).tolist() for name in ("weights", "means", "standard_deviations", "variances")},
            **{name: value if math.isfinite(value) else None for name, value in numbers.items()},
            "status": self.status.label,
            **{name: getattr(self, name) for name in _COUNTS},
            "noise": {
                "injection": noise.injection.name,
                "sigma": noise.sigma,
                "screen": noise.screen.name,
                "on_reject": noise.on_reject,
                "decay": noise.decay,
            },
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Fit:
        """A fit from what `record` gives.

        Raises
        ------
        ConfigError
            If it isn't one.
        """
        try:
            likelihood = record["log_likelihood"]
            known: dict[str, Any] = {name: int(record[name]) for name in _COUNTS}
            known |= {name: np.array(record[name], dtype=float) for name in ("weights", "means", "variances")}
            return cls(
                family=families.get(record["family"]),
                log_likelihood=math.nan if likelihood is None else float(likelihood),
                noise=named.Noise(**record["noise"]).resolved(),
                status=Status[record["status"].upper().replace("-", "_")],
                **known,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ConfigError(f"isn't a fit that nem wrote: {type(error).__name__}: {error}") from None

    def _repr_html_(self) -> str:
        """The components as a table, for notebooks."""
        table = self.table()
        caption = f"{self!r}: {self.samples:,} values, BIC {self.bic:.2f}"
        return dataclasses.replace(table, caption=caption).html()


def load_fit(path: str | Path) -> Fit:
    """A fit from the ``fit.json`` that `nem fit --out` wrote.

    Raises
    ------
    ConfigError
        If there is no such file, or it holds none.
    """
    try:
        return Fit.from_record(json.loads(Path(path).read_text(encoding="utf-8"))["fit"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"can't be read as a fit: {error}", source=str(path)) from None
    except ConfigError as error:
        raise ConfigError(error.problem, source=str(path)) from None
