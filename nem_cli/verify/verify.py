"""`nem verify`: the theorem's condition along EM's path, beside the iteration counts that it doesn't speak of."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from nem_cli.em import algorithm
from nem_cli.em.arrays import FloatArray
from nem_cli.em.noise import Noise
from nem_cli.em.parameters import Parameters
from nem_cli.em.registry import families
from nem_cli.errors import ConfigError, RunError, SupportError
from nem_cli.experiment import folder as files
from nem_cli.experiment.block import data_and_starts, problem, start_rule
from nem_cli.experiment.config import Experiment
from nem_cli.experiment.load import load
from nem_cli.experiment.plan import NOISE, Level, stream
from nem_cli.statistics.published import OPTIMA
from nem_cli.verify.condition import Estimate, Measurement, measure
from nem_cli.verify.text import verify_csv
from nem_cli.verify.verification import Count, Verification

SAMPLES = 100_000
MAX_STEPS = 50
"""M-steps of EM's path that are measured; later ones have hardly any noise left."""
_VERIFY = 100
"""First element of the streams' spawn keys; those below are a run's."""
_REFERENCE, _TRUTH, _ESTIMATE, _DRAWN = range(4)


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
        If there is no sigma to measure at, or samples is below 2.
    RunError
        If EM makes no step from the experiment's start.
    """
    experiment = config if isinstance(config, Experiment) else load(files.find_config(config))
    if samples < 2:
        raise ConfigError("must be a whole number, 2 or more", source="--samples", value=samples)
    sigma = _sigma_of_interest(experiment) if sigma is None else sigma
    level = Level((("sigma", sigma),), sigma, experiment.trial_settings)
    own = problem(level).noise
    others = [name for name in ("none", "reversed") if name != own.condition.name]
    noises = [own, *(dataclasses.replace(own, screen=name) for name in others)]
    family = families.get(experiment.mixture.family)
    mixture = experiment.mixture
    truth = family.parameters(mixture.weights, mixture.means, mixture.variances)
    path = em_path(level, truth, samples, experiment.seed)
    from_truth = family.sample_mixture(stream(experiment.seed, _VERIFY, _TRUTH), truth, (1, samples))
    measurements: list[Measurement] = []
    left_out = []
    for number, noise in enumerate(noises):
        try:
            for k, theta in enumerate(path, start=1):
                drawn = family.sample_mixture(stream(experiment.seed, _VERIFY, _ESTIMATE, k), theta, (1, samples))
                rng = stream(experiment.seed, _VERIFY, _DRAWN, number, k)
                measurements.append(measure(rng, family, noise, k, truth, theta, from_truth, drawn))
                if progress:
                    progress(number * len(path) + k, len(noises) * len(path))
        except SupportError:
            left_out.append(noise.condition.name)
    measured = [noise for noise in noises if noise.condition.name not in left_out]
    kept = tuple(each for each in measurements if each.screen not in left_out)
    return Verification(
        experiment, sigma, samples, kept, tuple(_counts(level, experiment.seed, measured)), tuple(left_out)
    )


def em_path(level: Level, truth: Parameters, samples: int, seed: int) -> list[Parameters]:
    """theta_0, theta_1, ... of plain EM on one large sample: the estimates that a measured M-step starts from."""
    task = problem(level)
    rng = stream(seed, _VERIFY, _REFERENCE)
    y = task.family.sample_mixture(rng, truth, (1, samples))
    start = start_rule(level.trial.start, task.family).parameters(rng, task.family, y, truth, task.estimate)
    task = dataclasses.replace(task, noise=Noise(), max_iterations=min(task.max_iterations, MAX_STEPS))
    *path, _ = [step.theta for step in algorithm.steps(task, y, start, rng)]
    if not path:
        raise RunError("EM makes no step from this start: a component is degenerate there already")
    return path


def _sigma_of_interest(experiment: Experiment) -> float:
    swept = sorted({value for grid in experiment.sweep for value in grid.get("sigma", ()) if value > 0})
    if not swept:
        raise ConfigError("this experiment sweeps no sigma above 0; say at which to measure", source="--sigma")
    paper = OPTIMA.get(experiment.noise.injection)
    return paper.sigma if paper and paper.sigma in swept else float(swept[len(swept) // 2])


def _counts(level: Level, seed: int, noises: Sequence[Noise]) -> list[Count]:
    """Mean M-steps of the experiment's first block, paired with plain EM."""
    task = problem(level)
    y, start = data_and_starts(level, seed, 0)
    if len(y) < 2:  # one large trial a block has no standard error
        return []

    def iterations(noise: Noise) -> FloatArray:
        fits = algorithm.fit(dataclasses.replace(task, noise=noise), y, start, stream(seed, NOISE, 0))
        return fits.iterations.astype(float)

    plain = iterations(Noise())
    found = []
    for noise in noises:
        with suppress(SupportError):
            here = iterations(noise)
            found.append(Count(noise.condition.name, len(y), Estimate.of(here), Estimate.of(here - plain)))
    return found


def write(verification: Verification, folder: Path) -> None:
    """Write ``verify.csv`` and the figure, ``verify.png`` and ``verify.svg``, into a folder.

    Raises
    ------
    RunError
        If they can't be written.
    """
    from nem_cli.drawing.style import png, svg  # matplotlib is slow to import
    from nem_cli.verify.figure import verify_figure

    files.write(folder / "verify.csv", verify_csv(verification))
    figure = verify_figure(verification)
    files.write(folder / "verify.png", png(figure))
    files.write(folder / "verify.svg", svg(figure))
