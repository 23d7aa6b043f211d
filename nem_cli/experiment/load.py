"""Reading a config's file, with overrides."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nem_cli.errors import ConfigError, NemWarning
from nem_cli.experiment.config import Experiment
from nem_cli.experiment.dialect import parse
from nem_cli.experiment.paths import put
from nem_cli.experiment.plan import validate

MAX_BYTES = 200_000


def load(path: Path, overrides: Iterable[str] = (), **settings: Any) -> Experiment:
    """Read an experiment from a YAML file; parameters and errors as of `read`."""
    return validate(read(path, overrides, **settings), str(path))


def read(path: Path, overrides: Iterable[str] = (), *, plugins: bool = True, **settings: Any) -> dict[str, Any]:
    """A config's tree, not yet validated.

    Parameters
    ----------
    path : Path
    overrides : iterable of str
        ``dotted.path=value``, as of ``--set``.
    plugins : bool
        Whether modules that the config names may be imported, as ``package.module:Name``.
    **settings
        Top-level settings that replace the file's, where not None.

    Raises
    ------
    ConfigError
        Naming the file, the path inside it, the value and what is allowed.
    """
    source = str(path)
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError("there is no such config file", source=source) from None
    except IsADirectoryError:
        raise ConfigError("is a folder, not a config file", source=source) from None
    except OSError as error:
        raise ConfigError(f"can't be read: {error.strerror}", source=source) from None
    if len(content) > MAX_BYTES:
        raise ConfigError(f"is larger than {MAX_BYTES:,} bytes, which no config is", source=source)
    tree = parse(content, source)
    if tree is None:
        raise ConfigError("is empty; a config is a mapping of settings", source=source)
    if not isinstance(tree, dict):
        raise ConfigError(f"must be a mapping of settings, not a {_kind(tree)}", source=source)
    own = tree.get("name")
    for override in overrides:
        assign(tree, override)
    tree |= {name: value for name, value in settings.items() if value is not None}
    name = tree.setdefault("name", path.stem)
    if name == own and name != path.stem and path.name != "config.yaml":  # a run's own, whose folder has the name
        problem = f"calls itself {name}, and so its folder of results; leave name out to have both called {path.stem}"
        warnings.warn(NemWarning(f"{path}: {problem}"), stacklevel=2)
    if not plugins:
        _refuse_modules(tree, "", source)
    return tree


def assign(tree: dict[str, Any], override: str) -> None:
    """Apply one ``dotted.path=value`` to a config's tree, in place."""
    path, equals, written = override.partition("=")
    path = path.strip()
    if not equals or not all(path.split(".")):
        raise ConfigError("must look like noise.decay=1", source="--set", value=override)
    value = parse(written, f"--set {path}")
    try:
        put(tree, path, value)
    except KeyError:
        raise ConfigError(f"there is no setting {path}", source="--set", value=override) from None


def _refuse_modules(value: Any, path: str, source: str) -> None:
    if isinstance(value, str) and ":" in value and path not in ("title", "name"):
        raise ConfigError("names a module, which isn't imported here", path=path, value=value, source=source)
    parts = enumerate(value) if isinstance(value, list) else value.items() if isinstance(value, dict) else ()
    for key, part in parts:
        _refuse_modules(part, f"{path}.{key}".lstrip("."), source)


def _kind(value: object) -> str:
    return {list: "list", str: "text", bool: "truth value"}.get(type(value), "number")
