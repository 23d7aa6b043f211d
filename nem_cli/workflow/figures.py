"""`nem figures`: the paper's figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from nem_cli.experiment.load import load
from nem_cli.experiment.runner import Workers
from nem_cli.workflow.folder import shipped_configs
from nem_cli.workflow.sweep import Progress, Run, sweep

FIGURES = ("mnem", "anem")


def figures(
    root: Path,
    *,
    trials: int | None,
    workers: Workers,
    progress: Callable[[str], AbstractContextManager[Progress | None]],
) -> Iterator[Run]:
    """Run the figures' configs, one after the other."""
    configs = shipped_configs()
    for name in FIGURES:
        experiment = load(configs[name], trials=trials)
        with progress(name) as report:
            yield sweep(experiment, out=root / name, workers=workers, progress=report, command=["nem", "figures"])
