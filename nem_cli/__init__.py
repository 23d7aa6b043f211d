"""Noisy Expectation-Maximization: experiments on mixtures, with honest uncertainty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nem_cli.analysis.fitted import Fit
    from nem_cli.em.noise import Noise
    from nem_cli.experiment.config import Experiment
    from nem_cli.workflow.compare import compare
    from nem_cli.workflow.fit import fit
    from nem_cli.workflow.replay import replay
    from nem_cli.workflow.run import Run
    from nem_cli.workflow.sweep import sweep
    from nem_cli.workflow.verify import verify

__version__: str

__all__ = ["Experiment", "Fit", "Noise", "Run", "compare", "fit", "replay", "sweep", "verify"]

_HOMES = {
    "Experiment": "nem_cli.experiment.config",
    "Fit": "nem_cli.analysis.fitted",
    "Noise": "nem_cli.em.noise",
    "Run": "nem_cli.workflow.run",
    "compare": "nem_cli.workflow.compare",
    "fit": "nem_cli.workflow.fit",
    "replay": "nem_cli.workflow.replay",
    "sweep": "nem_cli.workflow.sweep",
    "verify": "nem_cli.workflow.verify",
}


def __getattr__(name: str) -> Any:
    """Import the public names when they are first used: ``nem --help`` needs none of them."""
    if name == "__version__":
        return _version()
    if name not in _HOMES:
        raise AttributeError(f"module 'nem_cli' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("nem-cli")
    except PackageNotFoundError:  # imported from a source tree that isn't installed
        return "unknown"


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
