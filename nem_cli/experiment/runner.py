"""The runner: sends blocks to joblib workers and hands them back as they finish, in any order."""

from __future__ import annotations

import functools
import itertools
import math
import multiprocessing
import os
import re
import signal
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import BrokenExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from multiprocessing import resource_tracker
from typing import TypeVar

from nem_cli.errors import GO_ON, ConfigError, NemError, RunError
from nem_cli.experiment.block import Block, run_block
from nem_cli.experiment.machine import differences, software
from nem_cli.experiment.plan import Level

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # joblib's word on missing shared memory: ours comes where it matters
    import joblib

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")
Task = tuple[int, Level, int]
"""Any number, which comes back with the block; a level; the number of a block."""
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
        job the blocks run in this process, which nothing can cut off. Joblib measures it by the computer's clock: one
        that is set forward ends the run too.

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
            raise ConfigError(f"must be one of {', '.join(BACKENDS)}", source="`backend`", value=self.backend)
        if self.jobs is not None and self.jobs < 1:
            raise ConfigError("must be a whole number, 1 or more", source="`jobs`", value=self.jobs)
        if self.scheduler and self.backend != "dask":
            raise ConfigError("needs `backend` dask", source="`scheduler`", value=self.scheduler)
        if self.scheduler and not re.fullmatch(r"(\w+://)?[^\s/]+", self.scheduler):
            raise ConfigError("must look like tcp://HOST:PORT", source="`scheduler`", value=self.scheduler)
        if self.backend == "dask" and not find_spec("distributed"):
            raise ConfigError('dask isn\'t installed; pip install "nem-cli[dask]"', source="`backend` dask")
        if self.timeout is not None:
            if not (math.isfinite(self.timeout) and self.timeout > 0):
                raise ConfigError("must be a number of seconds above 0", source="`timeout`", value=self.timeout)
            if self.backend != "dask" and self.count == 1:
                raise ConfigError("needs `jobs` 2 or more: one job runs in the process itself", source="`timeout`")

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

    def run(self, tasks: Iterable[Task], seed: int) -> Generator[tuple[int, int, Block], None, None]:
        """Run tasks (any number, level, block number); yields (that number, block number, block) unordered.

        Raises
        ------
        RunError
            As `each`.
        """
        return self.each(functools.partial(_block, seed), tasks)

    def each(self, function: Callable[[TaskT], ResultT], tasks: Iterable[TaskT]) -> Generator[ResultT, None, None]:
        """What a function makes of each task, unordered; function, tasks and results are sent between processes.

        Raises
        ------
        RunError
            If a worker process died, a task failed or didn't come back in time, or the cluster can't be used.
        """
        tasks = iter(tasks)
        first = list(itertools.islice(tasks, self.count))
        tasks = itertools.chain(first, tasks)
        jobs = self.count if self.timeout else len(first)
        if not first:
            return
        if jobs == 1 and self.backend != "dask":
            for task in tasks:
                yield function(task)
            return
        here = software()
        clock = _Clock(self.timeout or (DASK_TIMEOUT if self.backend == "dask" else None))
        with _errors(clock), self._backend(jobs):
            # One block a message: a finished block never waits for another one.
            parallel = joblib.Parallel(jobs, return_as="generator_unordered", batch_size=1, timeout=clock.timeout)
            with ctrl_c_waits():
                blocks = parallel(joblib.delayed(_task)(function, task, here) for task in tasks)
            try:
                for block in blocks:
                    clock.start()
                    yield block
                    clock.start()
            finally:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # joblib warns of blocks that nobody waits for any more
                    blocks.close()

    def _backend(self, jobs: int) -> AbstractContextManager[object]:
        if self.backend == "dask":
            from nem_cli.experiment.cluster import dask_backend

            return dask_backend(jobs, self.scheduler)
        if self.backend == "threading":
            return joblib.parallel_config(backend="threading")  # type: ignore[no-any-return]
        try:
            multiprocessing.get_context("spawn").Lock()  # what loky's queues are made of
        except (BlockingIOError, BrokenPipeError):  # no further process can be started, whatever the memory
            raise
        except OSError as error:
            raise RunError(
                f"worker processes need shared memory, /dev/shm, which can't be used here ({error.strerror}); "
                "`jobs` 1 and `backend` threading need none"
            ) from error
        return joblib.parallel_config(  # type: ignore[no-any-return]
            backend="loky", inner_max_num_threads=1, initializer=_end_with, initargs=(os.getpid(),)
        )


def available_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Clock:
    """Seconds since the last block, by a clock that nobody sets."""

    def __init__(self, timeout: float | None) -> None:
        self.timeout = timeout
        self.start()

    def start(self) -> None:
        self._since = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._since


def _task(function: Callable[[TaskT], ResultT], task: TaskT, parent: dict[str, str]) -> ResultT:
    """What a worker does."""
    differing = differences(software(), parent)
    if differing:  # it joined the cluster after the check at the start
        raise RunError(f"a worker that joined has other versions: {differing}; install the same; {GO_ON}")
    return function(task)


def _block(seed: int, task: Task) -> tuple[int, int, Block]:
    index, level, block = task
    with failures_named(f"block {block} of level {dict(level.settings)}"):
        return index, block, run_block(level, seed, block)


@contextmanager
def failures_named(what: str) -> Iterator[None]:
    """Say what failed and where in the code: an error that can be sent from a worker whatever it was."""
    try:
        yield
    except (NemError, MemoryError):
        raise
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        raise RunError(
            f"{what} failed with {type(error).__name__}: {error} ({place.filename}, line {place.lineno}); {GO_ON}"
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
def ctrl_c_waits() -> Iterator[None]:
    """Ctrl-C waits for the end of the ``with``; processes started in it never get it, since their parent ends them."""
    with warnings.catch_warnings():
        # Python warns of one that died, where no process may be started: that is an error
        warnings.simplefilter("ignore")
        resource_tracker.ensure_running()  # else it is started with the first process, and lets Ctrl-C through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _errors(clock: _Clock) -> Iterator[None]:
    """Say what a broken pool of workers means, and how to go on."""
    try:
        yield
    except (NemError, MemoryError):
        raise
    except BrokenExecutor as error:
        raise RunError(
            f"a worker process died: it was killed, or memory ran out (then use fewer `jobs`); {GO_ON}"
        ) from error
    except (TimeoutError, multiprocessing.TimeoutError) as error:
        if clock.timeout and clock.seconds < clock.timeout / 2:
            raise RunError(
                f"the computer's clock was set forward, which joblib takes for a timeout; {GO_ON}"
            ) from error
        raise RunError(
            f"no block came back for {clock.timeout:g} s: its worker hangs or died again and again; {GO_ON} "
            "(a larger `timeout` waits longer)"
        ) from error
    except Exception as error:  # joblib, loky and Dask raise what they like; a block's own error is a NemError
        raise RunError(f"the workers can't be used any more ({type(error).__name__}: {error}); {GO_ON}") from error
