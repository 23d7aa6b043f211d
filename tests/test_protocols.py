"""`nem protocols`: path families are factored rightly, stages drop what they should, and a search resumes."""

from __future__ import annotations

import dataclasses
import json
import shutil

import numpy as np
import pytest
import yaml
from command_line import invoke

from nem_cli.em import algorithm
from nem_cli.errors import ConfigError, FolderError
from nem_cli.experiment.block import data_and_starts, problem
from nem_cli.experiment.plan import NOISE, stream
from nem_cli.experiment.registry import stop_rules
from nem_cli.experiment.runner import Workers
from nem_cli.experiment.shipped import shipped_configs
from nem_cli.paper.page import protocol_set
from nem_cli.paper.protocols import search as searches
from nem_cli.paper.protocols import stages
from nem_cli.paper.protocols.config import Rule, families, load, validate, ways
from nem_cli.paper.protocols.results import read
from nem_cli.paper.protocols.write import write

SMALL = {
    "name": "small",
    "mixture": {"family": "gaussian", "weights": [0.5, 0.5], "means": [-2, 2], "variances": [4, 4]},
    "sample_size": 100,
    "estimate": ["variances"],
    "start": {"weights": [0.5, 0.5], "means": [-2, 2], "variances": [64, 64]},
    "families": {
        "start.variances": [[1, 1], [64, 64]],
        "noise.on_reject": ["redraw", "drop"],
    },
    "rules": {"norm": ["euclidean", "log-likelihood"], "tol": [1, 1.5, 2], "start_counted": [False, True]},
    "sigma": {"multiplicative": [0.3, 0.44, 0.6], "additive": [1.5, 1.9, 2.5]},
    "horizon": 30,
    "trials": {"em": 50, "paper_levels": [20, 40], "full": 250},
    "studies": 200,
}


def small(**changes):
    return validate(SMALL | changes)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("search")
    found = searches.find(small(), folder, workers=Workers(1))
    return folder, found, write(found, folder)


def test_a_search_declares_the_product_of_its_lists():
    search = small()
    assert len(families(search)) == 4
    assert len(ways(search.rules)) == 12
    assert {level.trial.noise.on_reject for level in families(search)} == {"redraw", "drop"}


def test_the_shipped_search_declares_at_least_500_families_and_our_tuned_protocols():
    search = load(shipped_configs()["protocols"])
    found = families(search)
    assert len(found) >= 500
    assert {1.0, 1.2, 1.5, 2.0, 3.0, 4.0} <= set(search.rules.tol)
    for name in ("mnem", "companion-mnem", "data-driven-mnem"):
        settings = yaml.safe_load(shipped_configs()[name].read_text())
        start = settings["start"]
        assert any(
            level.trial.sample_size == settings["sample_size"]
            and list(level.trial.estimate) == settings["estimate"]
            and level.trial.noise.on_reject == "redraw"
            and (
                level.trial.start == start if start == "moments" else level.trial.start.model_dump() == as_tuples(start)
            )
            for level in found
        )


def as_tuples(start):
    return {name: tuple(map(float, values)) for name, values in start.items()}


@pytest.mark.parametrize("sigma", [0.0, 1.9])
@pytest.mark.parametrize("rule", [Rule("euclidean", 1.0, False), Rule("log-likelihood", 1.5, True)])
def test_a_count_read_off_a_path_is_what_the_rule_counts_alone(sigma, rule):
    """Without noise trial by trial; with it, the trials that have ended stay in the batch, so in law."""
    search = small(trials={"em": 50, "paper_levels": [20], "full": 1000})
    level = dataclasses.replace(families(search)[2], sigma=sigma)
    others = [rule, Rule("max-change", 2.5, False)]
    counts, reached = stages._passages(search, level, others, 1, 400)
    y, start = data_and_starts(level, search.seed, 1)
    alone = dataclasses.replace(problem(level), stop=stop_rules.get(rule.norm), tol=rule.tol, max_iterations=30)
    fits = algorithm.fit(alone, y[:400], start.take(slice(400)), stream(search.seed, NOISE, 1))
    expected = fits.iterations + rule.start_counted
    if sigma == 0:
        np.testing.assert_array_equal(counts[0], expected)
    else:
        error = np.hypot(counts[0].std(), expected.std()) / 20
        assert abs(counts[0].mean() - expected.mean()) < 4 * error
    assert reached[0].all()


def test_stages_look_at_fresh_trials():
    search = small()
    level = families(search)[2]
    blocks = [stages._passages(search, level, ways(search.rules), block, 50)[0] for block in (0, 1, 2, 3)]
    assert all(np.any(blocks[0] != other) for other in blocks[1:])


def test_what_starts_below_the_truth_is_dropped_and_what_it_keeps_is_plausible(finished):
    _, found, made = finished
    assert found.families[0] == 4
    assert list(found.families) == sorted(found.families, reverse=True)
    assert made.rows
    assert all(abs(row["em"] - 10) < 1.5 for row in made.rows)
    assert {row["start.variances"] for row in made.members} <= {"[64.0, 64.0]"}


def test_the_distance_of_the_papers_own_numbers_is_nought_and_grows():
    em = np.full((1, 200), 10)
    em[0, :100] += 1
    em[0, 100:] -= 1

    def distance(multiplicative, additive):
        noisy = [np.full((1, 200), 10.0 * (1 - saving / 100)) for saving in (multiplicative, additive)]
        return stages._distances(em, [each + np.where(np.arange(200) % 2, 1, -1) for each in noisy])[0]

    assert distance(27.6, 30.5) == pytest.approx(0, abs=1e-12)
    assert 0 < distance(20, 30.5) < distance(10, 30.5)
    assert stages.explained(np.array([21.1, 21.2])).tolist() == [True, False]


def test_any_number_of_jobs_and_a_second_run_give_the_same_files(finished, tmp_path):
    folder, _, made = finished
    write(searches.find(small(), tmp_path, workers=Workers(2, "threading")), tmp_path)
    names = ("protocols.csv", "set.csv", "summary.json")
    assert [(folder / name).read_bytes() for name in names] == [(tmp_path / name).read_bytes() for name in names]
    done = []
    searches.find(small(), folder, workers=Workers(1), progress=lambda *numbers: done.append(numbers))
    assert all(now == total for now, total in done), "nothing was measured again"
    assert read(folder) == made


def test_a_damaged_store_is_refused(finished, tmp_path):
    folder, _, _ = finished
    content = bytearray((folder / "paths.sqlite").read_bytes())
    (tmp_path / "paths.sqlite").write_bytes(content[: len(content) // 2])
    with pytest.raises(FolderError, match="damaged"):
        searches.find(small(), tmp_path, workers=Workers(1))


def test_the_members_are_those_that_no_test_rejects(finished):
    _, found, made = finished
    assert [row["p_joint"] for row in made.members] == [
        pytest.approx(each.numbers["joint-fit:p"], rel=1e-5) for each in found.candidates if each.in_set
    ]
    assert all(each.numbers["joint-fit:p"] >= 0.05 for each in found.candidates if each.in_set)
    for claim in ("em", "difference", "shape"):
        assert 0 <= made.base_rate(claim) <= 1
    passed = [each.numbers.get("em", 0) >= searches.LEVEL for each in found.candidates]
    assert made.base_rate("em") == pytest.approx(np.mean(passed))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"families": {}}, "families.*empty"),
        ({"families": {"start.variances": []}}, "families.start.variances: .*empty"),
        ({"families": {"stop.tol": [1, 2]}}, "families.stop.tol: can't be factored.*under rules"),
        ({"families": {"sigma": [1]}}, "families.sigma: can't be factored.*under sigma"),
        ({"families": {"noise.injection": ["additive"]}}, "families.noise.injection: can't be factored.*both modes"),
        ({"families": {"start.means": [[1]]}}, "families"),
        ({"stop": {"rule": "euclidean"}}, "stop: .*under rules"),
        ({"rules": {"norm": ["never"], "tol": [1]}}, "rules.norm.*never"),
        ({"rules": {"norm": ["euclidean"], "tol": []}}, "rules.tol"),
        ({"rules": {"norm": ["euclidean"], "tol": [1], "max_iterations": [5]}}, "max_iterations"),
        ({"horizon": 19}, "horizon.*19"),
        ({"trials": {"full": 200}}, "trials.full.*250 trials or more"),
        ({"sigma": {"multiplicative": [0.3, 0.5], "additive": [1.5, 1.9, 2.5]}}, "sigma.multiplicative.*0.44"),
        ({"sigma": {"multiplicative": [0.44, 0.5], "additive": [1.5, 1.9, 2.5]}}, "both sides"),
        ({"horizonn": 30}, "horizonn.*horizon"),
    ],
)
def test_bad_input_is_refused_with_one_message(changes, said, tmp_path):
    with pytest.raises(ConfigError, match=said):
        small(**changes)
    config = tmp_path / "bad.yaml"
    config.write_text(yaml.safe_dump(SMALL | changes))
    result = invoke("protocols", str(config), "--out", str(tmp_path / "out"))
    assert result.exit_code == 2
    assert not (tmp_path / "out").exists()


def test_the_command(tmp_path):
    config = tmp_path / "small.yaml"
    config.write_text(yaml.safe_dump(SMALL))
    dry = invoke("protocols", str(config), "--dry-run")
    assert "4 path families, 48 protocols" in dry.stdout
    out = tmp_path / "out"
    result = invoke("protocols", str(config), "--out", str(out), "--json", "--jobs", "1")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["declared"] == 48
    assert {path.name for path in out.iterdir()} >= {"protocols.csv", "set.csv", "specification-curve.png", "ridge.png"}
    shown = invoke("protocols", str(config), "--out", str(out))
    assert "confidence set" in shown.stdout
    assert "48 protocols of 4 path families" in invoke("check", str(config)).stdout
    refused = invoke("protocols", "mnem")
    assert refused.exit_code == 2
    assert "isn't a search" in refused.stderr


def test_the_page_shows_the_set_and_its_figures(finished, tmp_path):
    folder, _, _ = finished
    assert not protocol_set(tmp_path)
    shutil.copytree(folder, tmp_path / "protocols")
    body = protocol_set(tmp_path)
    assert body.count("<svg") == 2
    found = read(folder)
    assert f">{len(found.members):,}<" in body
    shown = {share.setting for share in found.shares()} - {"tol", "start.variances"}
    assert shown == {"noise.on_reject", "norm", "start_counted"}
    assert body.count('data-label="in the set, %"') == 6
