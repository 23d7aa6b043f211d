"""The JSON Schema of a config, for editors."""

from __future__ import annotations

from typing import Any

from nem_cli.experiment.config import Experiment
from nem_cli.experiment.registry import Registry, families, injections, screens, starts, stop_rules

_NUMBER_OR_TEXT = {"type": ["number", "string", "boolean", "array", "object"]}
_RANGE = {
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


def json_schema() -> dict[str, Any]:
    """What a config file may hold: pydantic's schema of `Experiment`, and what only its validators know."""
    schema = Experiment.model_json_schema()
    schema |= {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "nem config"}
    schema["required"].remove("name")  # the file's own name where it isn't given
    properties, models = schema["properties"], schema["$defs"]
    properties["sweep"] |= {"anyOf": [_grid(), {"type": "array", "items": _grid(), "minItems": 1}]}
    del properties["sweep"]["type"], properties["sweep"]["items"]
    for rule in properties["start"]["oneOf"]:
        if rule.get("type") == "string":
            rule |= _named(starts)
    for model, name, registry in (
        ("Mixture", "family", families),
        ("NoiseSettings", "injection", injections),
        ("NoiseSettings", "screen", screens),
        ("Stop", "rule", stop_rules),
    ):
        models[model]["properties"][name] |= _named(registry)
    return schema


def _grid() -> dict[str, Any]:
    """One grid of a sweep: swept settings to lists of values or ranges."""
    values = {"anyOf": [{"type": "array", "items": _NUMBER_OR_TEXT, "minItems": 1}, _RANGE]}
    sigma = {"type": "array", "items": {"type": "number", "minimum": 0}, "minItems": 1}
    return {
        "type": "object",
        "minProperties": 1,
        "properties": {"sigma": {"description": "initial noise standard deviations", "anyOf": [sigma, _RANGE]}},
        "propertyNames": {"pattern": r"^(sigma|(mixture|sample_size|estimate|start|noise|stop)(\..+)?)$"},
        "additionalProperties": values,
    }


def _named(registry: Registry[Any]) -> dict[str, Any]:
    """A registered name, which editors then offer, or package.module:Name."""
    return {"anyOf": [{"enum": registry.names()}, {"pattern": "^[^:]+:[^:]+$"}]}
