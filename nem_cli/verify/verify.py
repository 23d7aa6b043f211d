"""`nem verify`: the theorem's condition along EM's path, beside the iteration counts that it doesn't speak of."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nem_cli.em import algorithm
from nem_cli.em.noise import Noise
from nem_cli.em.theta import Theta
from nem_cli.errors import ConfigError, RunError, SupportError
from nem_cli.experiment import folder as files
from nem_cli.experiment.block import data_and_starts, problem, start_rule
from nem_cli.experiment.config import Experiment
from nem_cli.experiment.load import load
from nem_cli.experiment.plan import NOISE, Level, stream
from nem_cli.experiment.registry import screens
from nem_cli.statistics.estimate import Estimate, mean_estimate
from nem_cli.statistics.published import OPTIMA
from nem_cli.statistics.table import Cell, Column, Table
from nem_cli.verify.condition import Measurement, measure

SAMPLES = 100_000
MAX_STEPS = 50
"""M-steps of EM's path that are measured; later ones have hardly any noise left."""
_VERIFY = 100
"""First element of the streams' spawn keys; those below are a run's."""
_REFERENCE, _TRUTH, _ESTIMATE, _DRAWN = range(4)
_MEASURED = ("mixture", "chain")
"""Kinds of systems whose EM has the Q of the theorem."""


@dataclass(frozen=True)
class Count:
    """Mean M-steps over the trials of the experiment's first block.

    Parameters
    ----------
    difference : Estimate
        To plain EM on the same data; below 0 the noise saves M-steps.
    """

    screen: str
    trials: int
    iterations: Estimate
    difference: Estimate


@dataclass(frozen=True)
class Verdict:
    """At how many M-steps a quantity that the theorem wants at 0 or more is so, by its 95 % interval."""

    holds: int
    fails: int
    undecided: int

    @classmethod
    def of(cls, estimates: Sequence[Estimate]) -> Verdict:
        """It holds where the whole interval is at or above 0, and fails where the whole interval is below."""
        holds = sum(each.low >= 0 for each in estimates)
        fails = sum(each.high < 0 for each in estimates)
        return cls(holds, fails, len(estimates) - holds - fails)

    @property
    def steps(self) -> int:
        """M-steps measured."""
        return self.holds + self.fails + self.undecided


@dataclass(frozen=True, repr=False)
class Verification:
    """What `verify` found.

    Parameters
    ----------
    sigma : float
        Initial noise standard deviation.
    samples : int
        Of the reference sample, and of every expectation.
    measurements : tuple of Measurement
        By screen, the experiment's own first, then by M-step.
    counts : dict of str to Count
        By screen, where a block has several trials.
    left_out : tuple of str
        Screens without measurement, for their noise leaves the family's support: there the expectation in (10) is -inf.
    """

    experiment: Experiment
    sigma: float
    samples: int
    measurements: tuple[Measurement, ...]
    counts: dict[str, Count]
    left_out: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<Verification of {self.experiment.name} at sigma {self.sigma:g}: {', '.join(self.screens)}>"

    @property
    def screens(self) -> list[str]:
        """The screens measured, the experiment's own first."""
        return list(dict.fromkeys(each.screen for each in self.measurements))

    def of(self, screen: str) -> list[Measurement]:
        """One screen's measurements, in the order of the M-steps."""
        return [each for each in self.measurements if each.screen == screen]

    def condition(self, screen: str) -> Verdict:
        """Whether (10) holds along EM's path."""
        return Verdict.of([each.condition for each in self.of(screen)])

    def benefit(self, screen: str) -> Verdict:
        """Whether (12) holds along EM's path with Y from the current estimate, as the paper writes it."""
        return Verdict.of([each.at_estimate.difference for each in self.of(screen)])

    def table(self) -> Table:
        """``verify.csv``: a row a screen and M-step, in nats with 95 % intervals."""
        names = ["condition", *(f"component_{j + 1}" for j in range(len(self.measurements[0].components)))]
        names += [f"{law}_{side}" for law in ("truth", "estimate") for side in ("left", "right", "difference")]
        columns = [Column(name) for name in ("screen", "k", "noise_scale", "injected", *names)]
        rows: list[list[Cell]] = []
        for row in self.measurements:
            sides = [side for law in (row.at_truth, row.at_estimate) for side in (law.left, law.right, law.difference)]
            rows.append([row.screen, row.k, row.scale, row.injected, row.condition, *row.components, *sides])
        return Table(columns, rows)


def verify(
    config: str | Path | Experiment,
    *,
    sigma: float | None = None,
    samples: int = SAMPLES,
    progress: Callable[[int, int], None] | None = None,
) -> Verification:
    """Measure (10) and (12) along EM's path for the experiment's noise, and for blind and reversed noise.

    Parameters
    ----------
    config : str, Path or Experiment
    sigma : float, optional
        Initial noise standard deviation; by default the paper's optimum where the experiment sweeps it, else the
        middle one of its levels above 0.
    samples : int
        2 or more.
    progress : callable, optional
        Told of the measurements done and of all.

    Raises
    ------
    ConfigError
        If there is no sigma to measure at, samples is below 2, or the model is neither a mixture nor a chain.
    RunError
        If EM makes no step from the experiment's start.
    """
    experiment = config if isinstance(config, Experiment) else load(files.find_config(config))
    if experiment.system.kind not in _MEASURED:
        kinds = " and ".join(_MEASURED)
        raise ConfigError(f"can't be verified: {kinds} have the Q of (12), this doesn't", path=experiment.system.kind)
    if samples < 2:
        raise ConfigError("must be a whole number, 2 or more", path="`samples`", value=samples)
    sigma = _sigma_of_interest(experiment) if sigma is None else sigma
    level = Level((("sigma", sigma),), sigma, experiment.trial_settings)
    own = problem(level).noise
    others = [name for name in ("none", "reversed") if name != own.screen.name]
    noises = [own, *(dataclasses.replace(own, screen=screens.get(name)) for name in others)]
    model, truth = experiment.system.model(), experiment.system.truth()
    # A chain is measured on many sequences: samples of one depend on each other.
    length = experiment.sample_size if model.latent.whole else samples
    shape = (max(2, samples // length) if model.latent.whole else 1, length)
    path = em_path(level, truth, samples, experiment.seed)
    from_truth = model.sample(stream(experiment.seed, _VERIFY, _TRUTH), truth, shape)
    measured: list[Measurement] = []
    counts, left_out = {}, []
    for number, noise in enumerate(noises):
        rows = []
        try:
            for k, theta in enumerate(path, start=1):
                drawn = model.sample(stream(experiment.seed, _VERIFY, _ESTIMATE, k), theta, shape)
                rng = stream(experiment.seed, _VERIFY, _DRAWN, number, k)
                rows.append(measure(rng, model, noise, k, truth, theta, from_truth, drawn))
                if progress:
                    progress(number * len(path) + k, len(noises) * len(path))
            if level.block_trials > 1:  # one large trial a block has no interval
                counts[noise.screen.name] = _count(level, experiment.seed, noise)
            measured += rows
        except SupportError:
            left_out.append(noise.screen.name)
    return Verification(experiment, sigma, samples, tuple(measured), counts, tuple(left_out))


def em_path(level: Level, truth: Theta, samples: int, seed: int) -> list[Theta]:
    """theta_0, theta_1, ... of plain EM on one large sample: the estimates that a measured M-step starts from."""
    task = problem(level)
    rng = stream(seed, _VERIFY, _REFERENCE)
    y = task.model.sample(rng, truth, (1, samples))
    start = start_rule(level.trial.start, level.trial.system).theta(rng, task.model, y, truth, task.estimate)
    task = dataclasses.replace(task, noise=Noise(), max_iterations=min(task.max_iterations, MAX_STEPS))
    *path, _ = [step.theta for step in algorithm.steps(task, y, start, rng)]
    if not path:
        raise RunError("EM makes no step from this start: a component is degenerate there already")
    return path


def write(verification: Verification, folder: Path) -> None:
    """Write ``verify.csv`` and the figure, ``verify.png`` and ``verify.svg``, into a folder.

    Raises
    ------
    RunError
        If they can't be written.
    """
    from nem_cli.drawing.style import save_figure  # matplotlib is slow to import
    from nem_cli.verify.figure import verify_figure

    files.write_over(folder / "verify.csv", verification.table().csv())
    save_figure(verify_figure(verification), folder, "verify")


def _sigma_of_interest(experiment: Experiment) -> float:
    swept = experiment.noisy_sigmas
    if not swept:
        raise ConfigError("this experiment sweeps no sigma above 0; say at which to measure", path="`sigma`")
    paper = OPTIMA.get(experiment.noise.injection)
    return paper.sigma if paper and paper.sigma in swept else swept[len(swept) // 2]


def _count(level: Level, seed: int, noise: Noise) -> Count:
    """Mean M-steps of the experiment's first block, paired with plain EM."""
    y, start = data_and_starts(level, seed, 0)
    noisy, plain = (
        algorithm.fit(dataclasses.replace(problem(level), noise=each), y, start, stream(seed, NOISE, 0)).iterations
        for each in (noise, Noise())
    )
    return Count(noise.screen.name, len(y), mean_estimate(noisy), mean_estimate(noisy - plain))
