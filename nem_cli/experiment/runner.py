"""The runner: sends blocks to joblib workers and hands them back as they finish, in any order."""

from __future__ import annotations

import functools
import math
import multiprocessing
import os
import re
import threading
import time
import traceback
import warnings
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec

import joblib

from nem_cli.errors import GO_ON, ConfigError, NemError, RunError
from nem_cli.experiment.block import Block, run_block
from nem_cli.experiment.machine import Software, software
from nem_cli.experiment.plan import Level

BACKENDS = ("loky", "threading", "dask")
DASK_TIMEOUT = 3600.0
"""Dask's default timeout in seconds: joblib waits for ever for a block whose workers die again and again."""


@dataclass(frozen=True)
class Workers:
    """Where blocks run.

    Parameters
    ----------
    jobs : int, optional
        How many at once; all cores by default. A Dask scheduler's own workers decide instead where there is one.
    backend : {"loky", "threading", "dask"}
        Processes, threads, or a Dask cluster.
    scheduler : str
        A Dask scheduler's address; without one, dask starts and ends a local cluster.
    timeout : float, optional
        Seconds without any block coming back after which the run gives up; an hour for dask, else none. With one
        job the blocks run in this process, which nothing can cut off.

    Raises
    ------
    ConfigError
        If one of these isn't allowed.
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
        if self.scheduler and self.backend != "dask":
            raise ConfigError("needs --backend dask", source="--scheduler", value=self.scheduler)
        if self.scheduler and not re.fullmatch(r"(\w+://)?[^\s/]+", self.scheduler):
            raise ConfigError("must look like tcp://HOST:PORT", source="--scheduler", value=self.scheduler)
        if self.backend == "dask" and not find_spec("distributed"):
            raise ConfigError('dask isn\'t installed; pip install "nem-cli[dask]"', source="--backend dask")
        if self.timeout is not None:
            if not (math.isfinite(self.timeout) and self.timeout > 0):
                raise ConfigError("must be a number of seconds above 0", source="--timeout", value=self.timeout)
            if self.backend != "dask" and self.count == 1:
                raise ConfigError("needs --jobs 2 or more: one job runs in the process itself", source="--timeout")

    @classmethod
    def of(cls, workers: Workers | None, jobs: int | None) -> Workers:
        """The workers that a library call means, which takes `jobs` as short for ``Workers(jobs)``.

        Raises
        ------
        ConfigError
            If both are given.
        """
        if workers is None:
            return cls(jobs)
        if jobs is not None:
            raise ConfigError("is short for workers=Workers(jobs); give one of the two", source="jobs", value=jobs)
        return workers

    @property
    def count(self) -> int:
        """Blocks at once; with a Dask scheduler its workers decide."""
        return self.jobs or available_cores()

    def run(self, tasks: Sequence[tuple[int, Level, int]], seed: int) -> Generator[tuple[int, int, Block], None, None]:
        """Run tasks (any number, level, block number); yields (that number, block number, block) unordered.

        Raises
        ------
        RunError
            If a worker process died, a block failed or didn't come back in time, or the cluster can't be used.
        """
        if not tasks:
            return
        jobs = self.count if self.timeout else min(self.count, len(tasks))
        timeout = self.timeout or (DASK_TIMEOUT if self.backend == "dask" else None)
        here = _Parent(os.getpid(), software())
        with _errors(timeout), self._backend(jobs):
            # One block a message: a finished block never waits for another one.
            parallel = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1, timeout=timeout)
            blocks = parallel(joblib.delayed(_task)(index, level, seed, block, here) for index, level, block in tasks)
            try:
                for block in blocks:  # noqa: UP028  ("yield from" would close them before the lines below)
                    yield block
            finally:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # joblib warns of blocks that nobody waits for any more
                    blocks.close()

    def _backend(self, jobs: int) -> AbstractContextManager[object]:
        if self.backend == "dask":
            from nem_cli.experiment.cluster import dask_backend

            return dask_backend(jobs, self.scheduler)
        if self.backend == "loky":
            return joblib.parallel_config(backend="loky", inner_max_num_threads=1)  # type: ignore[no-any-return]
        return joblib.parallel_config(backend=self.backend)  # type: ignore[no-any-return]


def available_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class _Parent:
    """The process that sent a task."""

    pid: int
    software: Software


def _task(index: int, level: Level, seed: int, block: int, parent: _Parent) -> tuple[int, int, Block]:
    """What a worker does; its errors can be sent back whatever they were."""
    if software() != parent.software:  # a worker that joined a cluster after the check at the start
        raise RunError(f"a worker has {software()}, but the parent has {parent.software}")
    if os.getppid() == parent.pid:
        _end_with(parent.pid)
    try:
        return index, block, run_block(level, seed, block)
    except (NemError, MemoryError):
        raise
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        raise RunError(
            f"block {block} of level {dict(level.settings)} failed with {type(error).__name__}: {error} "
            f"({place.filename}, line {place.lineno}); {GO_ON}"
        ) from error


@functools.cache
def _end_with(parent: int) -> None:
    """End this process soon after its parent's end: loky's workers would wait for five minutes more."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def _errors(timeout: float | None) -> Iterator[None]:
    """Say what a broken pool of workers means, and how to go on."""
    try:
        yield
    except BrokenExecutor as error:
        raise RunError(
            f"a worker process died: it was killed, or memory ran out (then use fewer --jobs); {GO_ON}"
        ) from error
    except (TimeoutError, multiprocessing.TimeoutError) as error:
        raise RunError(
            f"no block came back for {timeout:g} s: its worker hangs or died again and again; {GO_ON} "
            "(a larger --timeout waits longer)"
        ) from error
    except OSError as error:
        raise RunError(f"the workers can't be reached any more ({error}); {GO_ON}") from error
