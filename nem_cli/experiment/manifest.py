"""The manifest: what a run was made with."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from nem_cli.experiment.config import Experiment
from nem_cli.experiment.machine import cpu
from nem_cli.experiment.runner import Workers
from nem_cli.version import __version__


def manifest(experiment: Experiment, workers: Workers, start: datetime, command: list[str]) -> dict[str, Any]:
    """All that bears on a run's numbers and times, as JSON.

    Parameters
    ----------
    start : datetime
        When the run began, in UTC; it ends now.
    command : list of str
        The command line, or the library call, that made it.
    """
    import scipy

    digest = hashlib.sha256(json.dumps(experiment.model_dump(mode="json"), sort_keys=True).encode()).hexdigest()
    return {
        "nem": __version__,
        "git": git_state(Path(__file__).parents[1]),
        "config_sha256": digest,
        "seed": experiment.seed,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "joblib": version("joblib"),
        "blas": _blas(),
        "platform": platform.platform(),
        "cpu": cpu(),
        "cpu_count": os.cpu_count(),
        "backend": workers.backend,
        "jobs": workers.count,
        "start": start.isoformat(timespec="seconds"),
        "end": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command,
    }


def git_state(folder: Path) -> dict[str, Any] | None:
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
