"""The NEM condition measured: against exact values, against the theorem, and where screens part from it."""

from __future__ import annotations

import csv
import json
import math

import numpy as np
import pytest
from command_line import invoke

from nem_cli.em.families.gaussian import Gaussian
from nem_cli.em.latents.independent import Independent
from nem_cli.em.model import Model
from nem_cli.em.theta import Theta
from nem_cli.errors import ConfigError, RunError
from nem_cli.experiment.folder import find_config
from nem_cli.experiment.load import load
from nem_cli.experiment.noise import Noise
from nem_cli.experiment.plan import Level, validate
from nem_cli.statistics.estimate import Estimate
from nem_cli.terminal.words import words
from nem_cli.verify.condition import measure
from nem_cli.verify.verify import Verdict, verify

GAUSSIANS = Model(Independent(), Gaussian())
SAMPLES = 20_000


def experiment(name="anem", *overrides):
    return load(find_config(name), overrides)


def theta(weights, means, variances):
    return Theta.of(weights=weights, means=means, variances=variances)


def measured(noise, truth, estimate, k=1, samples=SAMPLES):
    rng = np.random.default_rng(0)
    from_truth, from_estimate = (GAUSSIANS.sample(rng, law, (1, samples)) for law in (truth, estimate))
    return measure(rng, GAUSSIANS, noise.resolved(), k, truth, estimate, from_truth, from_estimate)


def said(found):
    return words("verify", "verify.txt", found=found).splitlines()


def near(estimate, exact):
    return abs(estimate.value - exact) < 2.6 * (estimate.high - estimate.low) / 2  # 5 standard errors


class TestExactValues:
    """One component, theta* = N(0, 1), theta_{k-1} = N(0, 4), blind additive noise of sd 1: all has a formula."""

    found = measured(Noise("additive", 1.0, "none"), *(theta([1], [0], [v]) for v in (1, 4)))

    def test_the_condition(self):
        assert near(self.found.condition, -1 / 8)

    def test_the_sides_at_theta_star(self):
        left = math.log(2) + 1 / 8 - 1 / 2  # the relative entropy
        assert near(self.found.at_truth.left, left)
        assert near(self.found.at_truth.right, left + 1 / 8)

    def test_the_sides_at_the_estimate(self):
        left = math.log(2) + (1 / 8 - 1 / 2) * 4
        assert near(self.found.at_estimate.left, left)
        assert near(self.found.at_estimate.difference, -1 / 8)

    def test_the_standard_error(self):
        # the log ratio is -(2 y n + n^2) / 8 with y, n standard normal: variance (4 + 2) / 64
        assert math.isclose(
            self.found.condition.high - self.found.condition.value, 1.96 * math.sqrt(6 / 64 / SAMPLES), rel_tol=0.05
        )


@pytest.mark.parametrize(
    ("config", "overrides"),
    [
        ("anem", []),
        ("mnem", []),
        ("companion-anem", []),
        ("mnem", ["noise.injection=power", "mixture.weights=[0.3,0.7]", "sample_size=20"]),
        ("anem", ["noise.on_reject=drop"]),
        ("exponential", []),
        ("exponential", ["noise.injection=saturating"]),
    ],
)
def test_the_theorem_along_ems_path(config, overrides):
    found = verify(experiment(config, *overrides), samples=SAMPLES // 4 if len(overrides) > 1 else SAMPLES)
    screened, reversed_ = found.of("every-component"), found.of("reversed")
    assert len(screened) >= 3
    for row in screened:  # nonnegative with its interval, (12) with it
        assert row.condition.low > 0
        assert row.at_estimate.difference.low > 0
        assert all(component.value >= 0 for component in row.components)
    assert len(reversed_) == len(screened)
    for row in reversed_:
        assert row.condition.high < 0
        assert row.at_estimate.difference.high < 0
    for row in found.measurements:  # under theta* the sides of (12) differ by (10) identically
        assert math.isclose(row.at_truth.difference.value, row.condition.value, rel_tol=1e-9, abs_tol=1e-12)
        assert math.isclose(
            row.at_truth.left.value - row.at_truth.right.value, row.condition.value, rel_tol=1e-9, abs_tol=1e-12
        )
        assert math.isclose(
            sum(each.value for each in row.components), row.condition.value, rel_tol=1e-9, abs_tol=1e-12
        )
        assert row.scale == pytest.approx(found.sigma * row.k**-2.0)


def test_blind_noise_fails_the_condition():
    found = verify(experiment("anem"), samples=SAMPLES)
    assert all(row.condition.high < 0 for row in found.of("none")[:3])
    assert found.condition("none").holds == 0


class TestPosteriorAverage:
    """It averages over Z at theta_{k-1}, where (10) averages at theta*: they part where the posteriors do."""

    truth = theta([0.95, 0.05], [-2, 2], [4, 4])
    wrong = theta([0.05, 0.95], [-2, 2], [4, 4])

    def test_it_breaks_the_condition_where_the_estimated_weights_are_wrong(self):
        found = measured(Noise("additive", 1.9, "posterior-average"), self.truth, self.wrong)
        assert found.condition.high < -0.1
        assert found.at_truth.difference.high < -0.1

    def test_every_component_holds_there(self):
        found = measured(Noise("additive", 1.9, "every-component"), self.truth, self.wrong)
        assert found.condition.low > 0

    def test_it_holds_where_the_estimate_is_the_truth(self):
        found = measured(Noise("additive", 1.9, "posterior-average"), self.truth, self.truth)
        assert found.condition.low > 0

    def test_and_along_a_path(self):
        start = "start={weights: [0.05, 0.95], means: [-2, 2], variances: [4, 4]}"
        config = experiment(
            "anem", "mixture.weights=[0.95,0.05]", start, "noise.screen=posterior-average", "estimate=[weights]"
        )
        found = verify(config, samples=SAMPLES)
        assert found.of("posterior-average")[0].condition.high < 0
        assert found.condition("posterior-average").fails > 0


class TestTheLawOfY:
    """(12) as the paper writes it has Y from the estimate, and (10) doesn't imply it: here they have opposite signs."""

    truth = theta([0.5, 0.5], [-4, 2], [4, 9])
    estimate = theta([0.05, 0.95], [-4, 0], [1, 1])
    found = measured(Noise("additive", 3.0, "posterior-average"), truth, estimate)

    def test_the_condition_holds_and_so_does_12_at_theta_star(self):
        assert self.found.condition.low > 1
        assert self.found.at_truth.difference.value == pytest.approx(self.found.condition.value)

    def test_and_12_at_the_estimate_fails(self):
        assert self.found.at_estimate.difference.high < -0.1


def test_a_better_q_at_every_step_and_yet_more_steps():
    found = verify(experiment("mnem"), sigma=2.0, samples=SAMPLES)
    condition = found.condition("every-component")
    assert condition.holds == condition.steps
    assert found.counts["every-component"].difference.sign == "above"
    assert "a better Q on average at every step, and yet more steps." in said(found)[0]


def test_counts_are_those_of_the_runs_first_block():
    found = verify(experiment("companion-anem"), samples=1000)
    count = found.counts["every-component"]
    assert count.trials == 1000
    assert abs(count.iterations.value - 7.10) < 0.15  # the protocol's table
    assert abs(count.iterations.value - count.difference.value - 10.19) < 0.15


def test_noise_that_leaves_the_support_is_left_out_and_said():
    found = verify(experiment("exponential"), samples=SAMPLES)
    assert found.left_out == ("none",)
    assert found.screens == ["every-component", "reversed"]
    assert found.counts.keys() == {"every-component", "reversed"}
    assert len(said(found)) == 4


@pytest.mark.parametrize(
    ("config", "sigma"), [("mnem", 0.44), ("anem", 1.9), ("companion-mnem", 0.44), ("exponential", 2.0)]
)
def test_sigma_by_default(config, sigma):
    assert verify(experiment(config, "stop.max_iterations=5"), samples=100).sigma == sigma


def test_bad_input_is_refused():
    with pytest.raises(ConfigError, match="sweeps no sigma above 0"):
        verify(experiment("anem", "sweep={sigma: [0]}"), samples=100)
    with pytest.raises(ConfigError, match="2 or more"):
        verify(experiment("anem"), samples=1)
    degenerate = {"weights": [1 - 1e-9, 1e-9], "means": [0, 1], "variances": [1, 1]}
    config = validate(experiment("anem").model_dump() | {"start": degenerate})
    with pytest.raises(RunError, match="degenerate there already"):
        verify(config, samples=100)


def test_a_verdict_counts_intervals():
    estimates = [Estimate(1, 0.8, 1.2), Estimate(0, 0, 0), Estimate(-1, -1.2, -0.8), Estimate(0.1, -0.1, 0.3)]
    verdict = Verdict.of(estimates)
    assert verdict == Verdict(holds=2, fails=1, undecided=1)
    assert verdict.steps == 4


def test_same_seed_same_csv_and_another_seed_another():
    def measured_with(seed):
        return verify(experiment("anem", f"seed={seed}", "stop.max_iterations=5"), samples=500).table().csv()

    one, same, other = map(measured_with, (1, 1, 2))
    assert one == same
    assert one != other


def test_the_command(tmp_path):
    config = str(find_config("anem"))
    arguments = ["verify", config, "--samples", "500", "--out", str(tmp_path)]
    done = invoke(*arguments)
    assert done.exit_code == 0, done.output
    assert "every-component noise" in done.output
    assert "it measures something else" in " ".join(done.output.split())
    with (tmp_path / "verify.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["screen"] for row in rows} == {"every-component", "none", "reversed"}
    assert (tmp_path / "verify.png").stat().st_size > 10_000
    assert (tmp_path / "verify.svg").read_text().startswith("<?xml")
    result = json.loads(invoke(*arguments, "--json").stdout)
    assert result["measurements"][0]["condition"]["value"] == float(rows[0]["condition"])
    assert result["experiment"]["name"] == "anem"
    assert invoke("verify", config, "--samples", "1").exit_code == 2
    assert invoke("verify", config, "--sigma", "nan", "--out", str(tmp_path)).exit_code == 2


PLANAR = {
    "name": "planar",
    "mixture": {
        "covariance": "diagonal",
        "weights": [0.4, 0.6],
        "means": [[-2, -2], [2, 2]],
        "variances": [[4, 4], [4, 4]],
    },
    "sample_size": 50,
    "start": {"weights": [0.5, 0.5], "means": [[-3, -3], [3, 3]], "variances": [[9, 9], [9, 9]]},
    "stop": {"tol": 1.2, "max_iterations": 20},
    "sweep": {"sigma": [0, 1.0]},
}
CHAIN = {
    "name": "chain",
    "chain": {
        "initial": [0.5, 0.5],
        "transitions": [[0.9, 0.1], [0.2, 0.8]],
        "means": [-2, 2],
        "variances": [4, 4],
    },
    "sample_size": 25,
    "start": {"initial": [0.5, 0.5], "transitions": [[0.7, 0.3], [0.3, 0.7]], "means": [-3, 3], "variances": [9, 9]},
    "stop": {"tol": 1.2, "max_iterations": 20},
    "sweep": {"sigma": [0, 1.5]},
}


@pytest.mark.parametrize("tree", [PLANAR, CHAIN], ids=lambda tree: tree["name"])
def test_the_theorem_in_other_systems(tree):
    found = verify(validate(tree), samples=4000)
    for row in found.of("every-component"):
        assert row.condition.low > 0
        assert row.at_estimate.difference.low > 0
    assert all(row.condition.high < 0 for row in found.of("reversed"))
    for row in found.measurements:
        assert row.at_truth.difference.value == pytest.approx(row.condition.value)
        assert sum(each.value for each in row.components) == pytest.approx(row.condition.value)


def test_samples_of_a_chain_depend_on_each_other_and_its_intervals_know():
    tree = CHAIN | {"chain": CHAIN["chain"] | {"transitions": [[0.99, 0.01], [0.01, 0.99]]}, "sample_size": 100}
    level = Level((("sigma", 1.5),), 1.5, validate(tree).trial_settings)
    model, truth = level.trial.system.model(), level.trial.system.truth()
    estimate = truth.replace(means=truth.means + 1)
    noise = Noise("additive", 1.5).resolved()
    halves, centres = [], []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        y = model.sample(rng, truth, (40, 100))
        found = measure(rng, model, noise, 1, truth, estimate, y, y)
        halves.append(found.at_truth.left.high - found.at_truth.left.value)
        centres.append(found.at_truth.left.value)
    assert np.mean(halves) / 2.02 == pytest.approx(np.std(centres), rel=0.3)


def test_what_has_no_such_q_is_refused():
    tree = {"name": "clusters", "clusters": PLANAR["mixture"].copy(), "sample_size": 50, "stop": {"rule": "labels"}}
    del tree["clusters"]["covariance"]
    with pytest.raises(ConfigError, match="clusters: can't be verified: mixture and chain have the Q"):
        verify(validate(tree | {"sweep": {"sigma": [0, 1]}}), samples=100)
