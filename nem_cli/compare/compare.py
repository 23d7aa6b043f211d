"""`nem compare`: the optimal mean counts of two runs, on fresh trials, and the bootstrap of their difference."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nem_cli.compare import comparison as analysis
from nem_cli.compare.comparison import Comparison, Counts
from nem_cli.compare.plan import Asked, Plan, plan
from nem_cli.compare.text import comparison_json
from nem_cli.experiment import folder as files
from nem_cli.experiment.config import Experiment
from nem_cli.experiment.plan import levels
from nem_cli.experiment.runner import Workers
from nem_cli.statistics.optimum import OptimumSet, optimum_set
from nem_cli.sweep.estimate import estimate
from nem_cli.sweep.sweep import Shown, collect, sweep


def compare(
    a: str | Path | Experiment,
    b: str | Path | Experiment,
    *,
    bootstraps: int = 10_000,
    trials: int | None = None,
    seed: int | None = None,
    anew: bool = False,
    root: Path = files.RESULTS,
    jobs: int | None = None,
    workers: Workers | None = None,
    progress: Shown = lambda title: nullcontext(),
    command: Sequence[str] = (),
) -> Comparison:
    """Compare the mean counts of two runs at their optima, and write ``ROOT/comparison/A-vs-B/``.

    The optimum of each is the best sigma above 0 of its sweep. Its mean comes from fresh trials: the smallest of many
    means is, on average, smaller than the mean it estimates.

    Parameters
    ----------
    a, b : str, Path or Experiment
        An injection mode (its figure config), a finished run's folder, a config, or an experiment. Runs that are
        missing are made first, in ``ROOT/NAME``.
    bootstraps : int
    trials : int, optional
        Fresh trials at each level; by default as many as in the larger of the two sweeps.
    seed : int, optional
        The fresh trials have seed + 1, those of the unpaired b seed + 2; by default the larger of the sweeps' seeds.
    anew : bool
        Throw away the runs and fresh trials that were made before; folders that were given stay.
    root : Path
        The folder that holds the runs' folders.
    jobs : int, optional
        Blocks at once; short for ``workers=Workers(jobs)``. All cores by default.
    workers : Workers, optional
        Where blocks run.
    progress : callable, optional
        Opens a progress display of that title.
    command : sequence of str
        What the manifests of new runs say made them.

    Raises
    ------
    ConfigError
        If an argument is refused, or the two differ in more than noise; nothing is run then.
    RunError
        If a run can't go on; what it finished is kept.
    """
    workers = Workers.of(workers, jobs)
    asked = plan(a, b, bootstraps=bootstraps, trials=trials, seed=seed, root=root, anew=anew)
    return run_plan(asked, workers, progress, command)


def run_plan(asked: Plan, workers: Workers, progress: Shown, command: Sequence[str]) -> Comparison:
    """Run a comparison that is planned."""
    sides = (asked.a, asked.b)
    for side in sides:
        again = asked.anew and not side.given
        if again or not side.finished:
            with progress(side.name) as report:
                sweep(side.experiment, out=side.folder, workers=workers, fresh=again, progress=report, command=command)
    optima = [_optimum(side, asked.seed, workers, progress) for side in sides]

    def fresh(index: int, seed: int, name: str) -> Counts:
        experiment = asked.fresh(sides[index], seed, optima[index].best)
        title = f"{sides[index].name}, fresh trials"
        counts = _counts(asked.folder / name, experiment, workers, progress, title, asked.anew)
        return Counts(em=counts[:, 0], optimum=counts[:, 1])

    fresh_a, fresh_b = fresh(0, asked.seed + 1, "fresh-a"), fresh(1, asked.seed + 1, "fresh-b")
    other_b = fresh(1, asked.seed + 2, "fresh-b-unpaired")
    a, b = (
        analysis.side(each.name, each.experiment, optimum, counts, asked.bootstraps, asked.seed)
        for each, optimum, counts in zip(sides, optima, (fresh_a, fresh_b), strict=True)
    )
    found = Comparison(
        a,
        b,
        paired=analysis.paired(fresh_a.optimum, fresh_b.optimum, asked.bootstraps, asked.seed),
        unpaired=analysis.unpaired(fresh_a.optimum, other_b.optimum, asked.bootstraps, asked.seed),
        bootstraps=asked.bootstraps,
        seed=asked.seed,
    )
    _write(asked.folder, found)
    return found


def estimates(asked: Plan, workers: Workers) -> list[str]:
    """`--dry-run`: a sentence for each run that the comparison needs."""
    sentences = [
        f"{side.name}: finished, in {side.folder}" if side.finished else estimate(side.experiment, workers)
        for side in (asked.a, asked.b)
    ]
    for side, seed, design in ((asked.a, 1, ""), (asked.b, 1, ""), (asked.b, 2, ", unpaired")):
        some_sigma = max(level.sigma for level in levels(side.experiment))
        fresh = asked.fresh(side, asked.seed + seed, some_sigma)
        sentences.append(f"fresh trials{design}, {estimate(fresh, workers)}")
    return sentences


def _optimum(side: Asked, seed: int, workers: Workers, progress: Shown) -> OptimumSet:
    """The best level of a run, from its journal; results that came without one are run again beside them."""
    counts = _counts(side.folder, side.experiment, workers, progress, side.name)
    sigmas = np.array([level.sigma for level in levels(side.experiment)])
    return optimum_set(counts[:, sigmas > 0], sigmas[sigmas > 0].tolist(), analysis.optimum_stream(seed))


def _counts(
    folder: Path, experiment: Experiment, workers: Workers, progress: Shown, title: str, fresh: bool = False
) -> NDArray[np.integer]:
    """M-steps (trials, levels) of an experiment; a journal in the folder keeps them for the next time."""
    with progress(title) as report:
        run = collect(folder, experiment, workers=workers, progress=report, fresh=fresh)
    return np.column_stack([run.counts(level) for level in run.levels])


def _write(folder: Path, found: Comparison) -> None:
    from nem_cli.compare.figure import comparison_figure  # matplotlib is slow to import
    from nem_cli.drawing.style import save_figure

    save_figure(comparison_figure(found), folder, "comparison")
    files.write(folder / "comparison.json", comparison_json(found) + "\n")
