"""Whether a folder's results belong to the experiment at hand, and can be continued here."""

from __future__ import annotations

import hashlib
import inspect
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy

from nem_cli.errors import FolderError
from nem_cli.experiment.config import Experiment
from nem_cli.experiment.paths import differences, flatten
from nem_cli.experiment.registry import Registry, families, injections, methods, screens, starts, stop_rules

ALGORITHM = 2
"""Changes with anything that changes a trial's numbers: the loop, the draws, the streams, the size of a block."""

_PLUGGED: dict[str, Registry[Any]] = {
    "family": families,
    "injection": injections,
    "screen": screens,
    "stop.rule": stop_rules,
    "start": starts,
    "method": methods,
}
"""Where the names of extensions stand in a config: the end of the setting's path."""


@dataclass(frozen=True)
class Identity:
    """All that fixes a trial's numbers, and so what makes another experiment.

    Parameters
    ----------
    settings : dict
        Settings by dotted path, the seed among them.
    swept : set of str
        Settings that a sweep sets, but for sigma: they belong to the levels and may differ.
    sources : dict
        The digest of every plug-in's source file by ``package.module:Name``; what that file imports isn't in it.
    versions : dict
        Of the algorithm and of the libraries that the numbers depend on.
    """

    settings: dict[str, Any]
    swept: set[str]
    sources: dict[str, str]
    versions: dict[str, Any]

    @classmethod
    def of(cls, experiment: Experiment) -> Identity:
        """An experiment's identity, run here."""
        versions = {"algorithm": ALGORITHM, "numpy": np.__version__, "scipy": scipy.__version__}
        return cls(experiment.identity(), set(experiment.swept), _sources(experiment), versions)

    def refuse(self, other: Identity, folder: Path) -> None:
        """Refuse a folder that holds results with another identity.

        Raises
        ------
        FolderError
            With a line for each setting that differs.
        """
        swept = self.swept | other.swept
        there, here = (
            {path: value for path, value in each.settings.items() if not _is_swept(path, swept)}
            for each in (other, self)
        )
        for target in self.sources.keys() & other.sources.keys():  # of a level that only one of them has: no matter
            there[f"source of {target}"], here[f"source of {target}"] = other.sources[target], self.sources[target]
        differing = _differences(there, here)
        if differing:
            raise FolderError(
                f"holds another experiment; it is left untouched. These settings differ:\n{differing}\n"
                "Give another `out` or another name, or `fresh` to start over",
                source=str(folder),
            )
        differing = _differences(other.versions, self.versions)
        if differing:
            raise FolderError(
                f"was made with other versions, so its numbers can't be continued; it is left untouched:\n{differing}\n"
                "Use those versions, another `out`, or `fresh` to start over",
                source=str(folder),
            )

    def joined(self, other: Identity) -> Identity:
        """Of a folder that holds both: what either sweep sets belongs to the levels from now on."""
        swept = self.swept | other.swept
        settings = other.settings | {path: self.settings[path] for path in self.settings if path in swept}
        return Identity(settings, swept, other.sources | self.sources, self.versions)


def _sources(experiment: Experiment) -> dict[str, str]:
    trees: list[dict[str, Any]] = [experiment.flat()]
    trees += [{path: value} for grid in experiment.sweep for path, values in grid.items() for value in values]
    named = {
        (end, name)
        for tree in trees
        for path, name in flatten(tree).items()
        for end, registry in _PLUGGED.items()
        if f".{path}".endswith(f".{end}") and isinstance(name, str) and name not in registry.reserved
    }
    kinds = {type(_PLUGGED[end].get(name)) for end, name in named}
    plugins = {kind for kind in kinds if kind.__module__.partition(".")[0] != "nem_cli"}
    return dict(sorted((f"{kind.__module__}:{kind.__qualname__}", _digest(kind)) for kind in plugins))


def _digest(kind: type) -> str:
    """Of the file that defines a class; of its name alone where there is no such file, as in a notebook."""
    try:
        content = Path(inspect.getfile(sys.modules[kind.__module__])).read_bytes()
    except (OSError, TypeError, KeyError):
        content = kind.__qualname__.encode()
    return hashlib.sha256(content).hexdigest()[:16]


def _differences(there: dict[str, Any], here: dict[str, Any]) -> str:
    """A line for each name whose value differs."""
    return "\n".join(f"  {name}: there {old}, here {new}" for name, old, new in differences(there, here))


def _is_swept(path: str, swept: set[str]) -> bool:
    return any(path == other or path.startswith(f"{other}.") or other.startswith(f"{path}.") for other in swept)
