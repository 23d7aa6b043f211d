"""Dask: a local cluster or a scheduler's workers, checked before they get work."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import joblib

from nem_cli.errors import RunError
from nem_cli.experiment.machine import differences, software
from nem_cli.experiment.runner import ctrl_c_waits

CONNECT = 20
"""Seconds to wait for the scheduler, and then for its first worker."""


@contextmanager
def dask_backend(jobs: int, scheduler: str) -> Iterator[None]:
    """Make joblib use Dask inside the ``with``.

    Parameters
    ----------
    jobs : int
        Workers of the local cluster, which is ended with the ``with``.
    scheduler : str
        The address of a scheduler; empty for a local cluster.

    Raises
    ------
    RunError
        If the cluster can't be reached, has no workers, or its versions differ from ours.
    """
    import distributed  # slow, and an extra

    if scheduler:
        _refuse_silent(scheduler)
    with ExitStack() as stack:
        # what they log of a lost connection is told once
        for name in ("distributed", "distributed.client", "tornado.application", "asyncio"):
            stack.callback(logging.getLogger(name).setLevel, logging.getLogger(name).level)
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        target: Any = scheduler
        if not scheduler:
            with ctrl_c_waits():
                target = stack.enter_context(
                    distributed.LocalCluster(  # type: ignore[no-untyped-call]
                        n_workers=jobs, threads_per_worker=1, dashboard_address=None, silence_logs="CRITICAL"
                    )
                )
        client = distributed.Client(target, timeout=CONNECT, set_as_default=False)  # type: ignore[no-untyped-call]
        stack.callback(setattr, client, "status", "closed")  # else it is closed again when collected, and tells of it
        stack.enter_context(client)
        _check(client, scheduler or "the local cluster")
        stack.enter_context(joblib.parallel_config(backend=_remote(client)))
        yield


def _refuse_silent(scheduler: str) -> None:
    """Ask a scheduler who it is: where nothing answers, Dask's client would wait for minutes, whatever its timeout."""
    from distributed.core import rpc

    async def ask() -> None:
        async with asyncio.timeout(CONNECT):
            async with rpc(scheduler) as there:  # type: ignore[no-untyped-call]
                await there.identity()

    try:
        asyncio.run(ask())
    except Exception as error:  # no such host or scheme, no certificates, something other than Dask
        raise RunError(
            f"{scheduler}: no Dask scheduler answers there within {CONNECT} s ({type(error).__name__}: {error})"
        ) from error


def _remote(client: Any) -> Any:
    """Joblib's Dask backend, but for one thing: with a single core joblib would run the blocks in this process."""
    from joblib._dask import DaskDistributedBackend  # joblib's public way to it, the name "dask", can't be changed

    class Remote(DaskDistributedBackend):  # type: ignore[misc]  # joblib is untyped
        def effective_n_jobs(self, n_jobs: int) -> int:
            return max(2, int(super().effective_n_jobs(n_jobs)))  # a single worker queues the second block

    return Remote(client=client)


def _check(client: Any, name: str) -> None:
    """Wait for a worker, and refuse workers whose versions differ from ours."""
    try:
        client.wait_for_workers(1, timeout=CONNECT)
    except TimeoutError as error:
        raise RunError(f"{name} has no workers after {CONNECT} s; start some with: dask worker {name}") from error
    try:
        theirs: dict[str, dict[str, str]] = client.run(software)
    except Exception as error:  # whatever importing nem raises over there
        raise RunError(
            f"a worker of {name} can't run nem ({type(error).__name__}: {error}); install the same version there"
        ) from error
    for address, there in sorted(theirs.items()):
        differing = differences(there, software())
        if differing:
            raise RunError(f"worker {address} of {name} has other versions: {differing}; install the same")
