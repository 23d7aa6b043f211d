"""The wheel and the source distribution: what they hold, and nem as installed from them, away from its source tree."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name as canonical

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CONFIGS = sorted(path.name for path in (ROOT / "configs").glob("*.yaml"))
OFFLINE = ["--quiet", "--no-deps", "--no-index", "--disable-pip-version-check"]


def run(*command, cwd):
    """Run a command to its end, without the source tree on its path."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=outside, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, (done.stdout, done.stderr)
    return done


def build_wheel(source, folder):
    run(
        sys.executable,
        "-m",
        "pip",
        "wheel",
        source,
        *OFFLINE,
        "--no-build-isolation",
        "--wheel-dir",
        folder,
        cwd=folder,
    )
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build_wheel(ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sdist")
    run(sys.executable, "-m", "hatchling", "build", "--target", "sdist", "--directory", folder, cwd=ROOT)
    (archive,) = folder.glob("*.tar.gz")
    return archive


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A new environment with the wheel; what nem needs comes from the environment of the tests."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    run(sys.executable, "-m", "pip", "--python", folder / "bin/python", "install", *OFFLINE, wheel, cwd=folder)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "tests.pth").write_text(sysconfig.get_path("purelib") + "\n")  # a path alone: no .pth in it is read
    return folder


def test_the_wheel_holds_the_package_and_what_it_needs(wheel):
    assert wheel.name == f"nem_cli-{PROJECT['version']}-py3-none-any.whl"
    assert wheel.stat().st_size < 1e6
    with ZipFile(wheel) as archive:
        names = set(archive.namelist())
        held = {name: archive.read(name) for name in names}
    assert {f"nem_cli/configs/{name}" for name in CONFIGS} | {
        "nem_cli/py.typed", "nem_cli/paper/templates/report.html", "nem_cli/cli/app.py"
    } <= names  # fmt: skip
    for name in CONFIGS:
        assert held[f"nem_cli/configs/{name}"] == (ROOT / "configs" / name).read_bytes()
    assert {name.split("/")[0] for name in names} == {"nem_cli", f"nem_cli-{PROJECT['version']}.dist-info"}
    kinds = {Path(name).suffix for name in names if name.startswith("nem_cli/")}
    assert kinds == {".py", ".typed", ".html", ".css", ".csv", ".txt", ".md", ".yaml"}


def test_the_lock_pins_each_dependency_within_what_is_allowed():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    for dependency in map(Requirement, PROJECT["dependencies"]):
        (pinned,) = (version for name, version in pins.items() if canonical(name) == canonical(dependency.name))
        assert pinned in dependency.specifier


def test_what_others_read_of_the_project_is_true():
    check = yaml.safe_load((ROOT / "codecheck.yml").read_text())
    for output in check["manifest"]:
        assert (ROOT / output["file"]).exists(), output
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert (citation["version"], citation["license"]) == (PROJECT["version"], PROJECT["license"])
    assert f"## [{citation['version']}] - {citation['date-released']}" in (ROOT / "CHANGELOG.md").read_text()
    assert citation["references"][0]["url"] == check["paper"]["reference"]


def test_its_metadata_is_complete(wheel):
    with ZipFile(wheel) as archive:
        place = f"nem_cli-{PROJECT['version']}.dist-info"
        metadata = Parser().parsestr(archive.read(f"{place}/METADATA").decode())
        kind = Parser().parsestr(archive.read(f"{place}/WHEEL").decode())
        commands = archive.read(f"{place}/entry_points.txt").decode()
        licence = archive.read(f"{place}/licenses/LICENSE").decode()
    assert kind["Root-Is-Purelib"] == "true"
    assert (metadata["Name"], metadata["Version"]) == ("nem-cli", PROJECT["version"])
    assert metadata["License-Expression"] == "MIT"
    assert "MIT License" in licence
    assert metadata["Summary"] == PROJECT["description"]
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata.get_payload().strip() == (ROOT / "README.md").read_text().strip()
    assert metadata.get_all("Classifier") == PROJECT["classifiers"]
    assert "Typing :: Typed" in PROJECT["classifiers"]
    assert metadata.get_all("Project-URL") is None
    assert metadata["Home-page"] is None
    needed = [each for each in metadata.get_all("Requires-Dist") if "extra ==" not in each]
    assert sorted(needed) == sorted(PROJECT["dependencies"])
    assert metadata.get_all("Provides-Extra") == ["dask", "data", "test"]
    assert commands.split() == ["[console_scripts]", "nem", "=", "nem_cli.cli.app:main"]


def test_the_installed_package_works_from_any_folder(installed, tmp_path):
    def nem(*arguments):
        return run(installed / "bin/nem", *arguments, cwd=tmp_path).stdout

    where = run(installed / "bin/python", "-c", "import nem_cli; print(nem_cli.__file__)", cwd=tmp_path).stdout
    assert Path(where.strip()).is_relative_to(installed)
    assert nem("--version") == f"nem {PROJECT['version']}\n"
    assert run(installed / "bin/python", "-m", "nem_cli", "--help", cwd=tmp_path).stdout == nem("--help")
    assert "mnem.yaml: valid; 23 levels of 1,000 trials of 200 samples" in nem("check", "mnem")
    assert json.loads(nem("schema"))["properties"].keys() >= {"mixture", "sweep"}
    assert re.search(r"companion-anem +24 +1,000", nem("figures", "--dry-run"))
    assert list(tmp_path.iterdir()) == []
    assert "all 10 trials converged" in nem(
        "sweep", "anem", "--trials", 5, "--set", "sweep.sigma=[1.9]", "--jobs", 1, "--notes"
    )
    assert {"config.yaml", "figure.svg", "summary.csv"} <= {path.name for path in (tmp_path / "results/anem").iterdir()}


def test_the_source_distribution_holds_what_a_developer_needs_and_builds_the_same_wheel(sdist, wheel, tmp_path):
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    assert {path.name for path in source.iterdir()} == {
        "CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "LICENSE", "Makefile", "PKG-INFO", "README.md", ".gitignore",
        "codecheck.yml", "configs", "constraints.txt", "nem_cli", "pyproject.toml", "tests",
    }  # fmt: skip
    assert (source / "tests" / Path(__file__).name).exists()
    (tmp_path / "wheel").mkdir()
    assert build_wheel(source, tmp_path / "wheel").read_bytes() == wheel.read_bytes()
