"""The JSON Schema of a config, for editors."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from nem_cli.experiment.config import SYSTEMS, Experiment, TrialSettings
from nem_cli.experiment.registry import Registry, families, injections, methods, screens, starts, stop_rules
from nem_cli.experiment.systems.data import Data
from nem_cli.experiment.systems.network import Network
from nem_cli.experiment.values import Components

_NUMBER_OR_TEXT = {"type": ["number", "string", "boolean", "array", "object"]}
RANGE = {
    "type": "object",
    "description": "num equally spaced values from start to stop, both included",
    "properties": {
        "start": {"type": "number"},
        "stop": {"type": "number"},
        "num": {"type": "integer", "minimum": 1},
    },
    "required": ["start", "stop", "num"],
    "additionalProperties": False,
}


def json_schema(settings: type[TrialSettings] = Experiment, swept: str = "sweep") -> dict[str, Any]:
    """What a config file may hold: pydantic's schema of its settings, and what only their validators know.

    Parameters
    ----------
    settings : type
        With a name and a field of grids.
    swept : str
        That field.
    """
    schema = settings.model_json_schema(schema_generator=_InOrder)
    schema |= {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "nem config"}
    # a name is the file's own, and the system decides what is estimated and the start
    schema["required"] = [name for name in schema["required"] if name not in {"name", *TrialSettings.model_fields}]
    schema["oneOf"] = [
        {"required": [kind] if system in (Network, Data) else [kind, "sample_size"]} for kind, system in SYSTEMS.items()
    ]
    properties, models = schema["properties"], schema["$defs"]
    properties[swept] |= {"anyOf": [_grid(), {"type": "array", "items": _grid(), "minItems": 1}]}
    del properties[swept]["type"], properties[swept]["items"]
    properties["method"] |= _named(methods)
    for rule in properties["start"]["oneOf"]:
        if rule.get("type") == "string":
            rule |= _named(starts)
    of_families = [each.name for name in families.names() for each in families.get(name).parameters]
    known = dict.fromkeys([*Components.model_fields, *of_families])
    properties["estimate"]["items"] = {"pattern": rf"^({'|'.join(known)}|(weights|biases)_\d+)$"}
    for model, name, registry in (
        ("Mixture", "family", families),
        ("Chain", "family", families),
        ("Data", "family", families),
        ("NoiseSettings", "injection", injections),
        ("NoiseSettings", "screen", screens),
        ("Stop", "rule", stop_rules),
    ):
        models[model]["properties"][name] |= _named(registry)
    return schema


class _InOrder(GenerateJsonSchema):
    """Keys in the order in which they are written, not in that of the alphabet: examples are read by people."""

    def sort(self, value: dict[str, Any], parent_key: str | None = None) -> dict[str, Any]:
        return value


def _grid() -> dict[str, Any]:
    """One grid of a sweep: swept settings to lists of values or ranges."""
    values = {"anyOf": [{"type": "array", "items": _NUMBER_OR_TEXT, "minItems": 1}, RANGE]}
    sigma = {"type": "array", "items": {"type": "number", "minimum": 0}, "minItems": 1}
    return {
        "type": "object",
        "minProperties": 1,
        "properties": {"sigma": {"description": "initial noise standard deviations", "anyOf": [sigma, RANGE]}},
        "propertyNames": {"pattern": rf"^(sigma|({'|'.join(TrialSettings.model_fields)})(\..+)?)$"},
        "additionalProperties": values,
    }


def _named(registry: Registry[Any]) -> dict[str, Any]:
    """A registered name, which editors then offer, or package.module:Name."""
    return {"anyOf": [{"enum": registry.names()}, {"pattern": "^[^:]+:[^:]+$"}]}
