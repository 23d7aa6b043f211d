"""The runner: sends blocks to joblib workers and hands them back as they finish, in any order."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import joblib

from nem_cli.errors import ConfigError
from nem_cli.experiment.block import Block, run_block
from nem_cli.experiment.plan import Level

BACKENDS = ("loky", "threading", "dask")


@dataclass(frozen=True)
class Workers:
    """Where blocks run.

    Parameters
    ----------
    jobs : int, optional
        How many at once; all cores by default.
    backend : {"loky", "threading", "dask"}
    scheduler : str
        A Dask scheduler's address; without one, dask starts and ends a local cluster.
    timeout : float, optional
        Seconds after which a block that hasn't come back counts as lost.
    """

    jobs: int | None = None
    backend: str = "loky"
    scheduler: str = ""
    timeout: float | None = None

    def __post_init__(self) -> None:
        if self.backend not in BACKENDS:
            raise ConfigError(f"must be one of {', '.join(BACKENDS)}", source="--backend", value=self.backend)
        if self.jobs is not None and self.jobs < 1:
            raise ConfigError("must be a whole number, 1 or more", source="--jobs", value=self.jobs)

    @property
    def count(self) -> int:
        """Blocks at once."""
        return self.jobs or available_cores()

    def run(self, tasks: Sequence[tuple[int, Level, int]], seed: int) -> Iterator[tuple[int, int, Block]]:
        """Run tasks (any number, level, block number); yields (that number, block number, block) unordered."""
        if not tasks:
            return
        with ExitStack() as stack:
            stack.enter_context(joblib.parallel_config(backend=self.backend))
            parallel = joblib.Parallel(n_jobs=min(self.count, len(tasks)), return_as="generator_unordered")
            yield from parallel(joblib.delayed(_task)(index, level, seed, block) for index, level, block in tasks)


def available_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _task(index: int, level: Level, seed: int, block: int) -> tuple[int, int, Block]:
    return index, block, run_block(level, seed, block)
