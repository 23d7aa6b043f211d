"""`nem settings`: every setting is explained, and its lines may be copied."""

from __future__ import annotations

import json

import pytest
import yaml
from command_line import invoke
from test_schema import valid

from nem_cli.experiment.config import SYSTEMS, Experiment
from nem_cli.experiment.schema import json_schema

REQUIRED = {
    "mixture": {"weights": [0.5, 0.5], "means": [-2, 2], "variances": [4, 4]},
    "chain": {"initial": [1], "transitions": [[1]], "means": [0], "variances": [1]},
    "clusters": {"weights": [1], "means": [[0]], "variances": [1]},
    "network": {"data": "digits"},
    "data": {"file": "faithful.csv", "columns": ["waiting"], "components": 2},
    "trace": {"horizon": 60},
}
"""What a group must have, whatever else an example sets in it."""


def explained(*part):
    done = invoke("settings", *part, "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_every_setting_has_a_meaning_and_what_is_allowed():
    settings = explained()
    paths = [each["path"] for each in settings]
    assert len(set(paths)) == len(paths) > 40
    assert {path for path in paths if "." not in path} == set(Experiment.model_fields)
    for each in settings:
        name = each["path"].rpartition(".")[2]
        assert each["meaning"].lower().replace(" ", "_") != name, "pydantic's own title"
        assert each["allowed"]
        assert each["examples"] or any(path.startswith(f"{each['path']}.") for path in paths)


@pytest.mark.parametrize("setting", explained(), ids=lambda each: each["path"])
def test_every_example_is_a_line_that_the_schema_takes(setting):
    schema = json_schema()
    for line in setting["examples"]:
        ((group, value),) = yaml.safe_load(line).items()
        config = {"sample_size": 10, group: REQUIRED[group] | value if group in REQUIRED else value}
        if group not in SYSTEMS:
            config |= {"mixture": REQUIRED["mixture"]}
        assert valid(config, schema, schema), line


def test_ranges_are_shown():
    (sweep,) = explained("sweep")
    assert "sweep: {sigma: {start: 0, stop: 2, num: 41}}" in sweep["examples"]


def test_a_part_is_shown_as_text():
    done = invoke("settings", "noise")
    assert done.exit_code == 0
    for text in ("noise.decay", "default: 2.0", "noise: {decay: 1}", "every-component, "):
        assert text in done.stdout
    assert "stop.tol" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert [each["path"] for each in explained("stop.tol")] == ["stop.tol"]


def test_an_unknown_part_is_refused():
    done = invoke("settings", "noise.decai")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "did you mean noise.decay?" in done.stderr
