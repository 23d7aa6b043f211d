"""`nem settings`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from nem_cli.terminal import messages as terminal
from nem_cli.terminal import options

WIDTH = 78


@dataclasses.dataclass(frozen=True)
class Setting:
    """What a config's author must know of one setting; `default` is empty where there is none."""

    path: str
    meaning: str
    allowed: str
    default: str
    examples: tuple[str, ...]


@terminal.command
def settings(
    part: Annotated[str, typer.Argument(help="A setting, or a group such as noise.", show_default="all")] = "",
    json: options.Json = False,
) -> None:
    """Explain the settings of a config: meaning, allowed values, default, and lines to copy.

    Example: nem settings noise
    """
    import textwrap
    from json import dumps

    from nem_cli.errors import ConfigError, suggest
    from nem_cli.experiment.schema import json_schema

    every = list(described(json_schema()))
    chosen = [each for each in every if not part or each.path == part or each.path.startswith(f"{part}.")]
    chosen = chosen or [each for each in every if each.path.endswith(f".{part}")]
    if not chosen:
        hint = suggest(part, [each.path for each in every])
        groups = ", ".join(each.path for each in every if "." not in each.path)
        raise ConfigError(f"there is no such setting; {hint}the groups are {groups}", value=part)
    if json:
        typer.echo(dumps([dataclasses.asdict(each) for each in chosen], indent=2))
        return
    for each in chosen:
        typer.secho(each.path, bold=True)
        lines = [each.meaning, f"allowed: {each.allowed}", f"default: {each.default}" if each.default else ""]
        for line in filter(None, lines):
            typer.echo(textwrap.fill(line, WIDTH, initial_indent="  ", subsequent_indent="    "))
        for example in each.examples:
            typer.echo(f"  {example}")


def described(schema: dict[str, Any]) -> Iterator[Setting]:
    """Every setting of a JSON Schema, groups before what is in them."""

    def resolved(node: dict[str, Any]) -> dict[str, Any]:
        """A node with what it refers to, what it says itself first; an optional one as the one that it may be."""
        kinds = [kind for kind in node.get("anyOf", []) if kind != {"type": "null"}]
        if len(kinds) == 1:
            node = {**kinds[0], **node}
        target = node.get("$ref", "").removeprefix("#/$defs/")
        return {**schema["$defs"][target], **node} if target else node

    def walk(properties: dict[str, Any], prefix: tuple[str, ...]) -> Iterator[Setting]:
        for name, raw in properties.items():
            node, path = resolved(raw), (*prefix, name)
            yield Setting(
                ".".join(path),
                node["title"],
                _allowed(node),
                "" if node.get("default") is None else _flow(node["default"]),
                tuple(_example(path, value) for value in node.get("examples", [])),
            )
            yield from walk(node.get("properties", {}), path)

    return walk(schema["properties"], ())


def _allowed(node: dict[str, Any]) -> str:
    """What the setting's description says, and the names that it doesn't."""
    said = node["description"]
    kinds = [kind for each in (node, *node.get("oneOf", [])) for kind in each.get("anyOf", [])]
    names = [name for kind in kinds for name in kind.get("enum", []) if name not in said]
    return f"{said}: {', '.join(names)}" if names else str(said)


def _example(path: tuple[str, ...], value: object) -> str:
    """The line of a config that sets it."""
    for name in reversed(path[1:]):
        value = {name: value}
    return f"{path[0]}: {_flow(value)}"


def _flow(value: object) -> str:
    import yaml

    return yaml.safe_dump(value, default_flow_style=True, width=1000, sort_keys=False).removesuffix("\n...\n").strip()
