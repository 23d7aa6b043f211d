"""A mixture fitted to one data set."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from nem_cli.em.arrays import FloatArray, IntArray
from nem_cli.em.latents.markov import Markov
from nem_cli.em.model import Model
from nem_cli.em.noise import Noise
from nem_cli.em.status import Status
from nem_cli.em.theta import Theta
from nem_cli.errors import ConfigError
from nem_cli.experiment import noise as named
from nem_cli.fit.model import covariance_of, is_chain, model_of
from nem_cli.statistics.table import Cell, Column, Table

if TYPE_CHECKING:
    from nem_cli.drawing.style import Picture

_STEPS = ("m_steps", "polish_steps", "total_m_steps", "total_polish_steps")
_COUNTS = ("samples", "restarts", "degenerate_restarts", *_STEPS)


@dataclass(frozen=True, eq=False, repr=False)
class Fit:
    """A mixture, or a hidden Markov model, fitted to one data set; everything is in the data's unit.

    The parameters are attributes too, without the axis of trials: ``fit.means`` has shape (K,) or (K, d).

    Parameters
    ----------
    model : Model
    theta : Theta
        One trial; the components in the order of their means, by the first coordinate.
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

    model: Model
    theta: Theta
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

    def __getattr__(self, name: str) -> FloatArray:
        if name.startswith("__") or name == "theta":  # copy and pickle ask before there is anything
            raise AttributeError(name)
        if name not in self.theta.arrays:
            raise AttributeError(f"this fit has no {name}; its parameters are {', '.join(self.theta.names)}")
        return np.asarray(self.theta.arrays[name][0])

    def __repr__(self) -> str:
        kind = "chain" if is_chain(self.model) else "mixture"
        return (
            f"<Fit of a {self.model.family.name} {kind}: {self.components} components, log-likelihood "
            f"{self.log_likelihood:.6g}, {self.status.label}>"
        )

    @property
    def components(self) -> int:
        """K."""
        return self.model.components(self.theta)

    @property
    def standard_deviations(self) -> FloatArray:
        """Of the components, shape (K,), or (K, d) where they differ between coordinates."""
        if "covariances" in self.theta.names:
            return np.asarray(np.sqrt(np.einsum("kcc->kc", self.covariances)))
        return np.asarray(np.sqrt(self.variances))

    @property
    def free_parameters(self) -> int:
        """How many numbers were estimated, none that follows from others."""
        estimated = [each for each in self.model.parameters if each.name in self.model.estimable]
        return sum(each.free(self.theta.arrays[each.name]).size for each in estimated)

    @property
    def aic(self) -> float:
        """Akaike's information criterion 2 p - 2 L (1974), p free parameters; smaller is better."""
        return 2 * self.free_parameters - 2 * self.log_likelihood

    @property
    def bic(self) -> float:
        """The Bayesian information criterion p log n - 2 L (Schwarz 1978); smaller is better."""
        return self.free_parameters * math.log(self.samples) - 2 * self.log_likelihood

    @property
    def shares(self) -> FloatArray:
        """How often each component is there, shape (K,): the weights, or a chain's stationary law."""
        if not is_chain(self.model):
            return self.weights
        k = self.components
        balance = np.vstack([self.transitions.T - np.eye(k), np.ones(k)])
        return np.asarray(np.linalg.lstsq(balance, np.append(np.zeros(k), 1.0))[0])

    def responsibilities(self, y: ArrayLike) -> FloatArray:
        """p(Z = j | y), shape (n, K), for data of shape (n,) or (n, d), given all of a chain's; each row sums to 1."""
        return self.model.posterior(self._batch(y), self.theta).responsibilities[:, 0].T

    def states(self, y: ArrayLike) -> IntArray:
        """The likeliest component of each value, from 0 on, shape (n,); of a chain the likeliest path (Viterbi)."""
        if isinstance(self.model.latent, Markov):
            return np.asarray(self.model.latent.likeliest_path(self.model.family, self._batch(y), self.theta)[0])
        return np.asarray(self.responsibilities(y).argmax(axis=1))

    def densities(self, y: ArrayLike) -> FloatArray:
        """shares[j] f(y | j), shape (n, K), for values of shape (n,) or (n, d)."""
        log_f = self.model.family.log_densities(self._batch(y), self.theta, np.log(self.shares))
        return np.exp(log_f[:, 0].T)

    def density(self, y: ArrayLike) -> FloatArray:
        """The density of one value, shape (n,)."""
        return np.asarray(self.densities(y).sum(axis=1))

    def _batch(self, y: ArrayLike) -> FloatArray:
        """The data as one trial."""
        values = np.asarray(y, dtype=float)
        return values.reshape(1, len(values), -1) if self.model.family.dimensions else values.reshape(1, -1)

    def table(self, names: Sequence[str] = ()) -> Table:
        """The components, a row each or one for each coordinate, with four digits of the largest spread.

        Parameters
        ----------
        names : sequence of str
            Of the coordinates, where there are several.
        """
        means, k = self.means, self.components
        sd = np.broadcast_to(self.standard_deviations.reshape(k, -1), means.reshape(k, -1).shape)
        digits = max(0, 3 - math.floor(math.log10(np.ptp(means) + sd.max())))
        form, share = f",.{digits}f", "share" if is_chain(self.model) else "weight"
        columns = [Column("component", "d"), Column(share, ".4f"), Column("mean", form), Column("sd", form)]
        if means.ndim == 1:
            return Table(
                columns, [list(row) for row in zip(range(1, k + 1), self.shares, means, sd[:, 0], strict=True)]
            )
        names = names or [f"column {c + 1}" for c in range(means.shape[1])]
        columns.insert(2, Column("of"))
        correlated = "covariances" in self.theta.names
        rows: list[list[Cell]] = []
        for j in range(k):
            for c, name in enumerate(names):
                first: list[Cell] = [j + 1, float(self.shares[j])] if c == 0 else [None, None]
                rows.append([*first, name, float(means[j, c]), float(sd[j, c])])
                if correlated:
                    correlations = self.covariances[j, c, :c] / (sd[j, c] * sd[j, :c])
                    rows[-1].append(" ".join(f"{each:.2f}" for each in correlations))
        return Table([*columns, Column("correlations")] if correlated else columns, rows)

    def moves(self) -> Table:
        """A chain's transitions: from the component of a row to that of a column."""
        columns = [Column("from", "d"), *(Column(f"to {j + 1}", ".4f") for j in range(self.components))]
        return Table(columns, [[i + 1, *row] for i, row in enumerate(self.transitions.tolist())])

    def plot(self, y: ArrayLike, title: str = "", names: Sequence[str] = ()) -> Picture:
        """The data and what was fitted: histogram, pairs of columns, or a chain's states over time."""
        from nem_cli.fit.figure import fit_figure  # matplotlib is slow to import

        return fit_figure(self, self._batch(y)[0], title, names)

    def record(self) -> dict[str, Any]:
        """As JSON has it: what can't be had is null, never NaN or infinite."""
        noise = self.noise
        numbers = {name: getattr(self, name) for name in ("log_likelihood", "aic", "bic")}
        covariance = covariance_of(self.model)
        return {
            "family": "gaussian" if covariance else self.model.family.name,
            "covariance": covariance,
            "chain": is_chain(self.model),
            "components": self.components,
            **{each.name: self.theta.arrays[each.name][0].tolist() for each in self.model.parameters},
            "standard_deviations": self.standard_deviations.tolist(),
            **{name: value if math.isfinite(value) else None for name, value in numbers.items()},
            "status": self.status.label,
            **{name: getattr(self, name) for name in _COUNTS},
            "noise": {
                "injection": noise.injection.name,
                "sigma": noise.sigma,
                "screen": noise.screen.name,
                "on_reject": noise.on_reject,
                "decay": noise.decay,
                "enters": noise.enters,
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
            model = model_of(record["family"], record["covariance"], record["chain"])
            likelihood = record["log_likelihood"]
            counts: dict[str, Any] = {name: int(record[name]) for name in _COUNTS}
            return cls(
                model=model,
                theta=model.theta({each.name: record[each.name] for each in model.parameters}),
                log_likelihood=math.nan if likelihood is None else float(likelihood),
                noise=named.Noise(**record["noise"]).resolved(),
                status=Status[record["status"].upper().replace("-", "_")],
                **counts,
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
