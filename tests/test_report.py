"""`nem figures` and its page: whole, self-contained, and true to the csv files beside it."""

from __future__ import annotations

import base64
import csv
import json
import re
import shutil
from contextlib import nullcontext
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import pytest
from command_line import invoke
from matplotlib.figure import Figure

from nem_cli.experiment import plan
from nem_cli.experiment.load import load
from nem_cli.experiment.runner import Workers
from nem_cli.experiment.shipped import shipped_configs
from nem_cli.paper.costs import ProtocolRuns
from nem_cli.paper.figures import PREDICTION, PREFIXES, experiments, figures
from nem_cli.paper.html import data_link, listed, pivot, powers, table
from nem_cli.paper.page import settings, write
from nem_cli.paper.records import to_csv
from nem_cli.paper.studies import STUDIES
from nem_cli.paper.svg import inline_svg, page_svg
from nem_cli.statistics import published as paper
from nem_cli.statistics.estimate import Estimate
from nem_cli.statistics.run import Run
from nem_cli.statistics.table import shown
from nem_cli.sweep import sweep

TRIALS = 12
VOID = {"meta", "link", "br"}
INLINE = {"a", "abbr", "b", "code", "small", "sup", "summary"}
HIDDEN = {"svg", "style", "title"}
MOST_WORDS = 4000
COMMITTED = Path(__file__).parents[1] / "results"
REPORT, VERDICT = "report.html", "verdict.csv"


class Reader(HTMLParser):
    """Reads a page strictly: every tag closed in its turn."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links, self.labels, self.tags, self.cells = [], [], [], [], set(), []
        self.used, self.labelled, self.titles, self.text = set(), 0, 0, ""

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tags.add(tag)
        self.text += "" if tag in INLINE else " "
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found[name] for name in ("href", "src", "xlink:href") if name in found]
        self.used |= set(re.findall(r"url\(#([^)]+)\)", " ".join(value or "" for value in found.values())))
        if tag == "svg":
            assert found["role"] == "img"
            self.labels.append(found["aria-label"])
        if tag in ("td", "th"):
            self.cells.append("")
            self.labelled += "data-label" in found or tag == "th"
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        self.text += "" if tag in INLINE else " "

    def handle_data(self, data):
        self.titles += self.open[-1:] == ["title"]
        if {"td", "th"} & set(self.open):
            self.cells[-1] += data
        if not HIDDEN & set(self.open):
            self.text += data


def read(page):
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


def make(root, **options):
    return figures(root, trials=TRIALS, workers=Workers(1), progress=lambda title, **units: nullcontext(), **options)


@pytest.fixture(scope="module", autouse=True)
def small():
    """Blocks of a dozen trials, which would hold a thousand; and no figures of runs, which are tested elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "BLOCK_TRIALS", TRIALS)
        patch.setattr(sweep, "draw", lambda run: [(run.folder / f"figure.{kind}").touch() for kind in ("png", "svg")])
        yield


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A folder with every run of the report."""
    folder = tmp_path_factory.mktemp("results")
    make(folder)
    return folder


@pytest.fixture(scope="module")
def page(root):
    return (root / REPORT).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def reader(page):
    return read(page)


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class TestPage:
    def test_needs_nothing_but_itself(self, page, reader):
        assert "script" not in reader.tags
        assert "@import" not in page
        outside = [link for link in reader.links if re.match(r"[a-z]+:", link) and not link.startswith("data:")]
        assert outside == [paper.LINK]
        for link in set(reader.links) - {paper.LINK}:
            assert link.startswith("data:") or link[1:] in reader.ids, link
        assert len(page) < 3_000_000

    def test_ids_are_unique_and_used_ones_exist(self, reader):
        assert len(set(reader.ids)) == len(reader.ids)
        assert reader.used <= set(reader.ids)
        for fixed in ("answer", "figure-1", "figure-2", "verdict", "claim-em", "difference", "settings", "made"):
            assert fixed in reader.ids

    def test_every_picture_has_a_text_and_its_markers_tooltips(self, page, reader):
        assert len(reader.labels) == 2
        assert all(len(label) > 40 for label in reader.labels)
        levels = sum(len(run.sweep[0]["sigma"]) for run in experiments() if run.name in ("mnem", "anem"))
        assert reader.titles - 1 == 2 * levels  # counts and savings; and the page's own
        assert "figure svg { display: block; width: 100%; height: auto; fill: currentColor; }" in page

    def test_no_cell_is_without_its_heading_on_a_narrow_screen(self, reader):
        assert reader.labelled == len(reader.cells)

    def test_numbers_are_those_of_the_csv_files(self, root, page):
        for row in rows(root / VERDICT):
            assert f'id="claim-{row["claim"]}"' in page
            assert not row["paper"] or shown(float(row["paper"]), ".3g") in page
        for name, sigma in (("mnem", "0.44"), ("companion-anem", "1.9")):
            row = next(row for row in rows(root / name / "summary.csv") if row["sigma"] == sigma)
            assert f"{float(row['speedup_percent']):.1f} ({float(row['speedup_ci_low']):.1f} to" in page
        for path in (root / "comparison").glob("*/comparison.json"):
            low, high = json.loads(path.read_text())["unpaired"]["intervals"]["95"]
            assert f"{low:.2f} to {high:.2f}" in page

    def test_few_trials_are_said(self, page):
        assert f"With {TRIALS} trials a level" in page

    def test_a_study_is_kept_where_its_csv_files_are(self, root, tmp_path_factory):
        study = next(study for study in STUDIES if study.name == "blind")
        kept = tmp_path_factory.mktemp("kept")
        shutil.copytree(root, kept, dirs_exist_ok=True)
        (kept / "blind" / "study.csv").write_text(to_csv(study.record, []))
        make(kept)
        page = (kept / REPORT).read_text(encoding="utf-8")
        assert 'id="blind"' in page
        assert 'id="harm"' not in page
        read(page)


@pytest.mark.slow
def test_the_whole_report_has_at_most_4000_words(tmp_path):
    """As the committed csv files make it, with every study; texts for those who can't see a picture aren't counted."""
    shutil.copytree(COMMITTED, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.sqlite*", "trials.csv"))
    modes = {"multiplicative": "mnem", "additive": "anem"}
    protocols = [
        ProtocolRuns(name, {mode: Run.open(tmp_path / f"{prefix}{short}") for mode, short in modes.items()})
        for name, prefix in PREFIXES.items()
    ]
    folders = {"five-parameter": "additive-vs-multiplicative", "variances-only": "companion-anem-vs-companion-mnem"}
    compared = {
        name: json.loads((tmp_path / "comparison" / folder / "comparison.json").read_text())
        for name, folder in folders.items()
    }
    write(tmp_path, protocols, compared)
    page = (tmp_path / REPORT).read_text(encoding="utf-8")
    assert len(read(page).text.split()) <= MOST_WORDS
    for study in STUDIES:
        runs = all((COMMITTED / name / "summary.csv").is_file() for name in study.configs)
        assert runs == (f'id="{study.name}"' in page), study.name


class TestFigures:
    def test_only_what_depends_on_a_change_is_made_again(self, root, tmp_path):
        shutil.copytree(root, tmp_path, dirs_exist_ok=True)

        def changed():
            """The files that a further run of the command replaces by others."""
            kinds = {".csv", ".json", ".png", ".svg", ".html"}
            before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.suffix in kinds}
            make(tmp_path)
            again = {path for path, time in before.items() if path.stat().st_mtime_ns != time}
            return {path.relative_to(tmp_path).as_posix() for path in again if path.name != "timing.json"}

        assert changed() == set()
        comparison = "comparison/additive-vs-multiplicative/comparison"
        contents = (tmp_path / f"{comparison}.json").read_bytes()
        (tmp_path / f"{comparison}.json").write_text("{}")
        assert changed() == {f"{comparison}.{kind}" for kind in ("json", "png", "svg")}
        assert (tmp_path / f"{comparison}.json").read_bytes() == contents
        (tmp_path / "prediction" / "figure.png").write_text("")
        assert set(PREDICTION) <= changed()
        (tmp_path / "benchmark.csv").write_text("figure,median\n")
        assert changed() == {REPORT}

    def test_again_runs_nothing_and_prints_json(self, root, monkeypatch):
        before = (root / VERDICT).read_bytes()
        asked = []
        run = Workers.run
        monkeypatch.setattr(Workers, "run", lambda self, tasks, seed: asked.extend(tasks) or run(self, tasks, seed))
        options = ["figures", "--out", str(root), "--trials", str(TRIALS), "--jobs", "1", "--json"]
        shown = invoke(*options)
        assert shown.exit_code == 0, shown.output
        assert asked == []
        assert (root / VERDICT).read_bytes() == before
        said = json.loads(shown.stdout)
        assert [(row["claim"], row["outcome"]) for row in said] == [
            (row["claim"], row["outcome"]) for row in rows(root / VERDICT)
        ]

    def test_command_prints_the_table_in_80_columns(self, root):
        options = ["figures", "--out", str(root), "--trials", str(TRIALS), "--jobs", "1"]
        shown = invoke(*options, env={"COLUMNS": "80"})
        assert shown.exit_code == 0, shown.output
        lines = [line for line in shown.stdout.splitlines() if str(root) not in line]
        assert max(map(len, lines)) <= 80
        assert "30.5" in shown.stdout
        assert f"{root / REPORT}" in shown.stdout.replace("\n", "")

    def test_dry_run_names_every_run(self, tmp_path):
        shown = invoke("figures", "--out", str(tmp_path), "--dry-run", "--all")
        assert shown.exit_code == 0
        for name in ("mnem", "companion-anem", "blind", "tolerance", "sparsity"):
            assert f"\n{name} " in shown.stdout
        assert list(tmp_path.iterdir()) == []


class TestTable:
    def test_cells_are_escaped_and_know_their_heading(self):
        record = SimpleNamespace(name="<b>", number=1.234, saved=Estimate(1, 0.5, 2), none=None)
        html = table([record], ("a < b", "name"), ("n", "number", ".1f"), ("saved", "saved", ".2f"), ("", "none", "d"))
        reader = read(f"<main>{html}</main>")
        assert reader.cells == ["a < b", "n", "saved", "<b>", "1.2", "1.00 (0.50 to 2.00)"]
        assert 'data-label="saved"' in html

    def test_a_pivot_has_a_row_and_a_column_for_each_value_and_gaps_where_there_is_none(self):
        records = [SimpleNamespace(a=a, b=b, n=10 * a + b) for a, b in ((1, 1), (2, 2), (1, 2))]
        html = pivot(records, "", lambda it: f"a{it.a}", lambda it: f"b{it.b}", lambda it: str(it.n))
        assert read(f"<main>{html}</main>").cells == ["", "b1", "b2", "a1", "11", "12", "a2", "", "22"]

    def test_a_link_holds_its_file(self, tmp_path):
        (tmp_path / "study").mkdir()
        (tmp_path / "study" / "a.csv").write_text("x,y\n1,2\n")
        link = data_link(tmp_path, "study/a.csv")
        content = re.search(r"base64,([^\"]+)", link)[1]
        assert base64.b64decode(content) == b"x,y\n1,2\n"
        assert 'download="study-a.csv"' in link

    def test_lists(self):
        assert [listed("abc"[:n]) for n in (1, 2, 3)] == ["a", "a and b", "a, b and c"]


class TestInlineSvg:
    SVG = (
        b'<?xml version="1.0"?>\n<!DOCTYPE svg>\n<svg xmlns:xlink="http://www.w3.org/1999/xlink"><metadata>x</metadata>'
        b'<defs><style type="text/css">*{stroke-linejoin: round}</style><path id="p"/><path id="unused"/></defs>'
        b'<use xlink:href="#p"/><g clip-path="url(#p)"/></svg>'
    )

    def test_ids_get_the_prefix(self):
        text = inline_svg(self.SVG, "one", "an <alt>")
        assert 'id="one-p"' in text
        assert 'href="#one-p"' in text
        assert "url(#one-p)" in text
        assert "unused" not in text
        assert 'aria-label="an &lt;alt&gt;"' in text

    def test_style_stays_inside(self):
        text = inline_svg(self.SVG, "one", "")
        assert text.startswith("<svg")
        assert ".one *{stroke-linejoin" in text
        assert "metadata" not in text
        assert "xlink" not in text

    def test_points_have_tooltips_and_colours_follow_the_page(self):
        figure = Figure()
        axes = figure.add_subplot()
        axes.errorbar([1, 2], [3, 4.5], [0.1, 0.1], label="a & b")
        text = page_svg(figure, "one", "")
        assert "<title>a &amp; b at 2: 4.5</title>" in text
        assert "#000000" not in text
        assert "currentColor" in text


class TestSettings:
    """Rows of two tables: where the protocols differ (name, the paper, a cell each), and where they agree."""

    @staticmethod
    def cells(**protocols):
        configs = shipped_configs()
        experiments = {
            name: [load(configs[config], overrides) for config in ("mnem", "anem")]
            for name, overrides in protocols.items()
        }
        return read(f"<main>{settings(experiments)}</main>").cells

    def test_says_where_each_setting_comes_from(self):
        found = self.cells(one=[], other=["estimate=[variances]", "stop.tol=1.5"])
        at = {
            name: found[found.index(name) + 1 :]
            for name in ("Estimated", "tol", "Mixture", "Sample size", "Noise levels")
        }
        assert at["Estimated"][:3] == ["weights, means, variances"] * 2 + ["variances"]
        assert at["tol"][:3] == ["not stated", "1.2", "1.5"]
        assert at["Mixture"][:2] == ["0.5 N(-2, 4) + 0.5 N(2, 4)", "stated, page 2"]
        assert at["Sample size"][:2] == ["200", "chosen"]
        assert at["Noise levels"][0] == "multiplicative: 23 levels to 2; additive: 24 levels to 8"

    def test_notices_a_departure(self):
        found = self.cells(one=["noise.decay=1"])
        assert found[found.index("Cooling") + 1 :][:2] == ["k-1", "departs from k-2, page 5, after Algorithm 1"]


def test_powers_are_superscripts_and_the_rest_is_escaped():
    assert powers("a < 10^-1.2; k^-2.") == "a &lt; 10<sup>-1.2</sup>; k<sup>-2</sup>."
    assert powers("below 10^-tol.") == "below 10<sup>-tol</sup>."
