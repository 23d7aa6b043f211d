"""The library: public names, and a run's results as arrays, frames and HTML."""

from __future__ import annotations

import csv
import math
import subprocess
import sys
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest

import nem_cli
from nem_cli.em.status import Status
from nem_cli.errors import ConfigError, FolderError, RunError
from nem_cli.experiment.plan import validate
from nem_cli.experiment.runner import Workers


def experiment(**changes):
    tree = {
        "name": "small",
        "title": "Fewer <script>alert(1)</script> & more",
        "mixture": {"weights": [0.5, 0.5], "means": [-2, 2], "variances": [4, 4]},
        "sample_size": 40,
        "start": {"weights": [0.5, 0.5], "means": [-3, 3], "variances": [9, 9]},
        "stop": {"rule": "euclidean", "tol": 1},
        "sweep": {"sigma": [0, 1.5], "noise.injection": ["additive", "multiplicative"], "noise.decay": [1, 2]},
        "trials": 30,
        "bootstrap": {"resamples": 100},
    }
    return validate(tree | changes)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "small"
    return nem_cli.sweep(experiment(), out=folder, workers=Workers(jobs=1))


def test_public_names_are_there_and_documented():
    for name in nem_cli.__all__:
        assert getattr(nem_cli, name).__doc__
        assert name in dir(nem_cli)
    with pytest.raises(AttributeError, match="no attribute 'fitt'"):
        nem_cli.fitt  # noqa: B018


def test_importing_nem_imports_nothing_heavy():
    code = "import nem_cli, sys; print(sorted({'numpy', 'scipy', 'matplotlib', 'pydantic'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_jobs_is_short_for_workers(tmp_path):
    with pytest.raises(ConfigError, match=r"jobs: is short for workers=Workers\(jobs\); give one of the two \(got 2\)"):
        nem_cli.sweep(experiment(), out=tmp_path / "both", jobs=2, workers=Workers(1))
    with pytest.raises(ConfigError, match="jobs: is short for"):
        nem_cli.compare("additive", "multiplicative", out=tmp_path, jobs=2, workers=Workers(1))
    with pytest.raises(ConfigError, match="`jobs`: must be a whole number, 1 or more"):
        nem_cli.sweep(experiment(), out=tmp_path / "none", jobs=0)
    assert list(tmp_path.iterdir()) == []
    small = {"sweep": {"sigma": [0, 1.5]}}
    assert nem_cli.sweep(experiment(**small), out=tmp_path / "a", jobs=3).timing["jobs"] == 3
    other = experiment(**small, name="b", noise={"injection": "multiplicative"})
    nem_cli.compare(tmp_path / "a", other, out=tmp_path, bootstraps=50, trials=20, jobs=1)
    assert nem_cli.Run.open(tmp_path / "b").timing["jobs"] == 1


def test_summary_array_holds_the_summary(run):
    table = run.summary
    assert table.dtype.names[:4] == ("sigma", "noise.injection", "noise.decay", "trials")
    assert len(table) == len(run.rows) == 8
    for record, row in zip(table, run.rows, strict=True):
        assert (record["sigma"], record["noise.injection"]) == (row.sigma, dict(row.others)["noise.injection"])
        for name in table.dtype.names[3:]:
            value = getattr(row, name)
            assert record[name] == value or (value is None and math.isnan(record[name]))
    assert table["trials"].dtype == np.int64
    fastest = table[np.argmin(table["mean_iterations"])]
    assert fastest["mean_iterations"] == min(row.mean_iterations for row in run.rows)


def test_trials_are_those_of_the_csv_and_give_the_summary(run):
    table = run.all_trials
    assert len(table) == 8 * 30
    with (run.folder / "trials.csv").open(newline="") as file:
        for record, row in zip(table, csv.DictReader(file), strict=True):
            assert [str(record[name]) for name in ("trial", "status", "iterations", "noise.injection")] == [
                row[name] for name in ("trial", "status", "iterations", "noise.injection")
            ]
            assert record["mean_2"] == float(row["mean_2"])
    for row in run.rows:
        chosen = table[table["sigma"] == row.sigma]
        for path, value in row.others:
            chosen = chosen[chosen[path] == value]
        assert chosen["trial"].tolist() == list(range(30))
        assert chosen["iterations"].mean() == pytest.approx(row.mean_iterations)
        assert np.count_nonzero(chosen["status"] == Status.CONVERGED.label) == row.converged


def test_what_cannot_be_had_is_nan_and_lists_are_text(tmp_path):
    swept = {"sigma": [0], "mixture.means": [[-2, 2], [-1, 1]]}
    run = nem_cli.sweep(experiment(name="one", trials=2, sweep=swept), out=tmp_path / "one", workers=Workers(jobs=1))
    assert np.all(np.isnan(run.summary["acceptance_rate"]))  # no noise, so none was drawn
    assert run.summary["mixture.means"].tolist() == ["[-2.0, 2.0]", "[-1.0, 1.0]"]
    assert run.all_trials["mixture.means"].tolist() == np.repeat(run.summary["mixture.means"], 2).tolist()


def test_a_run_opened_again_is_the_same(run):
    again = nem_cli.Run.open(str(run.folder))
    assert again.rows == run.rows
    assert again.experiment == run.experiment
    assert np.array_equal(again.all_trials, run.all_trials)


def test_a_sweep_that_changes_nothing_writes_nothing_and_what_was_touched_is_made_again(tmp_path):
    given = experiment(name="same", sweep={"sigma": [0, 1]})

    def state(changed=None):
        nem_cli.sweep(changed or given, out=tmp_path / "same", workers=Workers(jobs=1))
        kept = (path for path in (tmp_path / "same").iterdir() if path.suffix in {".csv", ".yaml", ".json", ".png"})
        return {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in kept}

    first = state()
    assert state() == first
    for name, damage in (("summary.csv", "1"), ("figure.png", ""), ("trials.csv", "2")):
        (tmp_path / "same" / name).write_text(damage)
        again = state()
        assert again[name][1] == first[name][1]
        assert again[name] != first[name]
        first = again
    (tmp_path / "same" / "manifest.json").unlink()
    assert state()["manifest.json"][1] == first["manifest.json"][1]
    retitled = given.model_copy(update={"title": "Another"})
    assert state(retitled)["figure.png"][1] != first["figure.png"][1]


def test_trials_that_are_gone(tmp_path):
    run = nem_cli.sweep(experiment(name="two", sweep={"sigma": [0, 1]}), out=tmp_path / "two", workers=Workers(jobs=1))
    (run.folder / "trials.sqlite").unlink()
    again = nem_cli.Run.open(run.folder)
    assert again.rows == run.rows
    with pytest.raises(FolderError, match="has no journal"):
        again.trials(again.rows[1])


def test_rows_are_found_by_their_settings(run):
    (row,) = run.where({"noise.injection": "additive", "noise.decay": 2}, sigma=1.5)
    assert (row.sigma, row["noise.injection"], row["noise.decay"]) == (1.5, "additive", 2.0)
    em = run.em(row)
    assert (em.sigma, em.others) == (0.0, row.others)
    assert run.where(sigma=3) == []
    assert run.values("noise.injection") == ["additive", "multiplicative"]
    with pytest.raises(KeyError, match=r"stop\.tol"):
        run.where({"stop.tol": 1})


def test_trials_of_a_row_give_its_numbers(run):
    for row in run.rows:
        counts = run.counts(row)
        assert counts.shape == (30,)
        assert counts.mean() == pytest.approx(row.mean_iterations)
        difference = run.difference(row)
        assert difference.value == pytest.approx(row.mean_iterations - run.em(row).mean_iterations)
        assert difference.low <= difference.value <= difference.high


def test_the_best_level_is_of_those_above_0_and_may_be_chosen_on_half_of_the_trials(run):
    best = run.best({"noise.injection": "additive"})
    assert best.sigma > 0
    assert best.mean_iterations == min(
        row.mean_iterations for row in run.where({"noise.injection": "additive"}) if row.sigma
    )
    first, second = run.halves
    chosen = run.best(trials=first)
    means = [run.counts(row)[first].mean() for row in run.rows if row.sigma]
    assert run.counts(chosen)[first].mean() == min(means)
    assert np.arange(30)[first].tolist() + np.arange(30)[second].tolist() == list(range(30))
    with pytest.raises(ValueError, match="no level above sigma 0"):
        run.best(sigma=0)


def test_to_pandas_with_and_without_pandas(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(RunError, match="to_pandas needs pandas"):
        run.to_pandas()
    monkeypatch.setitem(sys.modules, "pandas", SimpleNamespace(DataFrame=lambda table: table))
    assert run.to_pandas() is run.summary
    assert run.to_pandas("trials") is run.all_trials


def test_real_pandas_takes_the_arrays(run):
    pandas = pytest.importorskip("pandas")
    frame = run.to_pandas("trials")
    assert isinstance(frame, pandas.DataFrame)
    assert frame.groupby(["sigma", "noise.injection"])["iterations"].count().tolist() == [60] * 4


class Cells(HTMLParser):
    """Counts elements, checks that each is closed, and keeps the text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.counts, self.text = [], {}, []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.counts[tag] = self.counts.get(tag, 0) + 1
        self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_notebooks_get_a_table_with_every_text_escaped(run):
    html = run._repr_html_()
    page = Cells(html)
    assert page.open == []
    assert "script" not in page.counts
    assert page.counts["tr"] == 1 + len(run.rows)
    assert experiment().title in "".join(page.text)
    for row in run.rows:
        assert f"{row.mean_iterations:.2f}" in page.text
    assert html.count("font-weight: bold") == 1
