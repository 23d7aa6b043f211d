"""`nem figures --check`: fresh csv files beside those that are there."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import typer
from command_line import invoke

from nem_cli.paper.check import Difference, differences
from nem_cli.paper.command import _check

ROOT = Path(__file__).parents[1]
HEADER = ["sigma", "trials", "converged", "mean_iterations", "ci_low", "log_likelihood_gap", "noise.injection"]
ROW = ["1.9", "2000", "1998", "7.5215", "7.2", "-0.043", "additive"]


def written(folder, *rows, name="anem/summary.csv"):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(",".join(row) + "\n" for row in rows))
    return folder


def found(tmp_path, *rows):
    fresh = written(tmp_path / "fresh", HEADER, ROW, ROW)
    return list(differences(written(tmp_path / "there", *rows), fresh))


def changed(column, value):
    return [value if name == column else cell for name, cell in zip(HEADER, ROW, strict=True)]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("log_likelihood_gap", "-0.04300000001"),
        ("mean_iterations", "7.522"),  # two of 2,000 trials took an M-step less
        ("converged", "2000"),  # two of 2,000 didn't converge
        ("sigma", "1.90"),
    ],
)
def test_what_another_processor_may_change_agrees(column, value, tmp_path):
    assert found(tmp_path, HEADER, ROW, changed(column, value)) == []


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("log_likelihood_gap", "-0.0431"),
        ("mean_iterations", "7.5235"),
        ("converged", "1995"),
        ("trials", "1999"),
        ("sigma", "1.8"),
        ("noise.injection", "multiplicative"),
        ("ci_low", ""),
        ("ci_low", "nan"),
    ],
)
def test_a_difference_has_file_row_and_column(column, value, tmp_path):
    there = dict(zip(HEADER, ROW, strict=True))[column]
    expected = Difference("anem/summary.csv", 2, column, value, there)
    assert found(tmp_path, HEADER, ROW, changed(column, value)) == [expected]
    assert str(expected) == f"anem/summary.csv, row 2, column {column}: {value} there, {there} afresh"


def test_other_shapes_differ_as_a_whole(tmp_path):
    for rows in ([], [HEADER], [HEADER, ROW], [ROW, ROW, ROW], [HEADER, ROW, ROW, ROW]):
        (one,) = found(tmp_path, *rows)
        assert (one.file, one.row, one.column) == ("anem/summary.csv", 0, "")
    (one,) = found(tmp_path, HEADER, ROW, ROW[:-1])
    assert (one.row, one.column) == (2, "")
    written(tmp_path / "fresh", HEADER, name="new.csv")
    assert [one.file for one in found(tmp_path, HEADER, ROW, ROW)] == ["new.csv"]


def test_trials_and_files_that_are_not_made_are_passed_over(tmp_path):
    written(tmp_path / "fresh", HEADER, name="anem/trials.csv")
    written(tmp_path / "there", HEADER, name="benchmark.csv")
    assert found(tmp_path, HEADER, ROW, ROW) == []


def test_an_error_names_the_option_that_was_typed(tmp_path):
    done = invoke("figures", "--check", "--out", tmp_path, "--jobs", 0)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("nem: --jobs: must be a whole number")


def test_a_difference_ends_the_command_with_1(capsys, tmp_path):
    different = Difference("mnem/summary.csv", 5, "converged", "3", "4")
    with pytest.raises(typer.Exit) as ended:
        _check(tmp_path, lambda: [different], quiet=False, json=False)
    assert ended.value.exit_code == 1
    out, err = capsys.readouterr()
    assert out.strip() == str(different)
    assert err.endswith(f"(differences: 1); the first: {different}\n")


@pytest.mark.slow
def test_the_command_finds_a_number_edited_by_hand(small_blocks, tmp_path):
    def check(folder, *options):
        return invoke("figures", "--check", "--trials", 12, "--out", folder, "--backend", "threading", *options)

    made = tmp_path / "results"
    shutil.copytree(ROOT / "results" / "protocols", made / "protocols", ignore=shutil.ignore_patterns("*.sqlite*"))
    done = invoke("figures", "--all", "--trials", 12, "--out", made, "--backend", "threading", "--quiet")
    assert done.exit_code == 0, done.stderr
    done = check(made, "--quiet")
    assert (done.exit_code, done.stderr) == (0, "")
    edited = shutil.copytree(made, tmp_path / "edited")
    path = edited / "mnem" / "summary.csv"
    lines = path.read_text().splitlines(keepends=True)
    cells = lines[5].split(",")
    column = lines[0].split(",").index("mean_iterations")
    cells[column] = str(float(cells[column]) + 0.01)
    path.write_text("".join([*lines[:5], ",".join(cells), *lines[6:]]))
    done = check(edited, "--json")
    assert done.exit_code == 1
    assert "mnem/summary.csv, row 5, column mean_iterations: " in done.stderr
    (difference,) = json.loads(done.stdout)
    assert (difference["file"], difference["row"], difference["column"]) == ("mnem/summary.csv", 5, "mean_iterations")
