"""`nem sweep`: an experiment from its config to its folder of results."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from nem_cli.errors import ConfigError, FolderError, NemWarning
from nem_cli.experiment import folder as files
from nem_cli.experiment.config import Experiment
from nem_cli.experiment.identity import refuse_other
from nem_cli.experiment.journal import Journal
from nem_cli.experiment.load import load
from nem_cli.experiment.lock import FolderLock
from nem_cli.experiment.manifest import manifest
from nem_cli.experiment.plan import Level, levels, swept_paths
from nem_cli.experiment.runner import Workers
from nem_cli.statistics import tables
from nem_cli.statistics.run import Run
from nem_cli.statistics.summary import LevelSummary, Outcomes, summarise
from nem_cli.sweep.precision import Precision

__all__ = ["Progress", "Run", "draw", "outcomes", "run_levels", "sweep"]

Progress = Callable[[int, int], None]
"""Called with the trials done and the trials in all."""

Shown = Callable[[str], AbstractContextManager[Progress | None]]
"""Opens a named progress display."""


def sweep(
    config: str | Path | Experiment,
    *,
    out: Path | None = None,
    jobs: int | None = None,
    workers: Workers | None = None,
    fresh: bool = False,
    until: Precision | None = None,
    progress: Progress | None = None,
    command: Sequence[str] = (),
) -> Run:
    """Run an experiment, going on from what its folder's journal holds.

    Parameters
    ----------
    config : str, Path or Experiment
        A config file, the bare name of a shipped one, or an experiment.
    out : Path, optional
        The run's folder; ``results/NAME`` by default.
    jobs : int, optional
        Blocks at once; short for ``workers=Workers(jobs)``. All cores by default.
    workers : Workers, optional
        Where blocks run.
    fresh : bool
        Throw away what the folder holds.
    until : Precision, optional
        Add trials until every level's interval is narrow enough; the run's config then has the trials reached.
    progress : callable, optional
        Told of the trials done.
    command : sequence of str
        What the manifest says made this run.

    Raises
    ------
    ConfigError
        If the config, the folder or an argument is refused; nothing is written then.
    RunError
        If the run can't go on; what it finished is kept.
    """
    experiment = config if isinstance(config, Experiment) else load(files.find_config(config))
    folder = files.RESULTS / experiment.name if out is None else out
    workers = Workers.of(workers, jobs)
    began = datetime.now(UTC)
    plan = levels(experiment)
    with FolderLock(folder):
        if fresh:
            _clear(folder)
        _refuse_other_results(folder, experiment)
        with Journal(folder / "trials.sqlite", experiment.identity(), swept_paths(experiment)) as journal:
            experiment, summary = _run(journal, plan, experiment, workers, progress, until)
            _warn_of_mixed_processors(journal)
            made_with = manifest(experiment, workers, began, list(command)) | {"cpus": journal.cpus}
            if until:
                made_with["until_ci"] = until.note(summary)
            return _write(folder, experiment, plan, journal, summary, made_with)


def _run(
    journal: Journal,
    plan: list[Level],
    experiment: Experiment,
    workers: Workers,
    progress: Progress | None,
    until: Precision | None,
) -> tuple[Experiment, list[LevelSummary]]:
    """Run all blocks; returns the experiment with the trials reached, and its summary."""
    for trials in until.looks(plan, experiment.trials) if until else [experiment.trials]:
        experiment = experiment.model_copy(update={"trials": trials})
        run_levels(journal, plan, experiment, workers, progress)
        summary = _summary(journal, plan, experiment)
        if until and until.reached(summary):
            break
    return experiment, summary


def run_levels(
    journal: Journal, plan: Sequence[Level], experiment: Experiment, workers: Workers, progress: Progress | None
) -> None:
    """Run what the journal lacks, committing each block as it comes."""
    tasks, total, done = [], 0, 0
    for index, level in _unique(plan):
        finished = journal.done(level)
        total += experiment.trials
        for block in range(level.blocks(experiment.trials)):
            if block in finished:
                done += level.counted(block, experiment.trials)
            else:
                tasks.append((index, level, block))
    if progress:
        progress(done, total)
    tasks.sort(key=lambda task: task[2])  # a block's data are drawn once for all levels
    with closing(workers.run(tasks, experiment.seed)) as finished_blocks:  # whatever happens here, the workers end
        for index, number, finished_block in finished_blocks:
            journal.add(plan[index], number, finished_block)
            done += plan[index].counted(number, experiment.trials)
            if progress:
                progress(done, total)


def outcomes(journal: Journal, level: Level, trials: int) -> Outcomes:
    """How a level's first trials ended."""
    parts = [(table["status"], table["iterations"], table["log_likelihood"]) for table in journal.read(level, trials)]
    status, iterations, likelihood = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return Outcomes(status, iterations.astype(np.int64), likelihood)


def _unique(plan: Sequence[Level]) -> Iterator[tuple[int, Level]]:
    """Levels with a journal entry of their own: plain EM under two modes is one."""
    seen: set[str] = set()
    for index, level in enumerate(plan):
        if level.key not in seen:
            seen.add(level.key)
            yield index, level


def _summary(journal: Journal, plan: list[Level], experiment: Experiment) -> list[LevelSummary]:
    trials = experiment.trials
    return summarise(
        experiment,
        plan,
        lambda level: outcomes(journal, level, trials),
        lambda level: journal.totals(level, trials).acceptance_rate,
    )


def _warn_of_mixed_processors(journal: Journal) -> None:
    if len(journal.cpus) > 1:
        warnings.warn(
            f"blocks were made by different processors ({'; '.join(journal.cpus)}): another mix may give other last "
            "digits, since numpy's exponential differs between instruction sets",
            NemWarning,
            stacklevel=3,
        )


def _write(
    folder: Path,
    experiment: Experiment,
    plan: list[Level],
    journal: Journal,
    summary: list[LevelSummary],
    made_with: dict[str, Any],
) -> Run:
    trials = experiment.trials
    totals = [journal.totals(level, trials) for level in plan]
    made_with["seconds_per_trial"] = [round(each.seconds / each.trials, 9) for each in totals]
    run = Run(folder, experiment, summary, made_with)
    files.remove_leftovers(folder)
    files.write(folder / "config.yaml", files.config_yaml(experiment))
    files.write(folder / "trials.csv", _trials(journal, plan, trials))
    files.write(folder / "summary.csv", tables.summary_csv(summary))
    draw(run)
    files.write(folder / "manifest.json", files.manifest_json(made_with))
    return run


def draw(run: Run) -> None:
    """Write a run's figure."""
    from nem_cli.drawing.style import png, svg
    from nem_cli.sweep.figure import run_figure  # matplotlib is slow to import

    figure = run_figure(run.experiment, run.summary)
    files.write(run.folder / "figure.png", png(figure))
    files.write(run.folder / "figure.svg", svg(figure))


def _trials(journal: Journal, plan: Sequence[Level], trials: int) -> Iterator[str]:
    yield tables.trials_header(plan)
    for level in plan:
        for number, table in enumerate(journal.read(level, trials)):
            yield "".join(tables.trials_lines(plan, level, number * level.block_trials, table))


def _refuse_other_results(folder: Path, experiment: Experiment) -> None:
    """Refuse a folder whose results, without their journal, are another experiment's."""
    if (folder / "trials.sqlite").exists() or not (folder / "config.yaml").exists():
        return
    try:
        theirs = load(folder / "config.yaml")
    except ConfigError as error:
        raise FolderError(
            f"holds a config.yaml that isn't a run's ({error}); give another --out, or --fresh to start over",
            source=str(folder),
        ) from error
    refuse_other(folder, theirs.identity(), experiment.identity(), swept_paths(theirs) | swept_paths(experiment))


def _clear(folder: Path) -> None:
    for name in (
        "trials.sqlite", "trials.sqlite-wal", "trials.sqlite-shm", "config.yaml", "trials.csv", "summary.csv",
        "manifest.json", "figure.png", "figure.svg",
    ):  # fmt: skip
        (folder / name).unlink(missing_ok=True)
