"""What every family, injection and screen must pass, our own or yours.

Call `check_family`, `check_injection` and `check_screen`. Each raises an AssertionError that shows the numbers. They
draw from fixed seeds and take seconds.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import integrate, optimize, stats

from nem_cli.em import algorithm
from nem_cli.em.arrays import FloatArray
from nem_cli.em.family import Family
from nem_cli.em.geometry import Modes
from nem_cli.em.injection import Injection
from nem_cli.em.latents.independent import Independent
from nem_cli.em.model import Model
from nem_cli.em.noise import Noise as Resolved
from nem_cli.em.screen import Screen
from nem_cli.em.stops import Never
from nem_cli.em.theta import Theta
from nem_cli.errors import ConfigError
from nem_cli.experiment.noise import Noise
from nem_cli.experiment.registry import families, injections, screens

ROUNDING = 1e-9
_FAR = 1000
"""A discrete family's masses are summed up to here."""


def check_family(family: str | Family) -> None:
    """A family in one dimension, of means and variances.

    Its density is one over the support (a discrete family, one with ``discrete = True``, has masses that sum to 1); its
    sampler draws from that; its M-step is the maximum; its geometry, where it has one, is what the density says.

    Parameters
    ----------
    family : str or Family
        A registered name, ``package.module:Name``, or an object.
    """
    family = families.get(family)
    check_density(family)
    check_sampler(family)
    check_m_step(family)
    check_geometry(family)


def check_injection(injection: str | Injection, family: str | Family = "gaussian") -> None:
    """An injection with a family.

    Its contract (neutral noise, elementwise and finite phi, slope); its noise fades with its scale; at sigma 0 it is
    plain EM; every screen that can work with it does.
    """
    injection, family = injections.get(injection), families.get(family)
    _noise(injection).check(_mixture_of(family))
    check_fading(injection, family)
    check_sigma_0(injection, family)
    for screen in screens.names():
        check_screen(screen, injection, family)


def check_screen(
    screen: str | Screen, injection: str | Injection = "additive", family: str | Family = "gaussian", sigma: float = 0.5
) -> None:
    """A screen with an injection and a family; nothing is checked where it has no meaning with them.

    Every injected value meets the screen's definition to rounding; the noise is finite; some of it isn't neutral.
    """
    screen, injection, family = screens.get(screen), injections.get(injection), families.get(family)
    model = _mixture_of(family)
    try:
        _noise(injection, 1.0, screen).check(model)
    except ConfigError:
        return
    theta = mixture(family, seed=2, trials=3)
    y = model.sample(np.random.default_rng(3), mixture(family, seed=2), (3, 300))
    y[:, 0] = 0.0
    if not family.discrete:
        y[:, 1] = theta.means[0, 0]
    posterior = model.posterior(y, theta)
    for on_reject in ("redraw", "drop"):
        noise = _noise(injection, sigma, screen, on_reject)
        if not screen.rejects and np.any(np.isfinite(family.support)):
            noise = _noise(injection, 1e-4, screen, on_reject)  # so small that it stays in the support
            y = np.maximum(y, 0.01)
        sampled = noise.sample(np.random.default_rng(4), model, y, theta, posterior, 1)
        assert sampled.n.shape == y.shape
        y_dagger = injection.phi(y, sampled.n)
        assert np.isfinite(y_dagger).all()
        moved = y_dagger != y
        lattice = family.discrete  # continuous noise hardly ever ends on a whole number
        assert moved.any() or screen.name == "reversed" or lattice, "no noise was injected"
        assert 0 <= sampled.accepted <= sampled.draws
        gain = log_gain(family, y, y_dagger, theta)
        np.testing.assert_array_equal(gain[:, ~moved], 0)
        gain, r = gain[:, moved], posterior.responsibilities[:, moved]
        slack = ROUNDING * (1 + np.abs(family.log_densities(y, theta)).sum(axis=0)[moved])
        assert (screen.admits(gain + slack, r) | screen.admits(gain - slack, r)).all()
        assert family.inside(y_dagger).all()


def mixture(family: Family, seed: int = 0, components: int = 2, trials: int = 1) -> Theta:
    """A mixture of that family, the same for every trial."""
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet(np.full(components, 5.0))
    low, high = np.clip(family.support, -3, 6)
    means = np.sort(rng.uniform(low + 0.5, high, components))
    variances = rng.uniform(0.5, 4, components)
    return family.complete(Theta.of(trials, weights=weights, means=means, variances=variances))


def check_density(family: Family) -> None:
    """It integrates, or sums, to 1 over the support, and is 0 outside."""
    theta = mixture(family)
    for j in range(family.components(theta)):
        if family.discrete:
            total = float(np.exp(family.log_densities(np.arange(_FAR, dtype=float)[None], theta)[j]).sum())
        else:
            total, _ = integrate.quad(lambda y, j=j: _density(family, y, theta, j), *family.support)
        assert math.isclose(total, 1, rel_tol=1e-6), f"component {j + 1} has mass {total}"
        for end in family.support:
            if math.isfinite(end):
                outside = np.array([[end + math.copysign(1e-3, end - theta.means[0, j])]])
                assert np.all(family.log_densities(outside, theta)[j] == -np.inf), "a density outside of the support"


def check_sampler(family: Family, samples: int = 20_000) -> None:
    """Its draws have the density's distribution (Kolmogorov and Smirnov), a mixture's the mixture's mean."""
    theta = mixture(family, components=2)
    for j in range(2):
        y = family.sample(np.random.default_rng(j), theta, np.full((1, samples), j))
        assert y.shape == (1, samples)
        assert family.inside(y).all()
        grid = np.unique(np.sort(y[0])[:: samples // 40])
        if family.discrete:
            masses = np.exp(family.log_densities(np.arange(grid[-1] + 1)[None], theta))[j, 0]
            distribution = np.cumsum(masses)[grid.astype(int)]
        else:
            low = family.support[0] if math.isfinite(family.support[0]) else theta.means[0, j] - 60
            parts = [
                integrate.quad(lambda y, j=j: _density(family, y, theta, j), low, end, limit=200)[0] for end in grid
            ]
            distribution = np.array(parts)
        empirical = np.searchsorted(np.sort(y[0]), grid, side="right") / samples
        assert np.max(np.abs(empirical - distribution)) < stats.kstwo.isf(1e-6, samples)
    y = _mixture_of(family).sample(np.random.default_rng(9), theta, (2, samples))
    assert y.shape == (2, samples)
    mean = (theta.weights * theta.means).sum()
    spread = math.sqrt((theta.weights * (theta.variances + theta.means**2)).sum() - mean**2)
    assert np.all(np.abs(y.mean(axis=1) - mean) < 6 * spread / math.sqrt(samples))


def check_m_step(family: Family, samples: int = 300) -> None:
    """A numerical search from nearby finds no higher weighted log-likelihood than the M-step's."""
    theta, elsewhere = mixture(family, seed=3, components=3), mixture(family, seed=5, components=3)
    model = _mixture_of(family)
    y = model.sample(np.random.default_rng(4), theta, (1, samples))
    posterior = model.posterior(y, elsewhere)
    r = posterior.responsibilities
    sums = model.sums(elsewhere)
    sums.add(slice(0, 1), y, posterior, elsewhere)
    best = model.maximise(sums, elsewhere, frozenset(model.estimable))
    np.testing.assert_allclose(best.weights[0], r.sum(axis=2)[:, 0] / samples, rtol=1e-12)
    free = [0, 1] if "variances" in family.estimable else [0]
    for j in range(3):
        found = np.array([best.means[0, j], np.log(best.variances[0, j])])

        def loss(step: FloatArray, found: FloatArray = found, j: int = j) -> float:
            moved = found.copy()
            moved[free] += step
            at = family.complete(Theta.of(weights=[1.0], means=[moved[0]], variances=[np.exp(moved[1])]))
            return -float((r[j] * family.log_densities(y, at)[0]).sum())

        start = np.full(len(free), 0.05)
        search = optimize.minimize(loss, start, method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-10})
        assert search.fun >= loss(np.zeros(len(free))) - 1e-6, f"component {j + 1}: better at {search.x}"
    for name in model.estimable:  # what isn't estimated stays
        kept = model.maximise(sums, elsewhere, frozenset(model.estimable) - {name})
        np.testing.assert_array_equal(kept.arrays[name], elsewhere.arrays[name])


def check_geometry(family: Family, samples: int = 400) -> None:
    """What the geometry says of displacements against the log-densities, one by one."""
    for components in (1, 2, 3):
        theta, model = mixture(family, seed=components, components=components), _mixture_of(family)
        rng = np.random.default_rng(components)
        y = model.sample(rng, theta, (1, samples))
        if family.inside(theta.means).all():  # a mean is no value of a discrete family
            y = np.concatenate([y, theta.means], axis=1)
        posterior = model.posterior(y, theta)
        geometry = family.geometry(y, theta, posterior)
        if not isinstance(geometry, Modes):  # the screens go through the density
            return
        r = posterior.responsibilities
        d = rng.standard_normal(y.shape) * rng.choice([0.01, 1, 10], size=y.shape)
        gain = log_gain(family, y, y + d, theta)
        clear = np.asarray(np.abs(gain).min(axis=0) > ROUNDING)
        reach = geometry.reach(y)
        between = np.asarray((d * reach > 0) & (np.abs(d) <= np.abs(reach)))
        np.testing.assert_array_equal(between[clear], np.all(gain >= 0, axis=0)[clear])
        average = geometry.average_reach(y, r)
        mean_gain = np.where(r > 0, r * gain, 0).sum(axis=0)
        between = (d * average > 0) & (np.abs(d) <= np.abs(average))
        clear_mean = np.abs(mean_gain) > ROUNDING
        np.testing.assert_array_equal(between[clear_mean], (mean_gain >= 0)[clear_mean])
        a, b = geometry.gap(y, family.support)
        outside, reverse = np.asarray((d <= a) | (d >= b)), np.all(gain <= 0, axis=0) & family.inside(y + d)
        np.testing.assert_array_equal(outside[clear], reverse[clear])


def check_fading(injection: Injection, family: Family) -> None:
    """The smaller the noise's scale, the less it moves."""
    y = _mixture_of(family).sample(np.random.default_rng(0), mixture(family), (1, 200))
    moved = []
    for scale in (0.1, 1e-3, 1e-6):
        n = injection.draw(np.random.default_rng(1), scale, y.size).reshape(y.shape)
        moved.append(np.abs(injection.phi(y, n) - y).max())
    assert moved[0] > moved[1] > moved[2], f"moved {moved} at scales 0.1, 1e-3, 1e-6"
    assert moved[2] < 1e-3


def check_sigma_0(injection: Injection, family: Family) -> None:
    """At sigma 0 an injection changes no estimate."""
    model, start = _mixture_of(family), mixture(family, seed=7, trials=2)
    y = model.sample(np.random.default_rng(8), mixture(family), (2, 100))
    estimate = frozenset(model.estimable)
    plain, with_it = (
        algorithm.fit(algorithm.Problem(model, noise, estimate, Never(), 1.0, 5), y, start, np.random.default_rng(0))
        for noise in (Resolved(), _noise(injection))
    )
    for name in plain.theta.names:
        np.testing.assert_array_equal(plain.theta.arrays[name], with_it.theta.arrays[name])


def _mixture_of(family: Family) -> Model:
    return Model(Independent(), family)


def _noise(
    injection: Injection, sigma: float = 0.0, screen: str | Screen = "every-component", on_reject: str = "redraw"
) -> Resolved:
    return Noise(injection, sigma, screen, on_reject=on_reject).resolved()  # type: ignore[arg-type]


def _density(family: Family, y: float, theta: Theta, j: int) -> float:
    return float(np.exp(family.log_densities(np.array([[y]]), theta))[j, 0, 0])


def log_gain(family: Family, y: FloatArray, y_dagger: FloatArray, theta: Theta) -> FloatArray:
    """log f(y+ | j) - log f(y | j) for every component, shape (K, trials, samples)."""
    with np.errstate(invalid="ignore"):
        return family.log_densities(y_dagger, theta) - family.log_densities(y, theta)
