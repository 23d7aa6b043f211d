"""Reading configs: YAML without its traps, overrides, and errors that name file, path, value and what is allowed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

import yaml
from pydantic import BaseModel, ValidationError

from nem_cli.errors import ConfigError, NemError
from nem_cli.experiment.config import Experiment
from nem_cli.experiment.grid import SettingError

MAX_BYTES = 1_000_000
MAX_DEPTH = 20
MAX_BITS = 10_000
_TAGS = ("given", "rule")
ModelT = TypeVar("ModelT", bound=BaseModel)


class _Loader(yaml.SafeLoader):
    """YAML's plain data only: no tags, no aliases, no repeated keys, bounded depth; 1e-3 is a number."""

    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]  # untyped in the stubs
        mark = event.start_mark
        if isinstance(event, yaml.AliasEvent):
            raise yaml.MarkedYAMLError(None, None, "aliases (*name) aren't allowed here", mark)
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise yaml.MarkedYAMLError(None, None, f"nested deeper than {MAX_DEPTH} levels", mark)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(None, None, "a key must be plain text", key.start_mark)
            if key.value in seen:
                raise yaml.MarkedYAMLError(None, None, f"the key {key.value!r} stands twice", key.start_mark)
            seen.add(key.value)
        return cast(dict[Any, Any], super().construct_mapping(node, deep))


def _integer(loader: _Loader, node: yaml.ScalarNode) -> int:
    value = loader.construct_yaml_int(node)
    if value.bit_length() > MAX_BITS:  # hexadecimal, say: Python couldn't even show it
        raise yaml.MarkedYAMLError(None, None, "a number of absurd size", node.start_mark)
    return int(value)


_Loader.add_constructor("tag:yaml.org,2002:int", _integer)
_Loader.add_implicit_resolver(  # YAML 1.1 takes 1e-3 for text
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
)


def load(path: Path, overrides: Iterable[str] = (), **settings: Any) -> Experiment:
    """Read an experiment from a YAML file.

    Parameters
    ----------
    path : Path
    overrides : iterable of str
        ``dotted.path=value``, as of ``--set``.
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
    for override in overrides:
        assign(tree, override)
    tree |= {name: value for name, value in settings.items() if value is not None}
    tree.setdefault("name", path.stem)
    return validate(tree, source)


def parse(content: bytes | str, source: str) -> Any:
    """YAML's plain data.

    Raises
    ------
    ConfigError
        With line and column where it isn't YAML, or holds what isn't allowed.
    """
    try:
        text = content.decode("utf-8") if isinstance(content, bytes) else content
        return yaml.load(text, Loader=_Loader)  # noqa: S506  (a SafeLoader, made stricter)
    except UnicodeDecodeError:
        raise ConfigError("isn't text in UTF-8", source=source) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ConfigError(f"isn't valid YAML here: {error.problem}", path=place, source=source) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: an impossible date, a huge number
        text = str(error).split("\n")[0]
        raise ConfigError(f"isn't valid YAML: {text}", source=source) from None


def assign(tree: dict[str, Any], override: str) -> None:
    """Apply one ``dotted.path=value`` to a config's tree, in place."""
    path, equals, written = override.partition("=")
    keys = path.strip().split(".")
    if not equals or not all(keys):
        raise ConfigError("must look like noise.decay=1", source="--set", value=override)
    value = parse(written, f"--set {path}")
    node: Any = tree
    for key in keys[:-1]:
        node = node.setdefault(key, {}) if isinstance(node, dict) else None
    if not isinstance(node, dict):
        raise ConfigError(f"there is no setting {path}", source="--set", value=override)
    node[keys[-1]] = value


def validate(tree: Mapping[str, Any], source: str = "") -> Experiment:
    """An experiment from a config's tree, every level of its grid checked too.

    Raises
    ------
    ConfigError
    """
    from nem_cli.experiment.plan import levels  # plan needs `checked` for its levels

    experiment = checked(Experiment, tree, source)
    levels(experiment, source)
    return experiment


def checked(model: type[ModelT], tree: Mapping[str, Any], source: str, prefix: str = "") -> ModelT:
    """Validate a tree, turning pydantic's errors into one `ConfigError`, a line a problem."""
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        problems = [_problem(model, dict(item), prefix) for item in error.errors()]
    except NemError as error:  # a registry's own word
        raise ConfigError(str(error), source=source) from error
    first, *rest = problems
    text = first.problem + "".join(f"\n{source + ': ' if source else ''}{other}" for other in rest)
    raise ConfigError(text, path=first.path, value=None, source=source)


def _problem(model: type[BaseModel], item: dict[str, Any], prefix: str) -> ConfigError:
    keys = [key for key in item["loc"] if key not in _TAGS]
    named = [str(key) for key in keys if isinstance(key, str)]
    path = prefix + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys).lstrip(".")
    allowed = _description(model, named)
    value = item.get("input")
    shown = "" if isinstance(value, dict) or item["type"] == "missing" else f" (got {_short(value)})"
    if item["type"] == "extra_forbidden":
        names = _names(model, named[:-1])
        near = difflib.get_close_matches(named[-1], names, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}? " if near else ""
        return ConfigError(f"unknown setting{shown}; {hint}allowed here: {', '.join(names)}", path=path)
    if item["type"] == "missing":
        return ConfigError(f"is missing; allowed: {allowed}" if allowed else "is missing", path=path)
    if item["type"] == "value_error":
        error = item["ctx"]["error"]
        text = error.problem if isinstance(error, ConfigError) else str(error)
        if isinstance(error, SettingError):
            path = ".".join(part for part in (path.rstrip("."), error.path) if part)
        return ConfigError(f"{text}{shown if isinstance(error, ConfigError) else ''}", path=path)
    text = item["msg"][0].lower() + item["msg"][1:]
    return ConfigError(f"{text}{shown}" + (f"; allowed: {allowed}" if allowed else ""), path=path)


def _models(model: type[BaseModel], name: str) -> type[BaseModel] | None:
    """The model that a field holds, where it holds one."""
    field = model.model_fields.get(name)
    candidates = getattr(field.annotation, "__args__", (field.annotation,)) if field else ()
    for candidate in candidates:
        candidate = getattr(candidate, "__origin__", candidate)
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def _owner(model: type[BaseModel], keys: list[str]) -> type[BaseModel] | None:
    owner: type[BaseModel] | None = model
    for key in keys:
        owner = _models(owner, key) if owner else None
    return owner


def _names(model: type[BaseModel], keys: list[str]) -> list[str]:
    owner = _owner(model, keys)
    return list(owner.model_fields) if owner else []


def _description(model: type[BaseModel], keys: list[str]) -> str:
    owner = _owner(model, keys[:-1]) if keys else None
    field = owner.model_fields.get(keys[-1]) if owner else None
    return (field.description or "") if field else ""


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _kind(value: object) -> str:
    return {list: "list", str: "text", bool: "truth value"}.get(type(value), "number")
