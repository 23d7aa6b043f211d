"""Settings by their dotted path, such as ``noise.decay``, in a tree of mappings."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any


def get(tree: Mapping[str, Any], path: str) -> Any:
    """The value at a path.

    Raises
    ------
    KeyError
        If there is no such setting.
    """
    node: Any = tree
    for key in path.split("."):
        if not isinstance(node, Mapping) or key not in node:
            raise KeyError(path)
        node = node[key]
    return node


def put(tree: dict[str, Any], path: str, value: Any) -> None:
    """Set the value at a path, in place; mappings on the way are made where there are none.

    Raises
    ------
    KeyError
        If something on the way isn't a mapping.
    """
    *parents, last = path.split(".")
    node: Any = tree
    for key in parents:
        node = node.setdefault(key, {}) if isinstance(node, dict) else None
    if not isinstance(node, dict):
        raise KeyError(path)
    node[last] = value


def flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A nested mapping by dotted paths; lists are leaves."""
    leaves: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            leaves |= flatten(value, f"{prefix}{key}.")
        else:
            leaves[f"{prefix}{key}"] = value
    return leaves


def assignments(settings: Iterable[tuple[str, Any]]) -> str:
    """Settings as ``--set`` takes them: ``noise.decay=1, start="moments"``."""
    return ", ".join(f"{path}={json.dumps(value, default=repr)}" for path, value in settings)


def differences(left: Mapping[str, Any], right: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Paths at which two flat trees differ, each with its value on either side as JSON, or ``not set``."""
    for path in sorted(left.keys() | right.keys()):
        one, other = (json.dumps(tree[path]) if path in tree else "not set" for tree in (left, right))
        if one != other:
            yield path, one, other
