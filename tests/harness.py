"""What every family, injection and screen must pass, our own or a user's: call `check_family` and `check_injection`.

A screen is checked by `check_screen` in every combination with a family and an injection that has noise for it.
"""

from __future__ import annotations

import math

import numpy as np
from models import mixture_of, noise_of, theta_of
from scipy import integrate, optimize, stats

from nem_cli.em import algorithm
from nem_cli.errors import ConfigError
from nem_cli.experiment.registry import families, injections, screens, stop_rules

ROUNDING = 1e-9


def mixture(family, seed=0, components=2, trials=1):
    """A mixture of that family, the same for every trial."""
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet(np.full(components, 5.0))
    low, high = np.clip(family.support, -3, 6)
    means = np.sort(rng.uniform(low + 0.5, high, components))
    variances = rng.uniform(0.5, 4, components)
    return family.complete(theta_of(weights, means, variances, trials))


def log_density(family, y, theta, j):
    """log f(y | j), shape of y, for one trial's theta."""
    return family.log_density(y, theta, j, family.log_normaliser(theta))


def log_gain(family, y, y_dagger, theta):
    """log f(y+ | j) - log f(y | j) for every component, shape (K, trials, samples)."""
    with np.errstate(invalid="ignore"):
        return np.stack(
            [
                log_density(family, y_dagger, theta, j) - log_density(family, y, theta, j)
                for j in range(family.components(theta))
            ]
        )


# --- families ---------------------------------------------------------------------------------------------------------


def check_family(family):
    assert family is families.get(family)
    check_density_is_one_over_the_support(family)
    check_sampler_matches_the_density(family)
    check_m_step_is_the_maximum(family)
    check_closed_forms_are_the_definition(family)


def check_density_is_one_over_the_support(family):
    theta = mixture(family)
    for j in range(family.components(theta)):
        total, _ = integrate.quad(
            lambda y, j=j: float(np.exp(log_density(family, np.array([[y]]), theta, j))[0, 0]), *family.support
        )
        assert math.isclose(total, 1, rel_tol=1e-6)
        for end in family.support:
            if math.isfinite(end):
                outside = np.array([[end + math.copysign(1e-3, end - theta.means[0, j])]])
                assert np.all(log_density(family, outside, theta, j) == -np.inf)


def check_sampler_matches_the_density(family, samples=20_000):
    theta = mixture(family, components=2)
    for j in range(2):
        y = family.sample(np.random.default_rng(j), theta, np.full((1, samples), j))
        assert y.shape == (1, samples)
        assert family.inside(y).all()
        grid = np.sort(y[0])[:: samples // 40]
        low = family.support[0] if math.isfinite(family.support[0]) else theta.means[0, j] - 60
        distribution = [
            integrate.quad(
                lambda y, j=j: float(np.exp(log_density(family, np.array([[y]]), theta, j))[0, 0]), low, end, limit=200
            )[0]
            for end in grid
        ]
        empirical = np.searchsorted(np.sort(y[0]), grid, side="right") / samples
        assert np.max(np.abs(empirical - distribution)) < stats.kstwo.isf(1e-6, samples)
    y = mixture_of(family).sample(np.random.default_rng(9), theta, (2, samples))
    assert y.shape == (2, samples)
    spread = math.sqrt(
        (theta.weights * (theta.variances + theta.means**2)).sum() - (theta.weights * theta.means).sum() ** 2
    )
    assert np.all(np.abs(y.mean(axis=1) - (theta.weights * theta.means).sum()) < 6 * spread / math.sqrt(samples))


def check_m_step_is_the_maximum(family, samples=300):
    """A numerical search from nearby finds no higher weighted log-likelihood than the M-step's."""
    theta = mixture(family, seed=3, components=3)
    y = mixture_of(family).sample(np.random.default_rng(4), theta, (1, samples))
    elsewhere = mixture(family, seed=5, components=3)
    model = mixture_of(family)
    posterior = model.posterior(y, elsewhere)
    r = posterior.responsibilities
    sums = model.sums(elsewhere)
    sums.add(slice(0, 1), y, posterior, elsewhere)
    best = model.maximise(sums, elsewhere, frozenset(model.estimable))
    np.testing.assert_allclose(best.weights[0], r.sum(axis=2)[:, 0] / samples, rtol=1e-12)
    for j in range(3):

        def loss(parameters, j=j):
            at = family.complete(theta_of([1.0], [parameters[0]], [np.exp(parameters[1])]))
            return -float((r[j] * log_density(family, y, at, 0)).sum())

        found = np.array([best.means[0, j], np.log(best.variances[0, j])])
        free = [0, 1] if "variances" in family.estimable else [0]

        def moved(step, found=found, free=free):
            trial = found.copy()
            trial[free] += step
            return trial

        here = loss(found)
        search = optimize.minimize(
            lambda step, f=loss, at=moved: f(at(step)),
            np.full(len(free), 0.05),
            method="Nelder-Mead",
            options={"xatol": 1e-7, "fatol": 1e-10},
        )
        assert search.fun >= here - 1e-6
        np.testing.assert_allclose(search.x, 0, atol=1e-3)
    for name in model.estimable:  # what isn't estimated stays
        kept = model.maximise(sums, elsewhere, frozenset(model.estimable) - {name})
        np.testing.assert_array_equal(kept.arrays[name], elsewhere.arrays[name])


def check_closed_forms_are_the_definition(family, samples=400):
    """What the geometry says of displacements against the log-densities, one by one."""
    for components in (1, 2, 3):
        theta = mixture(family, seed=components, components=components)
        rng = np.random.default_rng(components)
        model = mixture_of(family)
        y = np.concatenate([model.sample(rng, theta, (1, samples)), theta.means], axis=1)
        posterior = model.posterior(y, theta)
        geometry = family.geometry(y, theta, posterior)
        if geometry is None:
            return
        r = posterior.responsibilities
        d = rng.standard_normal(y.shape) * rng.choice([0.01, 1, 10], size=y.shape)
        gain = log_gain(family, y, y + d, theta)
        clear = np.abs(gain).min(axis=0) > ROUNDING
        reach = geometry.reach(y)
        between = (d * reach > 0) & (np.abs(d) <= np.abs(reach))
        np.testing.assert_array_equal(between[clear], (gain >= 0).all(axis=0)[clear])
        average = geometry.average_reach(y, r)
        mean_gain = np.where(r > 0, r * gain, 0).sum(axis=0)
        between = (d * average > 0) & (np.abs(d) <= np.abs(average))
        clear_mean = np.abs(mean_gain) > ROUNDING
        np.testing.assert_array_equal(between[clear_mean], (mean_gain >= 0)[clear_mean])
        a, b = geometry.gap(y, family.support)
        reverse = (gain <= 0).all(axis=0) & family.inside(y + d)
        np.testing.assert_array_equal(((d <= a) | (d >= b))[clear], reverse[clear])


# --- injections -------------------------------------------------------------------------------------------------------


def check_injection(injection, family):
    """phi, its neutral noise, its law and its slope; then Algorithm 1 with it under every screen that can work."""
    assert injection is injections.get(injection)
    noise_of(injection).check(mixture_of(family))
    check_noise_fades_with_its_scale(injection, family)
    check_sigma_0_is_em(injection, family)
    for screen in screens.names():
        check_screen(screen, injection, family)


def check_noise_fades_with_its_scale(injection, family):
    y = mixture_of(family).sample(np.random.default_rng(0), mixture(family), (1, 200))
    moved = []
    for scale in (0.1, 1e-3, 1e-6):
        n = injection.draw(np.random.default_rng(1), scale, y.size).reshape(y.shape)
        moved.append(np.abs(injection.phi(y, n) - y).max())
    assert moved[0] > moved[1] > moved[2]
    assert moved[2] < 1e-3


def check_sigma_0_is_em(injection, family):
    theta = mixture(family, seed=7)
    y = mixture_of(family).sample(np.random.default_rng(8), mixture(family), (2, 100))
    start = theta.take(np.zeros(2, dtype=int))
    fits = [
        algorithm.fit(problem(family, noise), y, start, np.random.default_rng(0))
        for noise in (noise_of("additive"), noise_of(injection, 0.0))
    ]
    for name in fits[0].theta.names:
        np.testing.assert_array_equal(fits[0].theta.arrays[name], fits[1].theta.arrays[name])


def problem(family, noise, cap=5):
    model = mixture_of(family)
    return algorithm.Problem(model, noise, frozenset(model.estimable), stop_rules.get("never"), 1.0, cap)


# --- screens ----------------------------------------------------------------------------------------------------------


def works(screen, injection, family):
    """Whether a screen has noise for an injection and a family."""
    try:
        noise_of(injection, 1.0, screen).check(mixture_of(family))
    except ConfigError:
        return False
    return True


def check_screen(screen, injection, family, sigma=0.5):
    """Every injected value meets the screen's definition to rounding; the noise is finite; some of it isn't neutral."""
    screen = screens.get(screen)
    if not works(screen, injection, family):
        return
    theta = mixture(family, seed=2).take(np.zeros(3, dtype=int))
    y = mixture_of(family).sample(np.random.default_rng(3), mixture(family, seed=2), (3, 300))
    y[:, 0] = 0.0
    y[:, 1] = theta.means[0, 0]
    model = mixture_of(family)
    posterior = model.posterior(y, theta)
    r = posterior.responsibilities
    for on_reject in ("redraw", "drop"):
        noise = noise_of(injection, sigma, screen, on_reject=on_reject)
        if not screen.rejects and np.any(np.isfinite(family.support)):
            noise = noise_of(injection, 1e-4, screen, on_reject=on_reject)  # so small that it stays in the support
            y = np.maximum(y, 0.01)
        sampled = noise.sample(np.random.default_rng(4), model, y, theta, posterior, 1)
        assert sampled.n.shape == y.shape
        y_dagger = injection.phi(y, sampled.n)
        assert np.isfinite(y_dagger).all()
        moved = y_dagger != y
        assert moved.any() or screen.name == "reversed"  # an injection may have no noise that makes data less probable
        assert 0 <= sampled.accepted <= sampled.draws
        gain = log_gain(family, y, y_dagger, theta)
        np.testing.assert_array_equal(gain[:, ~moved], 0)
        flat = gain.reshape(len(gain), -1)[:, moved.ravel()]
        size = sum(np.abs(log_density(family, y, theta, j)) for j in range(len(r))).ravel()[moved.ravel()]
        slack = ROUNDING * (1 + size)
        shares = r.reshape(len(r), -1)[:, moved.ravel()]
        either = screen.admits(flat + slack, shares) | screen.admits(flat - slack, shares)
        assert either.all()
        assert family.inside(y_dagger).all()
