"""`nem sweep`: an experiment from its config to its folder of results."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from nem_cli.errors import NemWarning
from nem_cli.experiment import folder as files
from nem_cli.experiment.config import Experiment
from nem_cli.experiment.journal import Journal
from nem_cli.experiment.load import load
from nem_cli.experiment.lock import FolderLock
from nem_cli.experiment.manifest import manifest, timing
from nem_cli.experiment.plan import Level, levels, validate
from nem_cli.experiment.runner import Workers
from nem_cli.statistics import tables
from nem_cli.statistics.run import Run
from nem_cli.statistics.summary import summarise
from nem_cli.sweep.made import STAMPS, is_made, stamp
from nem_cli.sweep.precision import Precision

Progress = Callable[[int, int], None]
"""Called with the trials done and the trials in all."""


class Shown(Protocol):
    """Opens a named progress display of trials, or of other units."""

    def __call__(self, title: str, *, unit: str = "trials") -> AbstractContextManager[Progress | None]: ...


def sweep(
    config: str | Path | Mapping[str, Any] | Experiment,
    *,
    out: str | Path | None = None,
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
    config : str, Path, mapping or Experiment
        A config file, the bare name of a shipped one, what such a file holds, or an experiment. In a mapping an
        injection, screen, family, start or stop rule may be an object or a class, one defined in a notebook too.
    out : str or Path, optional
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
        What timing.json says made this run.

    Raises
    ------
    ConfigError
        If the config, the folder or an argument is refused; nothing is written then.
    RunError
        If the run can't go on; what it finished is kept.
    """
    if isinstance(config, Mapping):
        experiment = validate(config)
    else:
        experiment = config if isinstance(config, Experiment) else load(files.find_config(config))
    folder = files.RESULTS / experiment.name if out is None else Path(out)
    workers = Workers.of(workers, jobs)
    began = datetime.now(UTC)
    plan = levels(experiment)
    with FolderLock(folder):
        if fresh:
            files.clear(folder)
        with Journal(folder / files.JOURNAL, experiment) as journal:
            for trials in until.looks(plan, experiment.trials) if until else [experiment.trials]:
                experiment = experiment.model_copy(update={"trials": trials})
                if not until:  # with it, the trials are known in the end
                    files.refuse_fewer(folder, experiment)
                blocks = _run_missing(journal, plan, experiment, workers, progress)
                if not blocks and not until and is_finished(folder, experiment):
                    return Run.open(folder)
                rows = summarise(experiment, plan, journal)
                if until and until.reached(rows):
                    break
            if until:
                files.refuse_fewer(folder, experiment)
            totals = [journal.totals(level, experiment.trials) for level in plan]
            seconds = [each.seconds / each.trials for each in totals]
            made_with = manifest(experiment) | ({"until_ci": until.note(rows)} if until else {})
            made_in = timing(workers, began, list(command), journal.cpus, seconds)
            run = Run(folder, experiment, levels=plan, rows=rows, manifest=made_with, timing=made_in)
            _write(run, journal)
            return run


def is_finished(folder: Path, experiment: Experiment) -> bool:
    """Whether a folder's tables and figure are what the experiment's trials there, and this code, make."""
    return is_made(folder, *_stamped(experiment))


def collect(
    folder: Path,
    experiment: Experiment,
    *,
    workers: Workers,
    progress: Progress | None = None,
    fresh: bool = False,
) -> Run:
    """Run trials into a folder's journal and write nothing else, going on from what the journal holds.

    Parameters
    ----------
    workers, progress, fresh
        As of `sweep`.

    Raises
    ------
    ConfigError, RunError
        As `sweep`.
    """
    plan = levels(experiment)
    with FolderLock(folder):
        if fresh:
            files.clear(folder)
        with Journal(folder / files.JOURNAL, experiment) as journal:
            _run_missing(journal, plan, experiment, workers, progress)
    return Run(folder, experiment, levels=plan)


def _run_missing(
    journal: Journal, plan: Sequence[Level], experiment: Experiment, workers: Workers, progress: Progress | None
) -> int:
    """Run what the journal lacks, committing each block as it comes; how many blocks that were."""
    unique = list({level.key: level for level in plan}.values())  # plain EM of two modes is one
    finished = [journal.done(level) for level in unique]
    blocks = max(level.blocks(experiment.trials) for level in unique)
    tasks = (  # a block's data are drawn once for all levels
        (index, level, block)
        for block in range(blocks)
        for index, level in enumerate(unique)
        if block < level.blocks(experiment.trials) and block not in finished[index]
    )
    total = len(unique) * experiment.trials
    done = sum(
        level.counted(block, experiment.trials)
        for level, numbers in zip(unique, finished, strict=True)
        for block in numbers
        if block < level.blocks(experiment.trials)
    )
    if done < total:
        experiment.system.require()
    if progress:
        progress(done, total)
    ran = 0
    with closing(workers.run(tasks, experiment.seed)) as finished_blocks:  # whatever happens here, the workers end
        for index, number, finished_block in finished_blocks:
            journal.add(unique[index], number, finished_block)
            ran += 1
            done += unique[index].counted(number, experiment.trials)
            if progress:
                progress(done, total)
    if ran and len(journal.cpus) > 1:
        warnings.warn(
            f"blocks were made by different processors ({'; '.join(journal.cpus)}): another mix may give other last "
            "digits, since numpy's exponential differs between instruction sets",
            NemWarning,
            stacklevel=3,
        )
    return ran


def _write(run: Run, journal: Journal) -> None:
    files.remove_leftovers(run.folder)
    files.write(run.folder / "config.yaml", files.config_yaml(run.experiment))
    files.write(run.folder / "trials.csv", _trials(journal, run.levels, run.experiment.trials))
    files.write(run.folder / "summary.csv", tables.summary_csv(run.rows))
    draw(run)
    files.write(run.folder / "manifest.json", files.indented_json(run.manifest))
    part, outputs, inputs = _stamped(run.experiment)
    run.timing["stamps"] = {part: stamp(run.folder, outputs, inputs)}
    files.write(run.folder / "timing.json", files.indented_json(run.timing))


def draw(run: Run) -> None:
    """Write a run's figure."""
    from nem_cli.drawing.style import save_figure  # matplotlib is slow to import
    from nem_cli.sweep.figure import run_figure

    save_figure(run_figure(run.experiment, run.rows), run.folder)


def _stamped(experiment: Experiment) -> tuple[str, Sequence[str], object]:
    """The part, the outputs and the inputs of a run's stamp; its journal's blocks are never replaced by others."""
    return "run", [name for name in files.WRITTEN if name != STAMPS], experiment.model_dump(mode="json")


def _trials(journal: Journal, plan: Sequence[Level], trials: int) -> Iterator[str]:
    yield tables.trials_header(plan)
    for level in plan:
        for number, table in enumerate(journal.read(level, trials)):
            yield "".join(tables.trials_lines(plan, level, number * level.block_trials, table))
