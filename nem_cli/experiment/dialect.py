"""The YAML of configs: plain data by the core schema of YAML 1.2, and nothing that surprises."""

from __future__ import annotations

import re
from typing import Any

import yaml

from nem_cli.errors import ConfigError

MAX_DEPTH = 20
MAX_BITS = 10_000
_CORE = {
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "bool": (r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    "int": (r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    "float": (
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        list("-+.0123456789"),
    ),
}
"""YAML 1.2.2, section 10.3.2: what a plain scalar is, by its text; anything else is text. The second is first letters.

YAML 1.1, which PyYAML reads, takes ``on`` for a truth value, ``0100`` for 64 and ``1:30:00`` for 5400.
"""


class _Loader(yaml.SafeLoader):
    """No tags, no aliases, no repeated keys, bounded depth."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  (as PyYAML's own)
    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]  # untyped in the stubs
        if isinstance(event, yaml.AliasEvent):
            raise _refused("aliases (*name) aren't allowed here", event)
        if event.tag is not None:
            raise _refused("tags (!name) aren't allowed here: what a value is follows from how it is written", event)
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _refused(f"nested deeper than {MAX_DEPTH} levels", event)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        tree: dict[Any, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _refused("a key must be plain text", key)
            name = _text(self, key)
            if name in tree:
                raise _refused(f"the key {name!r} stands twice", key)
            tree[name] = self.construct_object(value, deep=deep)
        return tree


class _Dumper(yaml.SafeDumper):
    """Quotes what either version of YAML would take for something else than text."""


def _text(loader: _Loader, node: yaml.ScalarNode) -> str:
    text = str(node.value)
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise _refused("half of a character (a lone surrogate) can't be written to any file", node)
    return text


def _integer(loader: _Loader, node: yaml.ScalarNode) -> int:
    text = node.value
    try:
        value = int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    except ValueError:  # more digits than Python reads
        value = 1 << MAX_BITS
    if value.bit_length() > MAX_BITS:  # Python couldn't even show it
        raise _refused("a number of absurd size", node)
    return value


_Loader.add_constructor("tag:yaml.org,2002:str", _text)
_Loader.add_constructor("tag:yaml.org,2002:int", _integer)
for _kind, (_pattern, _letters) in _CORE.items():
    for _class in (_Loader, _Dumper):
        _class.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(f"^(?:{_pattern})$"), _letters)


def _refused(problem: str, at: Any) -> yaml.MarkedYAMLError:
    """At an event or a node."""
    return yaml.MarkedYAMLError(problem=problem, problem_mark=at.start_mark)


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
    except (yaml.YAMLError, RecursionError) as error:  # a character that YAML excludes; brackets without end
        raise ConfigError(f"isn't valid YAML: {str(error).splitlines()[0]}", source=source) from None


def dump(tree: dict[str, Any]) -> str:
    """A config's tree as YAML, which `parse` reads back as it was."""
    return yaml.dump(tree, Dumper=_Dumper, sort_keys=False, default_flow_style=None, allow_unicode=True, width=110)
