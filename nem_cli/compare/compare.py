"""`nem compare`: the optimal mean counts of two runs, on fresh trials, and the bootstrap of their difference."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import numpy as np

from nem_cli.compare.comparison import Comparison, Side, optimum_stream, paired, side_means, unpaired
from nem_cli.compare.plan import Asked, Plan, plan
from nem_cli.experiment import folder as files
from nem_cli.experiment.config import Experiment
from nem_cli.experiment.runner import Workers
from nem_cli.statistics.optimum import OptimumSet, optimum_set
from nem_cli.statistics.run import Run
from nem_cli.statistics.table import Table
from nem_cli.sweep.outlook import outlook
from nem_cli.sweep.sweep import Shown, collect, sweep


def compare(
    a: str | Path | Experiment | Run,
    b: str | Path | Experiment | Run,
    *,
    bootstraps: int = 10_000,
    trials: int | None = None,
    seed: int | None = None,
    out: str | Path = files.RESULTS,
    fresh: bool = False,
    jobs: int | None = None,
    workers: Workers | None = None,
    progress: Shown = lambda title, *, unit="": nullcontext(),
    command: Sequence[str] = (),
) -> Comparison:
    """Compare the mean counts of two runs at their optima, and write ``OUT/comparison/A-vs-B/``.

    The optimum of each is the best sigma above 0 of its sweep. Its mean comes from fresh trials: the smallest of many
    means is, on average, smaller than the mean it estimates.

    Parameters
    ----------
    a, b : str, Path, Experiment or Run
        An injection mode (its figure config), a finished run or its folder, a config, or an experiment. Runs that are
        missing are made first, in ``OUT/NAME``.
    bootstraps : int
    trials : int, optional
        Fresh trials at each level; by default as many as in the larger of the two sweeps.
    seed : int, optional
        The fresh trials have seed + 1, those of the unpaired b seed + 2; by default the larger of the sweeps' seeds.
    out : str or Path
        The folder that holds the runs' folders.
    fresh : bool
        Throw away the runs and fresh trials that were made before; runs that were given stay.
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
    asked = plan(a, b, bootstraps=bootstraps, trials=trials, seed=seed, out=Path(out), fresh=fresh)
    return run_plan(asked, workers, progress, command)


def run_plan(asked: Plan, workers: Workers, progress: Shown, command: Sequence[str]) -> Comparison:
    """Run a comparison that is planned."""
    optima = [_optimum(each, asked, workers, progress, command) for each in (asked.a, asked.b)]

    def fresh(which: int, seed: int, name: str) -> Run:
        side = (asked.a, asked.b)[which]
        experiment = asked.experiment(side, seed, optima[which].best)
        with progress(f"{side.name}, fresh trials") as report:
            return collect(asked.folder / name, experiment, workers=workers, progress=report, fresh=asked.fresh)

    runs = [fresh(0, asked.seed + 1, "fresh-a"), fresh(1, asked.seed + 1, "fresh-b")]
    other = fresh(1, asked.seed + 2, "fresh-b-unpaired")
    a, b = (
        Side(
            name=each.name,
            experiment=each.experiment,
            optimum=optimum,
            em=run.counts(run.levels[0]),
            counts=run.counts(run.levels[1]),
            replicates=side_means(run.counts(run.levels[1]), asked.bootstraps, asked.seed),
        )
        for each, optimum, run in zip((asked.a, asked.b), optima, runs, strict=True)
    )
    found = Comparison(
        a,
        b,
        paired=paired(a.counts, b.counts, asked.bootstraps, asked.seed),
        unpaired=unpaired(a.counts, other.counts(other.levels[1]), asked.bootstraps, asked.seed),
        bootstraps=asked.bootstraps,
        seed=asked.seed,
    )
    _write(asked.folder, found)
    return found


def outlook_of(asked: Plan, workers: Workers) -> Table:
    """`--dry-run`: a row for each run that the comparison needs."""
    runs = [(side.name, side.experiment, side.finished) for side in (asked.a, asked.b)]
    for side, seed, design in ((asked.a, 1, "fresh"), (asked.b, 1, "fresh"), (asked.b, 2, "unpaired")):
        some_sigma = max(level.sigma for level in side.levels)
        runs.append((f"{side.name}, {design}", asked.experiment(side, asked.seed + seed, some_sigma), False))
    return outlook(runs, workers)


def _optimum(side: Asked, asked: Plan, workers: Workers, progress: Shown, command: Sequence[str]) -> OptimumSet:
    """The best level of a run, which is made where it is missing; results without a journal get theirs again."""
    again = asked.fresh and not side.given
    with progress(side.name) as report:
        if again or not side.finished:
            sweep(side.experiment, out=side.folder, workers=workers, fresh=again, progress=report, command=command)
        run = collect(side.folder, side.experiment, workers=workers, progress=report)
    noisy = [level for level in run.levels if level.sigma > 0]
    counts = np.column_stack([run.counts(level) for level in noisy])
    return optimum_set(counts, [level.sigma for level in noisy], optimum_stream(asked.seed))


def _write(folder: Path, found: Comparison) -> None:
    from nem_cli.compare.figure import comparison_figure  # matplotlib is slow to import
    from nem_cli.drawing.style import save_figure

    save_figure(comparison_figure(found), folder, "comparison")
    files.write(folder / "comparison.json", found.json() + "\n")
