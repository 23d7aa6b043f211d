"""Validation's errors as messages that name the path, the value and what is allowed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import numpy as np
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from nem_cli.errors import ConfigError, NemError, shorten, suggest
from nem_cli.experiment.grid import SettingError
from nem_cli.experiment.values import NESTED, Ranges

MAX_PROBLEMS = 20
ModelT = TypeVar("ModelT", bound=BaseModel)


def checked(model: type[ModelT], tree: Mapping[str, Any], source: str, prefix: str = "") -> ModelT:
    """Validate a tree, turning pydantic's errors into one `ConfigError`, a line a problem."""
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        found = error.errors()
        problems = [_problem(model, dict(item), prefix) for item in found[:MAX_PROBLEMS]]
        if len(found) > MAX_PROBLEMS:
            problems.append(ConfigError(f"and {len(found) - MAX_PROBLEMS:,} problems more"))
    except NemError as error:  # a registry's own word
        raise ConfigError(str(error), source=source) from error
    first, *rest = problems
    text = first.problem + "".join(f"\n{source + ': ' if source else ''}{other}" for other in rest)
    raise ConfigError(text, path=first.path, source=source)


def whole(name: str, value: object, low: int, high: int) -> int:
    """An argument that must be a whole number within bounds."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not low <= value <= high:
        raise ConfigError(f"must be a whole number from {low} to {high:,}", path=f"`{name}`", value=value)
    return int(value)


def _problem(model: type[BaseModel], item: dict[str, Any], prefix: str) -> ConfigError:
    keys = [key for key in item["loc"] if key not in NESTED]
    kind = keys.pop(1) if keys[0:1] == ["start"] and len(keys) > 1 else None  # no part of the path: a start's tag
    named = [str(key) for key in keys if isinstance(key, str)]
    path = prefix + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys).lstrip(".")
    siblings = Ranges.model_fields if kind == "ranges" else _fields(model, named[:-1])
    allowed = (siblings[named[-1]].description or "") if named and named[-1] in siblings else ""
    value = item.get("input")
    shown = "" if isinstance(value, dict) or item["type"] == "missing" else f" (got {shorten(repr(value), 60)})"
    if item["type"] == "extra_forbidden":
        elsewhere = " or ".join(path for path in _paths(model) if path.endswith(f".{named[-1]}"))
        hint = f"did you mean {elsewhere}? " if elsewhere else suggest(named[-1], siblings)
        return ConfigError(f"unknown setting{shown}; {hint}allowed here: {', '.join(siblings)}", path=path)
    if item["type"] == "missing":
        return ConfigError(f"is missing; allowed: {allowed}" if allowed else "is missing", path=path)
    if item["type"] == "value_error":
        error = item["ctx"]["error"]
        if isinstance(error, SettingError):
            path = ".".join(part for part in (path.rstrip("."), error.path) if part)
        return ConfigError(str(error), path=path)
    text = item["msg"][0].lower() + item["msg"][1:]
    return ConfigError(f"{text}{shown}" + (f"; allowed: {allowed}" if allowed else ""), path=path)


def _model(field: FieldInfo) -> type[BaseModel] | None:
    """The model that a field holds, where it holds one."""
    for candidate in getattr(field.annotation, "__args__", (field.annotation,)):
        candidate = getattr(candidate, "__origin__", candidate)
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def _fields(model: type[BaseModel], keys: list[str]) -> dict[str, FieldInfo]:
    """The settings at a path; none where no model is there."""
    fields = model.model_fields
    for key in keys:
        inner = _model(fields[key]) if key in fields else None
        fields = inner.model_fields if inner else {}
    return fields


def _paths(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Every setting's dotted path; sigma is set by the sweep alone."""
    for name, field in model.model_fields.items():
        yield f"{prefix}{name}"
        if part := _model(field):
            yield from _paths(part, f"{prefix}{name}.")
    if "sweep" in model.model_fields:
        yield "sweep.sigma"
