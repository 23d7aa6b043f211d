"""The accelerators alone, on maps small enough to know everything about."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import gammaln

from nem_cli.em.accelerate.accelerator import Accelerator
from nem_cli.em.accelerate.anderson import Anderson
from nem_cli.em.accelerate.annealed import Annealed
from nem_cli.em.accelerate.fixed_point import FixedPoint
from nem_cli.em.accelerate.over_relaxed import OverRelaxed
from nem_cli.em.accelerate.quasi_newton import QuasiNewton
from nem_cli.em.accelerate.squarem import Squarem


class Plain(Accelerator):
    """EM as an accelerator: every image is the next point."""

    name = "plain"

    def proposals(self, em, x):
        while True:
            x = yield x


FAST = [Squarem(), Anderson(), QuasiNewton()]
CLIMBING = [*FAST, OverRelaxed()]
PLAIN = Plain()


def named(methods):
    return pytest.mark.parametrize("method", methods, ids=lambda method: method.name)


class Race(FixedPoint):
    """A batch of trials on a map: `step` and `objective` take and give arrays of some of the trials."""

    def __init__(self, trials):
        self.running = np.arange(trials)
        self.likelihoods = 0

    def inside(self, x):
        return np.ones(len(x), dtype=bool)

    def log_likelihood(self, x, trials):
        self.likelihoods += 1
        assert np.isin(trials, self.running).all()
        value = np.full(len(x), -np.inf)
        inside = self.inside(x)
        value[inside] = self.objective(x[inside])
        return value

    def run(self, method, x, *, tol=1e-7, cap=2000):
        """Evaluations until the change falls below tol, the end, and every point's objective, a row an evaluation."""
        proposals = method.proposals(self, x.copy())
        x = next(proposals)
        evaluations, end, path = np.zeros(len(x), dtype=int), x.copy(), []
        while True:
            here = self.running
            assert self.inside(x[here]).all()
            path.append(np.where(np.isin(np.arange(len(x)), here), self.objective(x), path[-1] if path else 0))
            image = x.copy()
            image[here] = self.step(x[here])
            evaluations[here] += 1
            end[here] = image[here]
            change = np.linalg.norm((image - x)[here], axis=1)
            going = (change >= tol) | (self.inverse_temperature < 1)
            self.running = here[going & (evaluations[here] < cap)]
            if not self.running.size:
                return evaluations, end, np.array(path)
            x = proposals.send(image)


class Linear(Race):
    """M(x) = A x with A = Q diag(rates) Q', and the quadratic form of I - A that it climbs."""

    def __init__(self, trials, rates, seed=0):
        super().__init__(trials)
        q, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(len(rates), len(rates))))
        self.a = q @ np.diag(rates) @ q.T

    def step(self, x):
        return x @ self.a

    def objective(self, x):
        return -0.5 * np.einsum("tp,pq,tq->t", x, np.eye(len(self.a)) - self.a, x)


class Deaths(Race):
    """Two Poissons on Hasselblad's deaths (1969), the rows weighted by their days: x = (p, rate 1, rate 2)."""

    y = np.arange(10.0)
    days = np.array([162, 267, 271, 185, 111, 61, 27, 8, 3, 1.0])

    @classmethod
    def starts(cls, trials, seed=0):
        rng = np.random.default_rng(seed)
        return np.column_stack([rng.random(trials), rng.uniform(0, 4, (trials, 2))])

    def inside(self, x):
        return np.all(x > 0, axis=1) & (x[:, 0] < 1)

    def joint(self, x):
        weights, rates = np.stack([x[:, 0], 1 - x[:, 0]])[:, :, None], x[:, 1:].T[:, :, None]
        return np.log(weights) + self.y * np.log(rates) - rates - gammaln(self.y + 1)

    def objective(self, x):
        return (np.logaddexp(*self.joint(x)) * self.days).sum(axis=1)

    def step(self, x):
        log_f = self.inverse_temperature * self.joint(x)
        r = np.exp(log_f - np.logaddexp(*log_f)) * self.days
        mass = r.sum(axis=2)
        return np.concatenate([mass[:1] / self.days.sum(), (r * self.y).sum(axis=2) / mass]).T


BEST = -1989.9458598829
"""The best log-likelihood of two Poissons on the deaths: weights .36 and .64, rates 1.2561 and 2.6634."""


@named(FAST)
def test_a_linear_map_is_done_in_few_evaluations(method):
    task = Linear(7, [0.99, 0.9, 0.5])
    x = np.random.default_rng(1).normal(size=(7, 3))
    evaluations, end, _ = task.run(method, x)
    slow, _, _ = Linear(7, [0.99, 0.9, 0.5]).run(PLAIN, x, cap=10**5)
    np.testing.assert_allclose(end, 0, atol=1e-4)
    assert np.all(evaluations < slow / 4)


def test_quasi_newton_with_all_secants_solves_a_linear_map_exactly():
    task = Linear(5, [0.999, 0.9, 0.5])
    evaluations, end, _ = task.run(QuasiNewton(), np.random.default_rng(1).normal(size=(5, 3)))
    np.testing.assert_allclose(end, 0, atol=1e-4)  # its matrix is as ill-conditioned as the map is slow
    assert np.all(evaluations <= 3 + 2 + 2 + 2)  # the secants, the step, and to see that it is done


@pytest.mark.parametrize(
    ("method", "cycle", "first"), [(OverRelaxed(), 1, 0), (Anderson(), 1, 1), (Squarem(), 3, 0), (QuasiNewton(), 2, 3)]
)
@pytest.mark.parametrize("task", [Linear(6, [0.95, 0.6, 0.2]), Deaths(20)], ids=["linear", "deaths"])
def test_the_objective_never_falls_from_cycle_to_cycle(method, cycle, first, task):
    task.running = np.arange(len(task.running))
    x = Deaths.starts(len(task.running))
    _, _, path = task.run(method, x)
    assert np.all(np.diff(path[first::cycle], axis=0) > -1e-8)


@named([*CLIMBING, Annealed()])
def test_every_method_ends_at_the_best_fit_of_the_deaths(method):
    task = Deaths(40)
    evaluations, end, _ = task.run(method, Deaths.starts(40), cap=10_000)
    assert np.all(evaluations < 10_000)
    reached = np.abs(task.objective(end) - BEST) < 0.01
    assert reached.mean() >= 0.95
    fit = end[reached]
    fit[fit[:, 1] > fit[:, 2]] = np.column_stack([1 - fit[:, 0], fit[:, 2], fit[:, 1]])[fit[:, 1] > fit[:, 2]]
    np.testing.assert_allclose(fit, np.tile([0.3599, 1.2561, 2.6634], (len(fit), 1)), atol=1e-2)


@pytest.mark.parametrize(
    ("method", "published"), [(PLAIN, 2293), (Squarem(), 78), (Anderson(), 48), (QuasiNewton(), 42)]
)
def test_medians_on_the_deaths_are_near_the_published_ones(method, published):
    evaluations, _, _ = Deaths(200).run(method, Deaths.starts(200), cap=10_000)
    assert published / 1.5 < np.median(evaluations) < published * 1.5


def test_over_relaxed_em_grows_its_step_to_a_fraction_of_ems_count():
    evaluations, _, _ = Deaths(40).run(OverRelaxed(), Deaths.starts(40))
    slow, _, _ = Deaths(40).run(PLAIN, Deaths.starts(40), cap=10_000)
    assert np.median(evaluations) < np.median(slow) / 2


@named(CLIMBING)
def test_trials_do_not_depend_on_their_batch(method):
    together, _, _ = Deaths(5).run(method, Deaths.starts(5))
    for trial in range(5):
        alone, _, _ = Deaths(1).run(method, Deaths.starts(5)[trial : trial + 1])
        assert alone[0] == together[trial]


@named([*CLIMBING, Annealed()])
def test_a_start_at_the_fixed_point_ends_at_once(method):
    evaluations, end, _ = Linear(1, [0.9, 0.5, 0.1]).run(method, np.zeros((1, 3)))
    assert np.all(np.isfinite(end))
    assert evaluations[0] <= 16  # annealing first rises to 1


@named(CLIMBING)
def test_one_coordinate_and_a_map_that_is_done_after_a_step(method):
    class Jump(Linear):
        def step(self, x):
            return np.zeros_like(x)

    evaluations, end, _ = Jump(3, [0.0]).run(method, np.ones((3, 1)))
    np.testing.assert_allclose(end, 0, atol=1e-12)
    assert np.all(evaluations <= 3)


@named(CLIMBING)
def test_a_leap_out_of_the_parameter_space_falls_back_to_em(method):
    orbit = 0.9 ** np.arange(100.0)

    class Walled(Linear):
        """Only EM's own points are inside."""

        def inside(self, x):
            return np.isclose(x, orbit, rtol=1e-9, atol=0).any(axis=1)

    evaluations, end, _ = Walled(2, [0.9]).run(method, np.ones((2, 1)), tol=1e-3)
    slow, same, _ = Linear(2, [0.9]).run(PLAIN, np.ones((2, 1)), tol=1e-3)
    if isinstance(method, Squarem):  # its third step starts from where the second one ended
        np.testing.assert_array_equal(-(-slow // 3), -(-evaluations // 3))
    np.testing.assert_allclose(end, same, rtol=0.2)
