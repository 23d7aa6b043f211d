"""`nem figures` and its page: whole, self-contained, and true to the csv files beside it."""

from __future__ import annotations

import csv
import json
import re
from contextlib import nullcontext
from html.parser import HTMLParser

import pytest
from command_line import invoke

from nem_cli.drawing.inline_svg import inline_svg
from nem_cli.experiment import plan
from nem_cli.experiment.load import load
from nem_cli.experiment.runner import Workers
from nem_cli.experiment.shipped import shipped_configs
from nem_cli.paper import prose, verdict
from nem_cli.paper.figures import FIGURES, figures
from nem_cli.paper.html import Page, powers, render
from nem_cli.paper.protocol_table import CHOSEN, DEPARTS, STATED, protocol_table
from nem_cli.paper.report import REPORT, VERDICT
from nem_cli.paper.section import Link, Picture, Section, Table
from nem_cli.statistics import published as paper
from nem_cli.statistics.summary import ENOUGH
from nem_cli.sweep import sweep

TRIALS = 12
VOID = {"meta", "link", "br"}


class Reader(HTMLParser):
    """Reads a page strictly: every tag closed in its turn."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links, self.labels, self.tags, self.cells = [], [], [], [], set(), []
        self.used = set()

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tags.add(tag)
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found[name] for name in ("href", "src", "xlink:href") if name in found]
        self.used |= set(re.findall(r"url\(#([^)]+)\)", " ".join(value or "" for value in found.values())))
        if tag == "svg":
            assert found["role"] == "img"
            self.labels.append(found["aria-label"])
        if tag in ("td", "th"):
            self.cells.append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if {"td", "th"} & set(self.open):
            self.cells[-1] += data


def read(page):
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


def make(root, **options):
    return figures(root, trials=TRIALS, workers=Workers(1), progress=lambda title: nullcontext(), **options)


@pytest.fixture(scope="module", autouse=True)
def small():
    """Blocks of a dozen trials, which would hold a thousand; and no figures of runs, which are tested elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "BLOCK_TRIALS", TRIALS)
        patch.setattr(sweep, "draw", lambda run: None)
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


def table(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class TestPage:
    def test_needs_nothing_but_itself(self, root, page, reader):
        assert "script" not in reader.tags
        assert "@import" not in page
        outside = [link for link in reader.links if re.match(r"[a-z]+:", link) and link != "data:,"]
        assert outside == [paper.LINK]
        for link in set(reader.links) - {paper.LINK, "data:,"}:
            assert link[1:] in reader.ids if link.startswith("#") else (root / link).is_file(), link
        assert len(page) < 3_000_000

    def test_ids_are_unique_and_used_ones_exist(self, reader):
        assert len(set(reader.ids)) == len(reader.ids)
        assert reader.used <= set(reader.ids)

    def test_every_picture_has_a_text(self, reader):
        assert len(reader.labels) == 14  # 6 runs, 2 x 2 blind, 2 x 2 comparisons
        assert all(len(label) > 40 for label in reader.labels)

    def test_has_every_section(self, page):
        for title in ("The verdict", "The rule", "What is evidence", "neither accuracy nor time", "Figures 1 and 2",
                      "Blind noise", "Additive against multiplicative", "data-driven", "what the paper states",
                      "disagrees with itself", "converge", "How it was made"):  # fmt: skip
            assert title in page
        assert all(sentence.replace("'", "&#39;") in page for sentence in verdict.RULE)
        assert "nem figures" in page

    def test_numbers_are_the_verdict_csvs(self, root, reader):
        cells = {" ".join(cell.split()) for cell in reader.cells}
        for row in table(root / VERDICT):
            assert f"{row['claim']}{row['standing']}" in cells
            for protocol in ("stated", "companion"):
                assert f"{row[f'{protocol}_ours']}{row[f'{protocol}_note']}" in cells
                assert row[f"{protocol}_interval"] in cells
                assert any(cell.endswith(row[f"{protocol}_verdict"]) for cell in cells)

    def test_numbers_are_the_summaries(self, root, reader):
        found = table(root / VERDICT)
        for protocol, prefix in (("stated", ""), ("companion", "companion-")):
            ours = {row["claim"]: (row[f"{protocol}_ours"], row[f"{protocol}_interval"]) for row in found}
            summary = {row["sigma"]: row for row in table(root / f"{prefix}mnem" / "summary.csv")}
            em, best = summary["0.0"], summary["0.44"]
            assert ours["EM"] == (
                f"{float(em['mean_iterations']):.2f}",
                f"{float(em['ci_low']):.2f} to {float(em['ci_high']):.2f}",
            )
            assert ours["EM, start counted"][0] == f"{float(em['mean_iterations']) + 1:.2f}"
            assert ours["Multiplicative, at the paper's σ* = 0.44"] == (
                f"{float(best['speedup_percent']):.1f} %",
                f"{float(best['speedup_ci_low']):.1f} to {float(best['speedup_ci_high']):.1f}",
            )
        for name in FIGURES[:6]:
            summary = {row["sigma"]: row for row in table(root / name / "summary.csv")}
            assert f"{float(summary['0.0']['mean_iterations']):.2f}" in reader.cells

    def test_numbers_are_the_comparisons(self, root):
        (row,) = (row for row in table(root / VERDICT) if row["claim"] == "95 % interval")
        for protocol, name in (
            ("stated", "additive-vs-multiplicative"),
            ("companion", "companion-anem-vs-companion-mnem"),
        ):
            compared = json.loads((root / "comparison" / name / "comparison.json").read_text())["unpaired"]
            low, high = compared["intervals"]["95"]
            assert row[f"{protocol}_interval"] == f"{low:+.2f} to {high:+.2f}"
            assert row[f"{protocol}_ours"] == f"{compared['difference']:+.2f}"


class TestFigures:
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
        assert json.loads(shown.stdout) == table(root / VERDICT)

    def test_command_prints_the_table_in_80_columns(self, root):
        options = ["figures", "--out", str(root), "--trials", str(TRIALS), "--jobs", "1"]
        shown = invoke(*options, env={"COLUMNS": "80"})
        assert shown.exit_code == 0, shown.output
        lines = [line for line in shown.stdout.splitlines() if str(root) not in line]
        assert max(map(len, lines)) <= 80
        assert "30.5 %" in shown.stdout
        assert f"{root / REPORT}" in shown.stdout.replace("\n", "")

    def test_dry_run_names_every_run(self, tmp_path):
        shown = invoke("figures", "--out", str(tmp_path), "--dry-run", "--all")
        assert shown.exit_code == 0
        for name in (*FIGURES, "accuracy", "sparsity"):
            assert f"{name}: " in shown.stdout
        assert list(tmp_path.iterdir()) == []


class TestRender:
    def test_sections_are_escaped_and_linked(self):
        svg = b'<svg width="9" viewBox="0 0 9 9"><g id="a"/><use xlink:href="#a"/></svg>'
        section = Section(
            'A <b>study</b> & "more"',
            ("1 < 2",),
            (Picture(svg, 'a "picture"'), Picture(svg, "another")),
            (Table(("x", "y"), (("<", "&"),), "a note"),),
            "nem sweep <CONFIG>",
            (Link("csv", "study/summary.csv"),),
        )
        reader = read(render(Page(("<i>",), (), (section,))))
        assert {"b", "i", "config"}.isdisjoint(reader.tags)
        assert {section.anchor, f"{section.anchor}-1-a", f"{section.anchor}-2-a"} <= set(reader.ids)
        assert reader.labels == ['a "picture"', "another"]
        assert "study/summary.csv" in reader.links

    def test_wide_pictures_are_told_apart(self):
        assert Picture(b'<svg viewBox="0 0 720 360">', "").wide
        assert not Picture(b'<svg viewBox="0 0 360 280.8">', "").wide
        assert not Picture(b"<svg>", "").wide


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


class TestProtocolTable:
    def test_says_where_each_setting_comes_from(self):
        configs = shipped_configs()
        named = [
            (load(configs[f"{name}mnem"]), load(configs[f"{name}anem"])) for name in ("", "companion-", "data-driven-")
        ]
        found = {setting.name: setting for setting in protocol_table(named)}
        assert [cell.origin for cell in found["Estimated"].cells] == [STATED, DEPARTS, STATED]
        for name in ("Mixture", "Cooling", "Noise condition", "Stop rule", "E-step"):
            assert {cell.origin for cell in found[name].cells} == {STATED}, name
        for name in ("Sample size", "Start", "tol", "Norm", "Trials a level", "Noise levels", "Noise law"):
            assert {cell.origin for cell in found[name].cells} == {CHOSEN}, name
        assert [cell.value for cell in found["tol"].cells] == ["1.2", "1.5", "2"]
        assert "multiplicative: 23 levels" in found["Noise levels"].cells[0].value
        assert "additive: 24 levels" in found["Noise levels"].cells[0].value

    def test_notices_a_departure(self):
        experiment = load(shipped_configs()["mnem"], ["noise.decay=1"])
        found = {setting.name: setting for setting in protocol_table([(experiment,)])}
        assert found["Cooling"].cells[0].origin == DEPARTS


def test_powers_are_superscripts_and_the_rest_is_escaped():
    assert powers("a < 10^-1.2; k^-2.") == "a &lt; 10<sup>-1.2</sup>; k<sup>-2</sup>."
    assert powers("below 10^-tol.") == "below 10<sup>-tol</sup>."


def test_few_trials_are_warned_of():
    assert "With 29 trials" in prose.few(ENOUGH - 1)[0]
    assert prose.few(ENOUGH) == []
