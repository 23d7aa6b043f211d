"""A user's own injection, screen and family: by object, by package.module:Name, by entry point; and what goes wrong."""

from __future__ import annotations

import inspect
import json
import os
import pickle
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
import sine
from command_line import invoke
from joblib.externals.loky import get_reusable_executor
from models import FlatForThree
from sine import Sine

import nem_cli
from nem_cli import errors, testing
from nem_cli.em.screen import Screen
from nem_cli.errors import ConfigError, FolderError, PluginError
from nem_cli.experiment.plan import validate
from nem_cli.experiment.registry import families, injections, screens, starts, stop_rules
from nem_cli.experiment.runner import Workers
from nem_cli.sweep.sweep import sweep

ROOT = Path(__file__).parents[1]
REGISTRIES = [families, injections, screens, starts, stop_rules]

PLUGIN = (
    inspect.getsource(sine)
    + '''
from nem_cli.em.screen import Screen


class FirstComponent(Screen):
    """Admits noise that the first component likes."""

    name = "first-component"

    def admits(self, log_gain, r):
        return log_gain[0] >= 0


class NanFarOut(Sine):
    def phi(self, y, n):
        return np.where(np.abs(y) > 4, np.nan, y + np.sin(n))


class NoSubclass:
    name = "none"


class NoPhi(Injection):
    name = "no-phi"
    neutral = 0.0


class Nameless(NoPhi):
    name = None

    def phi(self, y, n):
        return y + n
'''
)


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """A module nem_test_plugin in a folder that is on the path, and the current one."""
    (tmp_path / "nem_test_plugin.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    sys.modules.pop("nem_test_plugin", None)


def config(**noise):
    return {
        "name": "plugged",
        "mixture": {"weights": [0.5, 0.5], "means": [-2, 2], "variances": [4, 4]},
        "sample_size": 50,
        "noise": noise,
        "sweep": {"sigma": [0, 1.0]},
        "trials": 20,
        "bootstrap": {"resamples": 10},
    }


class TestWaysToAddOne:
    def test_by_object(self):
        sine = Sine()
        assert injections.get(sine) is sine
        testing.check_injection(sine, families.get("gaussian"))

    def test_by_module_and_name(self, plugin):
        run = sweep(
            validate(config(injection="nem_test_plugin:Sine", screen="nem_test_plugin:FirstComponent")),
            out=plugin / "run",
            workers=Workers(1, "threading"),
        )
        assert run.rows[1].acceptance_rate < 1
        assert run.rows[1].mean_iterations != run.rows[0].mean_iterations

    def test_by_entry_point(self, plugin):
        info = plugin / "nem_test_plugin-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: nem-test-plugin\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(
            "[nem_cli.injections]\nsine = nem_test_plugin:Sine\n"
            "[nem_cli.screens]\nfirst = nem_test_plugin:FirstComponent\n"
        )
        assert injections.get("sine").name == "sine"
        assert "sine" in injections.names()
        assert validate(config(injection="sine", screen="first")).noise.injection == "sine"
        assert injections.get("additive").name == "additive"  # ours stay ours

    def test_the_command_finds_a_file_in_the_current_folder(self, plugin):
        program = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from nem_cli.cli.app import main; main()"
        arguments = ["sweep", "mnem", "--set", "noise.injection=nem_test_plugin:Sine", "--set", "sweep={sigma: [1]}"]
        arguments += ["--trials", "5", "--jobs", "1", "--out", str(plugin / "run")]
        done = subprocess.run(
            [sys.executable, "-P", "-c", program, *arguments], cwd=plugin, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert (plugin / "run" / "summary.csv").exists()


def test_trials_of_a_plugin_that_was_edited_are_refused(plugin):
    def run(**more):
        changed = config(injection="nem_test_plugin:Sine") | more
        return sweep(validate(changed), out=plugin / "run", jobs=1)

    run()
    run(sweep={"sigma": [0, 1.0], "noise.injection": ["additive", "nem_test_plugin:Sine"]})
    with (plugin / "nem_test_plugin.py").open("a") as file:
        file.write("# another law\n")
    with pytest.raises(FolderError, match=r"source of nem_test_plugin:Sine: there .*, here"):
        run()
    run(
        noise={"injection": "additive"}, sweep={"sigma": [0, 1.0], "noise.injection": ["additive"]}
    )  # has nothing of it
    assert json.loads((plugin / "run" / "manifest.json").read_text())["plugins"] == {}


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("noise.injection=nem_no_such_module:Name", "ModuleNotFoundError: No module named 'nem_no_such_module'"),
        ("noise.injection=nem_broken_plugin:Name", "can't be loaded: SyntaxError"),
        ("noise.injection=nem_exiting_plugin:Name", "can't be loaded: SystemExit"),
        ("noise.injection=nem_test_plugin:Missing", "has no attribute 'Missing'"),
        (
            "noise.injection=nem_test_plugin:NoSubclass",
            "this injection must be a subclass of nem_cli.em.injection.Injection",
        ),
        ("noise.injection=nem_test_plugin:NoPhi", "can't be loaded: TypeError: Can't instantiate abstract class NoPhi"),
        ("noise.screen=nem_test_plugin:Sine", "this screen must be a subclass of nem_cli.em.screen.Screen"),
        ("noise.injection=nem_test_plugin:Nameless", "this injection must have a name, which is text"),
        ("noise.injection=additve", "unknown injection; did you mean additive? allowed are additive"),
        ("noise.injection=':'", "can't be loaded"),
    ],
)
def test_a_plugin_that_can_not_be_used_is_one_message_and_exit_code_2(plugin, setting, message):
    (plugin / "nem_broken_plugin.py").write_text("def (:\n")
    (plugin / "nem_exiting_plugin.py").write_text("raise SystemExit('gone')\n")
    done = invoke("check", "mnem", "--set", setting)
    assert done.exit_code == 2
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert f"{setting.partition('=')[0]}:" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_what_only_a_worker_finds_is_one_message_too(plugin, monkeypatch, backend):
    monkeypatch.setenv("PYTHONPATH", f"{plugin}:{ROOT}")
    get_reusable_executor().shutdown()  # workers of earlier tests don't know this path
    arguments = ["sweep", "mnem", "--set", "noise.injection=nem_test_plugin:NanFarOut", "--trials", "5", "--set",
                 "sweep={sigma: [1]}", "--jobs", "2", "--backend", backend, "--out", str(plugin / "run")]  # fmt: skip
    done = invoke(*arguments)
    assert done.exit_code == 2, done.output
    assert "noise.injection: injection 'sine': phi must return finite numbers (got array([" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_leaving_the_support_is_one_message(tmp_path):
    arguments = [
        "sweep",
        "exponential",
        "--set",
        "noise.screen=none",
        "--trials",
        "5",
        "--jobs",
        "1",
        "--out",
        str(tmp_path),
    ]
    done = invoke(*arguments)
    assert done.exit_code == 2
    assert "takes data out of the support of family exponential, 0 to inf; use a screen" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_stop_rule_may_have_a_history():
    y = np.random.default_rng(0).normal([-2, 2], 2, size=(100, 2)).ravel()
    three = nem_cli.fit(y, 2, rule=FlatForThree(), start="moments", polish=False)
    path = [
        nem_cli.fit(y, 2, start="moments", polish=False, max_iterations=k, tol=300).log_likelihood for k in range(1, 80)
    ]
    gains = np.array(path)[3:] - np.array(path)[:-3]
    assert three.m_steps == 4 + int(np.argmax(gains < 0.01))


def test_a_users_screen_passes_the_harness():
    class LastComponent(Screen):
        name = "last-component"

        def admits(self, log_gain, r):
            return log_gain[-1] >= 0

    for injection in injections.names():
        testing.check_screen(LastComponent(), injection)


def test_entry_point_groups():
    assert [registry.group for registry in REGISTRIES] == [
        "nem_cli.families", "nem_cli.injections", "nem_cli.screens", "nem_cli.starts", "nem_cli.stop_rules",
    ]  # fmt: skip


@pytest.mark.parametrize("registry", REGISTRIES, ids=lambda registry: registry.kind)
def test_registered_names_are_their_own(registry):
    for name in registry.names():
        assert registry.get(name).name == name
    near = registry.names()[0]
    with pytest.raises(ConfigError, match=rf"unknown {registry.kind}; did you mean {near}\? allowed are "):
        registry.get(f"{near}x", path="somewhere")
    with pytest.raises(ConfigError, match=f"must be a name or an instance of {registry.base.__name__}"):
        registry.get(5)


@pytest.mark.parametrize("kind", [ConfigError, PluginError, errors.SupportError, errors.FolderError])
def test_errors_survive_the_way_back_from_a_worker(kind):
    error = kind("is wrong", path="noise.decay", value=np.array([np.nan]), source="a.yaml")
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is kind
    assert str(back) == str(error) == "a.yaml: noise.decay: is wrong (got array([nan]))"
    assert (back.problem, back.path, back.source) == ("is wrong", "noise.decay", "a.yaml")
    assert str(pickle.loads(pickle.dumps(errors.RunError("gone")))) == "gone"


class TestTheExtensionPage:
    """What CONTRIBUTING.md shows of a new injection runs as it stands."""

    blocks = re.findall(r"```(\w+)\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), flags=re.DOTALL)
    module, script, family = (text for kind, text in blocks if kind == "python")
    entry_points = next(text for kind, text in blocks if kind == "toml")

    @pytest.fixture
    def page(self, plugin):
        name = re.match(r"# (\w+)\.py\n", self.module)[1]
        (plugin / f"{name}.py").write_text(self.module)
        yield plugin
        sys.modules.pop(name, None)

    def test_its_injection_passes_the_harness_and_runs_by_name(self, page):
        ((group, points),) = tomllib.loads(self.entry_points)["project"]["entry-points"].items()
        ((name, target),) = points.items()
        assert group == injections.group
        assert injections.get(target).name == name
        for family in families.names():
            testing.check_injection(injections.get(target), families.get(family))
        run = sweep(validate(config(injection=target)), out=page / "run", workers=Workers(1, "threading"))
        assert 0 < run.rows[1].acceptance_rate < 1

    def test_its_script_runs(self, page):
        done = subprocess.run(
            [sys.executable, "-c", self.script], cwd=page, capture_output=True, text=True, check=False,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert re.fullmatch(r"\d+ -[\d.]+\n", done.stdout)

    def test_its_family_passes_the_checks_and_is_fitted(self, plugin):
        (plugin / "laplace.py").write_text(self.family)
        laplace = families.get("laplace:Laplace")
        testing.check_family(laplace)
        rng = np.random.default_rng(0)
        y = np.concatenate([rng.laplace(-5, 1, 400), rng.laplace(5, 2, 600)])
        fit = nem_cli.fit(y, 2, family=laplace, restarts=3)
        assert fit.means == pytest.approx([-5, 5], abs=0.2)
        assert np.sqrt(fit.variances / 2) == pytest.approx([1, 2], rel=0.15)
        sys.modules.pop("laplace", None)
