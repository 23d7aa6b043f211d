"""The search: stage after stage over the families that are left, in any number of workers, resumed where it stopped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

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


@dataclass(frozen=True)
class Candidate:
    """A protocol that survived the first stage.

    Parameters
    ----------
    level : Level
        Its path family.
    rule : Rule
    em, restricted : float
        Mean count and share at the horizon in the last stage that it reached.
    multiplicative, additive : float
        Per cent saved at the paper's levels.
    full : dict of str to float, or None
        By `stages.FULL_COLUMNS`; None where no size of study explained the paper's numbers before.
    """

    level: Level
    rule: Rule
    em: float
    restricted: float
    multiplicative: float
    additive: float
    full: dict[str, float] | None

    @property
    def in_set(self) -> bool:
        """Whether it belongs to the confidence set."""
        return self.full is not None and self.full["joint-fit:p"] >= LEVEL


@dataclass(frozen=True)
class Found:
    """What a search found.

    Parameters
    ----------
    search : Search
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
    search : Search
    folder : Path
        Of its results, which keeps what is measured.
    workers : Workers
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
            return _find(_Runner(search, store, workers, progress))


def _find(run: _Runner) -> Found:
    levels, rules = families(run.search), ways(run.search.rules)
    survivors = [len(levels)]
    # plain EM doesn't depend on the noise: families that differ in it alone share their first stage
    leads = {level.key: index for index, level in reversed(list(enumerate(levels)))}
    em = run.stage("em", [(index, levels[index], rules) for index in sorted(leads.values())])
    tables = {index: em[leads[level.key]] for index, level in enumerate(levels)}
    left = _left(
        [(*each, rules) for each in enumerate(levels)], {i: stages.plausible(t[:, 0]) for i, t in tables.items()}
    )
    survivors.append(len(left))
    known = {
        (index, rule): [*row, np.nan, np.nan]
        for index, _, kept in left
        for rule, row in zip(rules, tables[index].tolist(), strict=True)
        if rule in kept
    }
    for number in range(len(run.search.trials.paper_levels)):
        tables = run.stage(f"levels-{number}", left)
        for index, _, kept in left:
            for rule, (mean, *savings, _) in zip(kept, tables[index].tolist(), strict=True):
                known[index, rule] = [mean, known[index, rule][1], *savings]
        left = _left(left, {index: stages.explained(table[:, 3]) for index, table in tables.items()})
        survivors.append(len(left))
    tables = run.stage("full", left)
    full = {
        (index, rule): dict(zip(stages.FULL_COLUMNS, row, strict=True))
        for index, _, kept in left
        for rule, row in zip(kept, tables[index].tolist(), strict=True)
    }
    for at, row in full.items():
        known[at] = [row[name] for name in stages.FULL_COLUMNS[:4]]
    candidates = [
        Candidate(levels[index], rule, em, restricted, multiplicative, additive, full.get((index, rule)))
        for (index, rule), (em, restricted, multiplicative, additive) in known.items()
    ]
    return Found(run.search, tuple(survivors), candidates)


def _left(tasks: Sequence[Task], keep: dict[int, BoolArray]) -> list[Task]:
    kept = [
        (index, level, tuple(rule for rule, stays in zip(rules, keep[index], strict=True) if stays))
        for index, level, rules in tasks
    ]
    return [task for task in kept if task[2]]


@dataclass(frozen=True)
class _Runner:
    search: Search
    store: Store
    workers: Workers
    progress: Progress | None

    def stage(self, name: str, tasks: list[Task]) -> dict[int, FloatArray]:
        """A stage's table of each family, shape (rules, columns), from the store or from the workers."""
        search = self.search
        keys = {index: key(name, search, level, rules) for index, level, rules in tasks}
        found = {index: table for index, at in keys.items() if (table := self.store.get(at)) is not None}
        missing = [task for task in tasks if task[0] not in found]
        missing.sort(
            key=lambda task: -task[1].trial.sample_size
        )  # the longest first, so that no worker waits at the end
        if self.progress:
            self.progress(len(found), len(tasks))
        with closing(self.workers.each(partial(measure, search, name), missing)) as results:
            for index, table in results:
                self.store.put(keys[index], table)
                found[index] = table
                if self.progress:
                    self.progress(len(found), len(tasks))
        return found


def measure(search: Search, stage: str, task: Task) -> tuple[int, FloatArray]:
    """What a worker does: one family's table of a stage."""
    index, level, rules = task
    with failures_named(f"stage {stage} of path family {index}"):
        return index, _table(search, stage, level, rules)


def _table(search: Search, stage: str, level: Level, rules: Sequence[Rule]) -> FloatArray:
    if stage == "em":
        return stages.em_stage(search, level, rules)
    if stage == "full":
        return stages.full_stage(search, level, rules)
    return stages.level_stage(search, level, rules, int(stage.removeprefix("levels-")))
