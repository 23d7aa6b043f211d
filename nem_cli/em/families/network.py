"""A feed-forward network: backpropagation as generalised EM, with noise on the targets.

K. Audhkhasi, O. Osoba and B. Kosko (2016), Noise-enhanced convolutional neural networks, Neural Networks 78, 15-23:
backpropagation is a special case of generalised EM, and the NEM condition is a half-space for cross-entropy and a ball
for squared error.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from nem_cli.em.arrays import BoolArray, FloatArray, IntArray, all_of
from nem_cli.em.family import Family
from nem_cli.em.geometry import Around, Geometry, Linear
from nem_cli.em.posterior import Posterior
from nem_cli.em.theta import Parameter, Theta
from nem_cli.errors import ConfigError

Loss = Literal["cross-entropy", "squared-error"]


class Network(Family):
    """Targets given inputs; y holds both on its last axis, the inputs first.

    tanh units in the hidden layers. Cross-entropy: softmax outputs a, log f = sum_c t_c ln a_c. Squared error: linear
    outputs, f the normal density of unit variance about a. The M-step is one gradient step of the loss's mean over the
    samples.

    Parameters
    ----------
    sizes : tuple of int
        Units a layer, from the inputs to the outputs.
    rate : float
        The length of a step over the gradient.
    loss : {"cross-entropy", "squared-error"}
    gradient : {"exact", "simplified"}
        With noise n on the targets t the cross-entropy's gradient at the logits is a sum(t + n) - (t + n); the common
        simplification a - (t + n) takes the noisy targets to sum to 1.
    """

    name = "network"
    maximises = False
    dimensions = True
    boxed = True
    enters_e_step = False

    def __init__(
        self,
        sizes: tuple[int, ...],
        rate: float = 1.0,
        loss: Loss = "cross-entropy",
        gradient: Literal["exact", "simplified"] = "exact",
    ) -> None:
        self.sizes, self.rate, self.loss, self.gradient = sizes, rate, loss, gradient
        layers = range(1, len(sizes))
        names = [(f"{what}_{layer}", axes) for layer in layers for what, axes in (("weights", "io"), ("biases", "o"))]
        self.parameters = tuple(Parameter(name, name, axes) for name, axes in names)  # type: ignore[misc]
        self.estimable = tuple(name for name, _ in names)  # type: ignore[misc]

    def forward(self, y: FloatArray, theta: Theta) -> Activations:
        """Every layer's units."""
        layers = [y[..., : self.sizes[0]]]
        for layer in range(1, len(self.sizes)):
            z = layers[-1] @ theta.arrays[f"weights_{layer}"]
            z += theta.arrays[f"biases_{layer}"][:, None]
            if layer < len(self.sizes) - 1:
                np.tanh(z, out=z)
            layers.append(z)
        if self.loss == "squared-error":
            return Activations(layers, None)
        log_output = special.log_softmax(layers.pop(), axis=-1)
        return Activations([*layers, np.exp(log_output)], log_output)

    def exposed(self, y: FloatArray) -> FloatArray:
        """The targets."""
        return y[..., self.sizes[0] :]

    def with_exposed(self, y: FloatArray, exposed: FloatArray) -> FloatArray:
        return np.concatenate([y[..., : self.sizes[0]], exposed], axis=-1)

    def components(self, theta: Theta) -> int:
        return 1

    def sample(self, rng: np.random.Generator, theta: Theta, z: IntArray) -> FloatArray:
        raise ConfigError("makes no inputs; give the data", path="network")

    def log_kernel(self, y: FloatArray, theta: Theta, j: int) -> FloatArray:
        return self.expected_log(y, theta, self.forward(y, theta))

    def log_normaliser(self, theta: Theta) -> FloatArray:
        return np.zeros((theta.trials, 1))

    def expected_log(self, y: FloatArray, theta: Theta, posterior: Posterior) -> FloatArray:
        """log f(targets | inputs), shape (trials, samples)."""
        assert isinstance(posterior, Activations)
        targets = self.exposed(y)
        if posterior.log_output is not None:
            return np.asarray(np.einsum("tnc,tnc->tn", targets, posterior.log_output))
        error = targets - posterior.output
        constant = 0.5 * self.sizes[-1] * math.log(2 * math.pi)
        return np.asarray(-0.5 * np.einsum("tnc,tnc->tn", error, error) - constant)

    def mean_loss(self, y: FloatArray, theta: Theta) -> FloatArray:
        """The loss's mean over the samples, shape (trials,): cross-entropy in nats, or half the squared error."""
        posterior = self.forward(y, theta)
        log_f = self.expected_log(y, theta, posterior)
        constant = 0.0 if self.loss == "cross-entropy" else 0.5 * self.sizes[-1] * math.log(2 * math.pi)
        return np.asarray(-log_f.mean(axis=1) - constant)

    def errors(self, y: FloatArray, theta: Theta) -> FloatArray:
        """Share of the samples whose largest output isn't the largest target's, shape (trials,)."""
        wrong = self.forward(y, theta).output.argmax(axis=2) != self.exposed(y).argmax(axis=2)
        return np.asarray(wrong.mean(axis=1))

    def sums(self, theta: Theta, shares: FloatArray) -> Gradient:
        return Gradient(self, theta)

    def maximise(self, sums: Gradient, theta: Theta, estimate: frozenset[str]) -> dict[str, FloatArray]:
        step = self.rate / sums.samples[0]  # as many in every trial
        return {name: theta.arrays[name] - step * sums.arrays[name] for name in self.estimable if name in estimate}

    def spread(self, y: FloatArray) -> FloatArray:
        return np.zeros(len(y))

    def sound(self, theta: Theta, spread: FloatArray) -> BoolArray:
        return all_of(np.isfinite(theta.flat(self.estimable)))

    def geometry(self, y: FloatArray, theta: Theta, posterior: Posterior) -> Geometry:
        assert isinstance(posterior, Activations)
        if posterior.log_output is not None:
            return Linear(posterior.log_output)
        return Around(posterior.output)

    def start_from_moments(self, mean: FloatArray, sd: FloatArray, c: FloatArray) -> dict[str, FloatArray]:
        raise ConfigError("a network's weights don't follow from moments; use random-weights", path="start")

    def start_from_weights(self, rng: np.random.Generator, trials: int) -> dict[str, FloatArray]:
        """Weights N(0, 1 / fan-in), biases 0."""
        arrays = {}
        for layer, (inputs, outputs) in enumerate(zip(self.sizes, self.sizes[1:], strict=False), start=1):
            arrays[f"weights_{layer}"] = rng.standard_normal((trials, inputs, outputs)) / math.sqrt(inputs)
            arrays[f"biases_{layer}"] = np.zeros((trials, outputs))
        return arrays


@dataclass(frozen=True, eq=False)
class Activations(Posterior):
    """Every layer's units, the inputs first.

    Parameters
    ----------
    layers : list of ndarray of shape (trials, samples, units)
    log_output : ndarray of the shape of the last layer, or None
        The logarithm of softmax outputs, which is finite where they are 0.
    """

    layers: list[FloatArray]
    log_output: FloatArray | None

    @property
    def output(self) -> FloatArray:
        """The last layer."""
        return self.layers[-1]

    @property
    def responsibilities(self) -> FloatArray:
        return np.ones((1, *self.output.shape[:2]))


class Gradient:
    """The gradient of the samples' total loss, by backpropagation.

    Attributes
    ----------
    arrays : dict of str to ndarray
        Of every parameter.
    samples : ndarray of int, shape (trials,)
        How many were added.
    """

    def __init__(self, family: Network, theta: Theta) -> None:
        self.family = family
        self.arrays = {name: np.zeros_like(theta.arrays[name]) for name in family.estimable}
        self.samples = np.zeros(theta.trials, dtype=np.int64)

    def add(self, rows: slice, targets: FloatArray, posterior: Posterior, theta: Theta) -> None:
        """Add some samples of some trials, with their noisy targets."""
        assert isinstance(posterior, Activations)
        self.samples[rows] += targets.shape[1]
        delta = posterior.output - targets
        if self.family.loss == "cross-entropy" and self.family.gradient == "exact":
            delta = posterior.output * targets.sum(axis=2, keepdims=True) - targets
        for layer in range(len(self.family.sizes) - 1, 0, -1):
            units = posterior.layers[layer - 1]
            self.arrays[f"weights_{layer}"][rows] += np.swapaxes(units, 1, 2) @ delta
            self.arrays[f"biases_{layer}"][rows] += delta.sum(axis=1)
            if layer > 1:
                delta = delta @ np.swapaxes(theta.arrays[f"weights_{layer}"], 1, 2)
                delta *= 1 - units * units
