"""Bad input: one message that names the place, exit code 2, and nothing is written."""

from __future__ import annotations

import itertools
import warnings

import children
import pytest
import yaml
from command_line import invoke
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import broken_configs, configs, junk

from nem_cli.errors import ConfigError, NemError
from nem_cli.experiment import dialect
from nem_cli.experiment.folder import config_yaml
from nem_cli.experiment.load import load
from nem_cli.experiment.plan import validate
from nem_cli.experiment.runner import Workers
from nem_cli.statistics import tables
from nem_cli.sweep.sweep import collect

GOOD = yaml.safe_load(children.MANY_BLOCKS)


def checked(text, tmp_path, *arguments):
    """What ``nem check`` says of a config's text or bytes."""
    path = tmp_path / "config.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    done = invoke("check", path, *arguments)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code in (0, 2), (done.exit_code, done.output)
    if done.exit_code:
        assert done.stderr.startswith(("nem: ", "Usage:"))
        assert done.stdout == ""
    return done


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"smaple_size": 3}, ["smaple_size", "did you mean sample_size"]),
        ({"mixture": GOOD["mixture"] | {"weights": [0.5, 0.6]}}, ["mixture", "sum to 1", "1.1"]),
        ({"mixture": GOOD["mixture"] | {"variances": [4, -4]}}, ["mixture", "above 0", "-4"]),
        ({"mixture": GOOD["mixture"] | {"means": [1]}}, ["mixture", "2 numbers", "has 1"]),
        ({"sweep": {"sigma": [-1]}}, ["sweep", "sigma", "0 or more", "-1"]),
        ({"sweep": {"sigma": []}}, ["sweep", "sigma", "empty"]),
        ({"trials": 1}, ["trials", "one trial has no interval"]),
        ({"stop": {"tol": 0.01}}, ["stop.tol", "exponent", "0.1 to 300"]),
        ({"sigma": 2}, ["sigma", "did you mean sweep.sigma?"]),
        ({"noise": {"tol": 2}}, ["noise.tol", "did you mean stop.tol?"]),
        ({"sample_size": "many"}, ["sample_size", "many", "whole number"]),
        ({"noise": {"decay": float("nan")}}, ["noise.decay", "nan"]),
        ({"noise": {"injection": "aditive"}}, ["noise.injection", "aditive", "did you mean additive"]),
        ({"title": "a\x1b[31mb"}, ["title", "control characters"]),
        ({"sweep": [{"sigma": [1]}, {"noise.injecton": ["additive"]}]}, ["sweep.noise.injecton", "noise.injection?"]),
        ({"sweep": [{"start": ["moments"]}, {"start.means": [[0, 1]]}]}, ["start.means", 'start="moments"']),
        ({"sweep": {"sigma": {"start": 0, "stop": 1, "num": 100_000}}}, ["sweep.sigma", "num", "10,000"]),
        ({"sweep": {"noise.decay": [*range(10_001)]}}, ["sweep.noise.decay", "10,001 values"]),
        ({"start": {"rule": "uniform", "means": [4, 0]}}, ["yaml: start.means: ", "lower one first", "[4.0, 0.0]"]),
        ({"start": {"rule": "uniform", "means": "a"}}, ["yaml: start.means: ", "'a'", "allowed: two numbers"]),
        (
            {"start": {"rule": "uniform", "meens": [0, 1]}},
            ["yaml: start.meens: ", "did you mean means?", "rule, means"],
        ),
        ({"stop": {"rule": 5}}, ["yaml: stop.rule: ", "got 5", "registered stop rule"]),
        ({f"key_{number}": 1 for number in range(90)}, ["key_0", "key_19", "70 problems more"]),
    ],
)
def test_the_message_names_file_path_value_and_what_is_allowed(change, says, tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text(yaml.safe_dump(GOOD | change))
    done = invoke("sweep", path, cwd=tmp_path)
    children.assert_message(done, 2, str(path), *says)
    assert len(done.stderr) < 6000
    assert [entry.name for entry in tmp_path.iterdir()] == ["bad.yaml"]


@pytest.mark.parametrize(
    "text",
    [
        "", "# nothing", "- a list", "text", "3", "a: [1", "a: b: c", "\t", "a: &x 1\nb: *x",
        "a: !!python/name:os.system",
        "sigma: 2024-99-99", "a: 1\na: 2", "? [1]\n: 2", "[" * 5000, "{a: " * 5000, "x: 1" * 400_000, b"\xff\xfe\x00",
        b"\x00", "a: \ud800", "<<: 3", "1: 2", "null: 1", "sweep: {sigma: {start: 0, stop: .inf, num: 3}}",
        "--- 1\n--- 2",
        "a: " + "9" * 5000, "a: 0x" + "f" * 5000, "a: 1:1:1:" + "1" * 5000,
        "name: !!timestamp foo", "sweep: !!map [a, b]", "sweep: !!set [a, b]", "log: !!bool x", "a: !!float 1:9e999",
        "title: \"\\ud800\"",
    ],
)  # fmt: skip
def test_what_is_no_config_at_all(text, tmp_path):
    assert checked(text, tmp_path).exit_code == 2


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("0100", 100), ("0o17", 15), ("0x1F", 31), ("1e-3", 1e-3), ("-.5", -0.5), ("+7", 7), (".inf", float("inf")),
        ("True", True), ("~", None), ("", None),
        ("on", "on"), ("no", "no"), ("1:30:00", "1:30:00"), ("1_000", "1_000"), ("2024-02-03", "2024-02-03"),
        ("0b11", "0b11"), ("=", "="), ("'1'", "1"),
    ],
)  # fmt: skip
def test_scalars_are_those_of_the_core_schema_of_yaml_1_2(written, value):
    assert dialect.parse(f"a: {written}", "") == {"a": value}
    assert type(dialect.parse(f"a: {written}", "")["a"]) is type(value)


LINES = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=20)
"""What a title may be."""


@given(st.lists(LINES | st.floats() | st.integers(-(10**20), 10**20) | st.booleans() | st.none(), max_size=4))
def test_what_is_written_is_read_back_as_it_was(values):
    assert repr(dialect.parse(dialect.dump({"a": values}), "")) == repr({"a": values})


@pytest.mark.parametrize("title", ["on", "1e3", "0o17", "1:30", "null", "2024-01-01", "0100", "=", "<<"])
def test_a_title_stays_what_it_is(title):
    experiment = validate(GOOD | {"name": "a", "title": title})
    assert validate(dialect.parse(config_yaml(experiment), "")) == experiment


def test_files_that_are_not_there(tmp_path):
    for name in ("missing.yaml", "", "n" * 300, str(tmp_path), "\N{SNOWMAN}"):
        done = invoke("sweep", name)
        assert (done.exit_code, done.stdout) == (2, ""), name
        assert done.stderr.startswith("nem: ")


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(broken_configs())
def test_broken_configs(tmp_path, tree):
    checked(yaml.safe_dump(tree, allow_unicode=True), tmp_path)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_bytes_of_any_kind(tmp_path, content):
    assert checked(content, tmp_path).exit_code == 2


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(max_size=30)
    | st.builds(
        lambda path, value: f"{path}={yaml.safe_dump(value, default_flow_style=True)}",
        st.sampled_from(
            ["noise.decay", "noise", "sweep", "sweep.sigma", "mixture.means", "trials", "a..b", "name.x", ""]
        ),
        junk,
    )
)
def test_set_with_junk(tmp_path, override):
    checked(children.MANY_BLOCKS, tmp_path, f"--set={override}")


@settings(max_examples=75, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(configs())
def test_valid_configs_run_without_warning_and_without_nan(tmp_path, tree):
    try:
        experiment = validate(tree)
    except ConfigError:
        return  # weights whose rounding doesn't sum to 1, say
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            run = collect(tmp_path / "run", experiment, workers=Workers(1), fresh=True)
            lines = (tables.trials_lines(run.levels, row.level, 0, run.trials(row)) for row in run.rows)
            text = "".join([*itertools.chain.from_iterable(lines), tables.summary_csv(run.rows)])
        except NemError:
            return
    assert "nan" not in text.lower()
    assert "inf" not in text.lower()
    for row in run.rows:
        assert row.converged + row.max_iterations + row.degenerate == row.trials == experiment.trials


def test_a_valid_config_is_valid(tmp_path, many_blocks):
    assert checked(children.MANY_BLOCKS, tmp_path).exit_code == 0
    assert load(many_blocks).name == "many"
