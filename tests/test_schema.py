"""`nem schema`: shipped configs pass it, wrong ones don't."""

from __future__ import annotations

import copy
import json
import re

import pytest
import yaml
from command_line import invoke

from nem_cli.errors import ConfigError
from nem_cli.experiment.config import Experiment
from nem_cli.experiment.plan import validate
from nem_cli.experiment.registry import families, injections, screens, starts, stop_rules
from nem_cli.experiment.schema import json_schema
from nem_cli.experiment.shipped import shipped_configs
from nem_cli.paper.protocols.config import is_search, search_schema

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
NOTES = {"$schema", "$defs", "title", "description", "default", "examples"}


def is_type(value, name):
    if name == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def valid(value, schema, root):
    """A JSON Schema validator of the keywords that occur here; an unknown keyword is a KeyError, never passed over."""

    def sub(part, item=value):
        return valid(item, part, root)

    number, is_object = is_type(value, "number"), isinstance(value, dict)
    is_list, is_text = isinstance(value, list), isinstance(value, str)
    checks = {
        "$ref": lambda ref: sub(root["$defs"][ref.removeprefix("#/$defs/")]),
        "type": lambda names: any(is_type(value, name) for name in ([names] if isinstance(names, str) else names)),
        "enum": lambda values: value in values,
        "const": lambda only: value == only,
        "anyOf": lambda parts: any(map(sub, parts)),
        "oneOf": lambda parts: sum(map(sub, parts)) == 1,
        "pattern": lambda pattern: not is_text or re.search(pattern, value) is not None,
        "maxLength": lambda n: not is_text or len(value) <= n,
        "minimum": lambda low: not number or value >= low,
        "maximum": lambda high: not number or value <= high,
        "exclusiveMinimum": lambda low: not number or value > low,
        "exclusiveMaximum": lambda high: not number or value < high,
        "items": lambda part: not is_list or all(sub(part, item) for item in value),
        "minItems": lambda n: not is_list or len(value) >= n,
        "maxItems": lambda n: not is_list or len(value) <= n,
        "minProperties": lambda n: not is_object or len(value) >= n,
        "required": lambda names: not is_object or set(names) <= set(value),
        "propertyNames": lambda part: not is_object or all(sub(part, name) for name in value),
        "properties": lambda parts: not is_object or all(sub(parts[k], v) for k, v in value.items() if k in parts),
        "additionalProperties": lambda part: (
            not is_object
            or all(
                part if isinstance(part, bool) else sub(part, v)
                for k, v in value.items()
                if k not in schema.get("properties", {})
            )
        ),
    }
    return all(checks[key](part) for key, part in schema.items() if key not in NOTES)


@pytest.fixture(scope="module")
def schema():
    return json_schema()


@pytest.fixture
def config():
    return {
        "mixture": {"weights": [0.5, 0.5], "means": [-2, 2], "variances": [4, 4]},
        "sample_size": 200,
        "sweep": {"sigma": {"start": 0, "stop": 2, "num": 41}, "noise.decay": [1, 2]},
    }


@pytest.mark.parametrize("name", sorted(shipped_configs()))
def test_shipped_configs_pass(schema, name):
    config = yaml.safe_load(shipped_configs()[name].read_text())
    if is_search(config):
        schema = search_schema()
    assert valid(config, schema, schema)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"start": "moments"},
        {"start": {"weights": [0.5, 0.5], "means": [-3, 3], "variances": [9, 9]}},
        {"start": "my.package:Start"},
        {"sweep": [{"sigma": [0, 1.5], "noise.injection": ["additive"]}, {"sigma": [0.1]}]},
        {"sweep": {"mixture.means": [[-1, 1], [-2, 2]], "start": ["truth", "moments"]}},
        {"noise": {"injection": "my.package:Cubic", "decay": 1}},
        {"stop": {"rule": "log-likelihood", "tol": 3}},
        {"method": "quasi-newton"},
        {"start": {"rule": "uniform", "means": [-3, 3], "variances": [1, 9]}},
        {"sweep": {"method": ["em", "squarem"]}},
        {"name": "mine", "title": "A line", "trials": 10, "figure": {"log": True}},
    ],
)
def test_what_passes_the_schema(schema, config, change):
    assert valid(config | change, schema, schema)


@pytest.mark.parametrize(
    "change",
    [
        {"smaple_size": 100},
        {"sample_size": 0},
        {"sample_size": "200"},
        {"trials": 1.5},
        {"start": "momens"},
        {"start": {"weights": [1]}},
        {"sweep": {}},
        {"sweep": []},
        {"sweep": {"sigma": []}},
        {"sweep": {"sigma": [-1]}},
        {"sweep": {"sigma": 1}},
        {"sweep": {"sigma": {"start": 0, "stop": 1}}},
        {"sweep": {"sigma": {"start": 0, "stop": 1, "num": 2.5}}},
        {"sweep": {"seed": [1, 2]}},
        {"noise": {"injection": "aditive"}},
        {"noise": {"decay": -1}},
        {"noise": {"screen": "sometimes"}},
        {"stop": {"rule": "max-chance"}},
        {"stop": {"tol": 999}},
        {"estimate": []},
        {"estimate": ["mean"]},
        {"mixture": {"weights": [1], "means": [0], "family": "gausian"}},
        {"bootstrap": {"confidence": 1}},
    ],
)
def test_the_schema_and_nem_check_refuse_alike(schema, config, change):
    assert not valid(config | change, schema, schema)
    with pytest.raises(ConfigError):
        validate({"name": "x"} | copy.deepcopy(config | change))


@pytest.mark.parametrize("missing", ["mixture", "sample_size"])
def test_what_is_required(schema, config, missing):
    del config[missing]
    assert not valid(config, schema, schema)


def test_every_setting_is_described_and_every_name_offered(schema):
    assert set(schema["properties"]) == set(Experiment.model_fields)
    assert all(each["description"] for each in schema["properties"].values())
    text = json.dumps(schema)
    for registry in (families, injections, screens, starts, stop_rules):
        assert json.dumps(registry.names()) in text


def test_the_command_prints_the_schema(schema):
    result = invoke("schema")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == schema


def test_the_search_through_protocols_has_a_schema():
    printed = json.loads(invoke("schema", "protocols").stdout)
    assert printed == search_schema()
    config = yaml.safe_load(shipped_configs()["protocols"].read_text())
    for change in (
        {"families": {}},
        {"horizon": 19},
        {"rules": {"norm": ["never"], "tol": [1]}},
        {"sweep": {"sigma": [1]}},
    ):
        assert not valid(config | change, printed, printed)
