"""What a run was made with: the manifest, which its numbers follow from, and what differs from time to time."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import socket
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from nem_cli.experiment.config import Experiment
from nem_cli.experiment.identity import Identity
from nem_cli.experiment.runner import Workers
from nem_cli.version import __version__


def manifest(experiment: Experiment) -> dict[str, Any]:
    """All that bears on a run's numbers, as JSON: a function of the config and of what is installed."""
    identity = Identity.of(experiment)
    written_out = json.dumps(experiment.model_dump(mode="json"), sort_keys=True)
    return {
        "nem": __version__,
        **identity.versions,
        "python": platform.python_version(),
        "blas": _blas(),
        "plugins": identity.sources,
        "config_sha256": hashlib.sha256(written_out.encode()).hexdigest(),
        "seed": experiment.seed,
    }


def timing(
    workers: Workers, start: datetime, command: list[str], cpus: list[str], seconds_per_trial: list[float]
) -> dict[str, Any]:
    """When, where and how fast a run was made, as JSON.

    Parameters
    ----------
    start : datetime
        When the run began, in UTC; it ends now.
    command : list of str
        The command line, or the library call, that made it.
    cpus : list of str
        The processors that made its blocks.
    seconds_per_trial : list of float
        Processor time, a number a level.
    """
    return {
        "git": _git_state(Path(__file__).parents[1]),
        "joblib": version("joblib"),
        "platform": platform.platform(),
        "host": socket.gethostname(),
        "cpus": cpus,
        "cpu_count": os.cpu_count(),
        "backend": workers.backend,
        "jobs": workers.count,
        "start": start.isoformat(timespec="seconds"),
        "end": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command,
        "seconds_per_trial": [round(seconds, 9) for seconds in seconds_per_trial],
    }


def _git_state(folder: Path) -> dict[str, Any] | None:
    """Commit and whether anything tracked is changed; None where this isn't nem's own checkout."""
    if not (folder.parent / ".git").exists():
        return None

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True, timeout=10)
        return done.stdout.strip()

    try:
        # Results and figures are what a run writes: they don't make the code another one.
        changed = git(
            "status", "--porcelain", "--untracked-files=no", "--", ":/nem_cli", ":/configs", ":/pyproject.toml"
        )
        return {"commit": git("rev-parse", "HEAD"), "dirty": bool(changed)}
    except (OSError, subprocess.SubprocessError):
        return None


def _blas() -> str:
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip()
