"""The benchmark behind the README's performance section: `make bench`.

Times of a noisy machine mean little, so every figure is a ratio of two things that were timed in turn, in one process;
the table shows the median and the range over the repeats. Results go to results/benchmark.csv.
"""

from __future__ import annotations

import argparse
import csv
import math
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from commands import commands, memory, start_up
from figure import Figure, seconds
from plain import plain_em
from rich.console import Console
from rich.table import Table
from scipy import stats
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from systems import ratios

from nem_cli.em import algorithm
from nem_cli.em.families.gaussian import Gaussian
from nem_cli.em.latents.independent import Independent
from nem_cli.em.model import Model
from nem_cli.em.noise import Noise
from nem_cli.em.theta import Theta
from nem_cli.experiment import noise as named
from nem_cli.experiment.block import run_block
from nem_cli.experiment.load import load
from nem_cli.experiment.plan import levels
from nem_cli.experiment.registry import stop_rules
from nem_cli.experiment.runner import Workers
from nem_cli.experiment.shipped import shipped_configs
from nem_cli.statistics.bootstrap import resampled_means
from nem_cli.sweep.sweep import sweep

GAUSSIAN = Model(Independent(), Gaussian())
FLOOR_SAMPLES = 1 << 14


class Floor:
    """One exponential and one standard normal a sample, on arrays that fit the second-level cache."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(0)
        self.y = self.rng.standard_normal(FLOOR_SAMPLES)
        self.out = np.empty_like(self.y)

    def nanoseconds(self, passes: int = 60) -> float:
        def work() -> None:
            for _ in range(passes):
                np.exp(self.y, out=self.out)
                self.rng.standard_normal(out=self.out)

        return seconds(work) / passes / FLOOR_SAMPLES * 1e9


def fit_nanoseconds(noise: Noise, samples: int, components: int, steps: int = 10) -> float:
    """Our time a sample and M-step, for a block's worth of trials."""
    trials = max(1, min(1000, 200_000 // samples))
    rng = np.random.default_rng(1)
    theta = start(components, trials)
    y = GAUSSIAN.sample(rng, truth(components), (trials, samples))
    problem = algorithm.Problem(
        GAUSSIAN, noise, frozenset({"weights", "means", "variances"}), stop_rules.get("never"), 0, steps
    )
    return seconds(lambda: algorithm.fit(problem, y, theta, rng)) / (y.size * steps) * 1e9


def truth(components: int) -> Theta:
    """The paper's mixture for K = 2."""
    means = np.linspace(-1, 1, components) * components
    return Theta.of(weights=[1 / components] * components, means=means, variances=[4] * components)


def start(components: int, trials: int = 1) -> Theta:
    """The start of configs/anem.yaml for K = 2."""
    means = 1.5 * truth(components).means[0]
    return Theta.of(trials, weights=[1 / components] * components, means=means, variances=[9] * components)


def engine(repeats: int, floor: Floor) -> list[Figure]:
    modes = {
        "EM": Noise(),
        "additive 1.9, redraw": named.Noise("additive", 1.9).resolved(),
        "multiplicative 0.44, redraw": named.Noise("multiplicative", 0.44).resolved(),
        "additive 1.9, drop": named.Noise("additive", 1.9, on_reject="drop").resolved(),
        "additive 1.9, blind": named.Noise("additive", 1.9, "none").resolved(),
    }
    figures = []
    for samples in (200, 1000, 100_000):
        for components in (2, 3, 8):
            for name, noise in modes.items():
                pairs = [(fit_nanoseconds(noise, samples, components), floor.nanoseconds()) for _ in range(repeats)]
                label = f"{name}; {samples:,} samples, K {components}"
                figures.append(Figure("engine", label, "ns", tuple(ours for ours, _ in pairs)))
                figures.append(Figure("engine", f"{label}, over the floor", "ratio", tuple(a / b for a, b in pairs)))
    return figures


def figures_over_floor(repeats: int, floor: Floor) -> list[Figure]:
    """Compute of the two figure configs at one job against the floor of the M-steps that they did."""
    found = []
    for name in ("anem", "mnem"):
        experiment = load(shipped_configs()[name])
        plan = levels(experiment)
        ratios = []
        for _ in range(repeats):
            spent = needed = 0.0
            for level in plan:
                unit = floor.nanoseconds(20)
                began = time.perf_counter()
                table = run_block(level, experiment.seed, 0).trials
                spent += time.perf_counter() - began
                needed += unit * 1e-9 * int(table["iterations"].sum()) * experiment.sample_size
            ratios.append(spent / needed)
        found.append(Figure("floor", f"configs/{name}.yaml over the floor", "ratio", tuple(ratios), "at most 2.5"))
    return found


def against_others(repeats: int) -> list[Figure]:
    found = []
    for samples, trials, target in ((200, 40, "at least 60"), (1_000_000, 1, "at least 8")):
        ratios = []
        for _ in range(repeats):
            theirs = sklearn_nanoseconds(samples, trials)
            ratios.append(theirs / fit_nanoseconds(Noise(), samples, 2))
        label = f"scikit-learn over ours, EM, {samples:,} samples"
        found.append(Figure("others", label, "ratio", tuple(ratios), target))
    for name, noise in (("EM", Noise()), ("additive 1.9", named.Noise("additive", 1.9).resolved())):
        ratios = []
        for _ in range(repeats):
            ratios.append(plain_nanoseconds(noise.sigma) / fit_nanoseconds(noise, 200, 2))
        target = "at least 10" if noise.sigma else ""
        found.append(
            Figure("others", f"plain numpy loop over ours, {name}, 200 samples", "ratio", tuple(ratios), target)
        )
    return found


def sklearn_nanoseconds(samples: int, trials: int, steps: int = 10) -> float:
    rng = np.random.default_rng(2)
    theta = start(2)
    fits = [
        GaussianMixture(
            2, covariance_type="diag", tol=0, max_iter=steps, reg_covar=0, weights_init=theta.weights[0],
            means_init=theta.means[0][:, None], precisions_init=1 / theta.variances[0][:, None],
        )
        for _ in range(trials)
    ]  # fmt: skip
    data = [rng.normal(rng.choice([-2, 2], samples), 2)[:, None] for _ in range(trials)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        spent = seconds(lambda: [fit.fit(y) for fit, y in zip(fits, data, strict=True)])
    return spent / (trials * samples * steps) * 1e9


def plain_nanoseconds(sigma: float, samples: int = 200, trials: int = 100, steps: int = 10) -> float:
    rng = np.random.default_rng(3)
    data = [rng.normal(rng.choice([-2, 2], samples), 2) for _ in range(trials)]
    return seconds(lambda: [plain_em(rng, y, sigma, steps) for y in data]) / (trials * samples * steps) * 1e9


def jobs(repeats: int) -> list[Figure]:
    """Two jobs against one, on a run of more than 10 s."""
    experiment = load(shipped_configs()["data-driven-anem"], ["sample_size=4000"], trials=600)
    ratios = []
    for _ in range(max(1, repeats // 3)):
        spent = []
        for count in (1, 2):
            with tempfile.TemporaryDirectory() as folder:
                spent.append(seconds(lambda: sweep(experiment, out=Path(folder) / "run", workers=Workers(count))))  # noqa: B023
        ratios.append(spent[0] / spent[1])
    label = "jobs 1 over jobs 2, data-driven-anem, 4,000 samples, 600 trials"
    return [Figure("scaling", label, "ratio", tuple(ratios), "at least 1.85")]


def scaling(repeats: int) -> list[Figure]:
    """Is the time a sample and M-step constant in the sample size, and in the number of trials?"""
    noise = named.Noise("additive", 1.9).resolved()
    sizes = (100, 1000, 10_000, 100_000)
    by_size = [[fit_nanoseconds(noise, samples, 2) for samples in sizes] for _ in range(repeats)]
    spread = tuple(max(abs(each / np.mean(times) - 1) for each in times) for times in by_size)
    label = "time a sample and M-step, 100 to 100,000 samples: largest deviation from the mean"
    found = [Figure("scaling", label, "share", spread, "at most 0.2")]
    experiment = load(shipped_configs()["anem"], ["sweep.sigma=[1.9]"])
    level = levels(experiment)[1]
    counts = (1000, 10_000, 100_000)
    exponents = []
    for _ in range(max(1, repeats // 3)):
        costs = []
        for trials in counts:
            per_step = 0.0
            blocks = level.blocks(trials)
            steps = 0
            for block in range(blocks):
                done = run_block(level, experiment.seed, block)
                per_step += done.seconds
                steps += int(done.trials["iterations"].sum())
            costs.append(per_step)
        exponents.append(float(np.polyfit(np.log(counts), np.log(costs), 1)[0]))
    found.append(Figure("scaling", "exponent of cost against trials, 1e3 to 1e5", "exponent", tuple(exponents), "1"))
    return found


def accelerators(repeats: int) -> list[Figure]:
    """Processor time of an evaluation of EM's map with each method, likelihoods and all, over one of plain EM."""
    found = []
    for name in ("race", "race-five-parameter"):
        experiment = load(shipped_configs()[name], ["stop.max_iterations=40", "stop.tol=300"])
        capped = [level for level in levels(experiment) if not level.sigma and level.trial.stop.max_iterations == 40]
        by_method = {level.trial.method: level for level in capped}
        plain = by_method.pop("em")
        ratios: dict[str, list[float]] = {method: [] for method in by_method}
        for _ in range(max(1, repeats // 3)):
            for level in by_method.values():
                theirs, ours = (run_block(each, experiment.seed, 0) for each in (level, plain))
                prices = [block.seconds / int(block.trials["iterations"].sum()) for block in (theirs, ours)]
                ratios[level.trial.method].append(prices[0] / prices[1])
        found += [
            Figure("accelerators", f"{method} over EM, an evaluation, configs/{name}.yaml", "ratio", tuple(values))
            for method, values in ratios.items()
        ]
    return found


def bootstrap(repeats: int) -> list[Figure]:
    rng = np.random.default_rng(4)
    large = [rng.negative_binomial(6, 0.45, 10**6) + 1 for _ in range(2)]
    both = tuple(
        seconds(lambda: [resampled_means(each, 10_000, rng) for each in large]) for _ in range(max(1, repeats // 2))
    )
    found = [Figure("bootstrap", "10,000 bootstraps of the difference, 10^6 trials", "s", both, "at most 1.5")]
    small = [rng.negative_binomial(6, 0.45, 10**4) + 1 for _ in range(2)]
    ratios = []
    for _ in range(max(1, repeats // 3)):
        ours = seconds(lambda: np.subtract(*[resampled_means(each, 10_000, rng) for each in small]))
        theirs = seconds(
            lambda: stats.bootstrap(
                small, lambda a, b, axis: a.mean(axis=axis) - b.mean(axis=axis), n_resamples=10_000,
                method="percentile", vectorized=True, batch=100,
            )
        )  # fmt: skip
        ratios.append(theirs / ours)
    found.append(
        Figure("bootstrap", "scipy.stats.bootstrap over ours, 10^4 trials", "ratio", tuple(ratios), "at least 10")
    )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--out", type=Path, default=Path("results/benchmark.csv"))
    parser.add_argument("--only", nargs="*", default=[], help="groups, by the function's name")
    given = parser.parse_args()
    floor = Floor()
    groups: dict[str, Callable[[], list[Figure]]] = {
        "figures_over_floor": lambda: figures_over_floor(given.repeats, floor),
        "against_others": lambda: against_others(given.repeats),
        "systems": lambda: [Figure("systems", name, "ratio", *rest) for name, *rest in ratios(given.repeats)],
        "engine": lambda: engine(given.repeats, floor),
        "scaling": lambda: scaling(given.repeats),
        "jobs": lambda: jobs(given.repeats),
        "accelerators": lambda: accelerators(given.repeats),
        "commands": lambda: commands(given.repeats),
        "start_up": lambda: start_up(given.repeats),
        "bootstrap": lambda: bootstrap(given.repeats),
        "memory": memory,
    }
    figures = [Figure("floor", "the floor", "ns", tuple(floor.nanoseconds() for _ in range(given.repeats)))]
    for name, group in groups.items():
        if not given.only or name in given.only:
            print(f"{name} ...", file=sys.stderr, flush=True)
            figures += group()
    table = Table("figure", "median", "range", "unit", "target", title=f"{os.cpu_count()} cores")
    rows = []
    for figure in figures:
        low, high = min(figure.values), max(figure.values)
        digits = 3 if math.isfinite(figure.median) and figure.median < 10 else 1
        cells = [f"{value:.{digits}f}" for value in (figure.median, low, high)]
        if figure.group != "engine" or figure.unit == "ratio":  # the csv has the times as well
            table.add_row(figure.name, cells[0], f"{cells[1]} to {cells[2]}", figure.unit, figure.target)
        rows.append([figure.group, figure.name, *cells, len(figure.values), figure.unit, figure.target])
    Console(width=110).print(table)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    with given.out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["group", "figure", "median", "low", "high", "repeats", "unit", "target"])
        writer.writerows(rows)


if __name__ == "__main__":
    main()
