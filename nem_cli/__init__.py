"""Noisy Expectation-Maximization: experiments on mixtures, with honest uncertainty."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nem_cli.compare.compare import compare
    from nem_cli.experiment.config import Experiment
    from nem_cli.experiment.noise import Noise
    from nem_cli.fit.bootstrap import bootstrap
    from nem_cli.fit.fit import fit
    from nem_cli.fit.fitted import Fit, load_fit
    from nem_cli.replay.replay import replay
    from nem_cli.statistics.run import Run
    from nem_cli.sweep.sweep import sweep
    from nem_cli.verify.verify import verify

__version__: str

__all__ = ["Experiment", "Fit", "Noise", "Run", "bootstrap", "compare", "fit", "load_fit", "replay", "sweep", "verify"]

_HOMES = {
    "__version__": "nem_cli.version",
    "Experiment": "nem_cli.experiment.config",
    "Fit": "nem_cli.fit.fitted",
    "Noise": "nem_cli.experiment.noise",
    "Run": "nem_cli.statistics.run",
    "bootstrap": "nem_cli.fit.bootstrap",
    "compare": "nem_cli.compare.compare",
    "fit": "nem_cli.fit.fit",
    "load_fit": "nem_cli.fit.fitted",
    "replay": "nem_cli.replay.replay",
    "sweep": "nem_cli.sweep.sweep",
    "verify": "nem_cli.verify.verify",
}


def __getattr__(name: str) -> Any:
    """Import the public names when they are first used: ``nem --help`` needs none of them."""
    if name not in _HOMES:
        raise AttributeError(f"module 'nem_cli' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)


class _Face(ModuleType):
    """``nem_cli.sweep`` is the function of that name, also once the wing ``nem_cli.sweep`` has been imported."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in _HOMES or not isinstance(value, ModuleType):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Face


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
