"""The README: every command in it runs, what it prints is what is printed, and its numbers are those of results/."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, flags=re.M | re.S)
BIN = Path(sys.executable).parent
TIME_COLUMN = re.compile(r"(?<=\d) +\d+\.\d\d *$")


def section(title):
    return README.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def commands():
    """Each command of the console blocks, with what is printed below it."""
    for language, text in BLOCKS:
        if language == "console":
            for part in re.split(r"^\$ ", text, flags=re.M)[1:]:
                command, _, printed = part.partition("\n")
                yield command, printed.splitlines()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("readme")
    (folder / "configs").symlink_to(ROOT / "configs")
    return folder


def run(command, folder):
    environment = os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}", "COLUMNS": "80"}
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_every_command_runs_in_order_and_prints_what_it_says(folder):
    seen = list(commands())
    assert len(seen) >= 8
    for command, printed in seen:
        done = run(command, folder)
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        got = done.stdout.splitlines()[: len(printed)]
        assert [TIME_COLUMN.sub("", line) for line in got] == [TIME_COLUMN.sub("", line) for line in printed], command


def make_figures(arguments):
    make = ["make", f"BIN={BIN}", "-o", f"{BIN}/nem", "figures", f"ARGS={arguments}"]
    done = subprocess.run(make, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_make_figures_calls_the_command():
    assert re.search(r"companion-anem +24 +1,000", make_figures("--dry-run"))


@pytest.mark.slow
def test_make_figures_makes_them(tmp_path):
    make_figures(f"--trials 12 --out {tmp_path} --quiet")
    assert (tmp_path / "report.html").stat().st_size > 100_000
    assert (tmp_path / "mnem" / "figure.png").exists()


def test_python_blocks_run(folder):
    blocks = [text for language, text in BLOCKS if language == "python" and not text.startswith("# not run")]
    assert blocks
    for block in blocks:
        done = subprocess.run([sys.executable, "-c", block], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_shell_blocks_hold_make_targets_or_say_that_they_are_not_run():
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.M)
    for language, text in BLOCKS:
        if language == "sh":
            for line in text.splitlines():
                words = line.split()
                assert "# not run" in line or (words[0] == "make" and words[1] in targets), line


def committed(path):
    """A file as the last commit has it: whoever makes results anew, with other trials, mustn't break a test."""
    done = subprocess.run(["git", "show", f"HEAD:{path}"], cwd=ROOT, capture_output=True, check=True)
    return done.stdout.decode("utf-8")


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="needs the repository")
def test_the_findings_are_those_of_the_report():
    lines = [line for line in section("What we found").splitlines() if line.startswith("|")]
    assert lines == committed("results/findings.md").split("\n")[: len(lines)]
    assert 5 <= len(lines) - 2 <= 8


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="needs the repository")
def test_the_benchmark_is_that_of_results():
    found = {row["figure"]: row for row in csv.DictReader(committed("results/benchmark.csv").splitlines())}
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in section("Speed").splitlines()
        if line.startswith("|") and not line.startswith(("| figure", "| ---"))
    ]
    assert len(rows) == 5
    for figure, median, spread, target in rows:
        row = found[figure]
        assert median == f"{row['median']} {row['unit']}".replace(" ratio", "").replace(" share", "")
        assert spread == f"{row['low']} to {row['high']}"
        assert target == row["target"]


def test_pictures_pages_and_sections_that_are_linked_exist():
    titles = re.findall("^##+ (.*)", README, re.M)
    sections = {re.sub("[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles}
    for target in re.findall(r"\]\(([^)]+)\)", README):
        if target.startswith("#"):
            assert target[1:] in sections, target
        elif not target.startswith("http"):
            assert (ROOT / target).exists(), target
