"""The search: stage after stage over the families that are left, in any number of workers, resumed where it stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from nem_cli.em.arrays import BoolArray, FloatArray
from nem_cli.experiment.lock import FolderLock
from nem_cli.experiment.plan import Level
from nem_cli.experiment.runner import Workers, failures_named
from nem_cli.paper.protocols import stages
from nem_cli.paper.protocols.config import Rule, Search, families, ways
from nem_cli.paper.protocols.store import Store, key

Progress = Callable[[int, int], None]
LEVEL = 0.05
"""The confidence set holds what no test at this level rejects."""
Task = tuple[int, Level, tuple[Rule, ...]]
"""A family's number, the family, and the rules that are left of it."""
Measure = Callable[[Search, Level, Sequence[Rule]], FloatArray]
"""A stage: from a family and rules to a table of numbers, a row a rule."""


@dataclass(frozen=True)
class Candidate:
    """A protocol that survived the first stage.

    Parameters
    ----------
    level : Level
        Its path family.
    numbers : dict of str to float
        By the stages' columns, each as the last stage that it reached measured it; without those of the full stage
        where no size of study explained the paper's numbers before.
    """

    level: Level
    rule: Rule
    numbers: dict[str, float]

    @property
    def in_set(self) -> bool:
        """Whether it belongs to the confidence set."""
        return self.numbers.get("joint-fit:p", 0.0) >= LEVEL


@dataclass(frozen=True)
class Found:
    """What a search found.

    Parameters
    ----------
    families : tuple of int
        How many there are, and how many survived each stage.
    candidates : list of Candidate
        In the order of the config.
    """

    search: Search
    families: tuple[int, ...]
    candidates: list[Candidate]


def find(
    search: Search,
    folder: Path,
    *,
    workers: Workers,
    fresh: bool = False,
    progress: Progress | None = None,
) -> Found:
    """Run a search's stages.

    Parameters
    ----------
    folder : Path
        Of its results, which keeps what is measured.
    fresh : bool
        Throw away what was measured before.
    progress : callable, optional
        Told of the families done and of all in a stage.

    Raises
    ------
    FolderError
        If the folder can't be used.
    RunError
        If the search can't go on; what it measured is kept.
    """
    path = folder / "paths.sqlite"
    with FolderLock(folder):
        if fresh:
            for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
                (folder / name).unlink(missing_ok=True)
        with Store(path) as store:
            return _find(search, partial(_stage, search, store, workers, progress))


def _find(search: Search, stage: Callable[[str, Measure, Sequence[Task]], dict[int, FloatArray]]) -> Found:
    levels, rules = families(search), ways(search.rules)
    every: list[Task] = [(index, level, rules) for index, level in enumerate(levels)]
    survivors = [len(every)]
    # plain EM doesn't depend on the noise: families that differ in it alone share their first stage
    leads = {level.key: index for index, level in reversed(list(enumerate(levels)))}
    em = stage("em", stages.em_stage, [every[index] for index in sorted(leads.values())])
    tables = {index: em[leads[level.key]] for index, level in enumerate(levels)}
    left = _left(every, {index: stages.plausible(table[:, 0]) for index, table in tables.items()})
    survivors.append(len(left))
    survived = {(index, rule) for index, _, kept in left for rule in kept}
    known = {at: row for at, row in _rows(every, tables, stages.EM_COLUMNS) if at in survived}
    for number in range(len(search.trials.paper_levels)):
        tables = stage(f"levels-{number}", partial(stages.level_stage, number=number), left)
        for at, row in _rows(left, tables, stages.LEVEL_COLUMNS):
            known[at] |= row
        left = _left(left, {index: stages.explained(table[:, 3]) for index, table in tables.items()})
        survivors.append(len(left))
    for at, row in _rows(left, stage("full", stages.full_stage, left), stages.FULL_COLUMNS):
        known[at] |= row
    candidates = [Candidate(levels[index], rule, numbers) for (index, rule), numbers in known.items()]
    return Found(search, tuple(survivors), candidates)


def _rows(
    tasks: Sequence[Task], tables: dict[int, FloatArray], columns: Sequence[str]
) -> Iterator[tuple[tuple[int, Rule], dict[str, float]]]:
    """What a stage measured of each protocol: its family's number and its rule, and numbers by column."""
    for index, _, rules in tasks:
        for rule, row in zip(rules, tables[index].tolist(), strict=True):
            yield (index, rule), dict(zip(columns, row, strict=True))


def _left(tasks: Sequence[Task], keep: dict[int, BoolArray]) -> list[Task]:
    kept = [
        (index, level, tuple(rule for rule, stays in zip(rules, keep[index], strict=True) if stays))
        for index, level, rules in tasks
    ]
    return [task for task in kept if task[2]]


def _stage(
    search: Search,
    store: Store,
    workers: Workers,
    progress: Progress | None,
    name: str,
    measured: Measure,
    tasks: Sequence[Task],
) -> dict[int, FloatArray]:
    """A stage's table of each family, shape (rules, columns), from the store or from the workers."""
    keys = {index: key(name, search, level, rules) for index, level, rules in tasks}
    found = {index: table for index, at in keys.items() if (table := store.get(at)) is not None}
    missing = [task for task in tasks if task[0] not in found]
    missing.sort(key=lambda task: -task[1].trial.sample_size)  # the longest first, so that no worker waits at the end
    if progress:
        progress(len(found), len(tasks))
    with closing(workers.each(partial(measure, search, name, measured), missing)) as results:
        for index, table in results:
            store.put(keys[index], table)
            found[index] = table
            if progress:
                progress(len(found), len(tasks))
    return found


def measure(search: Search, stage: str, measured: Measure, task: Task) -> tuple[int, FloatArray]:
    """What a worker does: one family's table of a stage."""
    index, level, rules = task
    with failures_named(f"stage {stage} of path family {index}"):
        return index, measured(search, level, rules)
