"""What an accelerator must provide, and the loop in which it takes the place of EM's."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator
from typing import ClassVar, TypeAlias

import numpy as np

from nem_cli.em.accelerate.em_map import EmMap
from nem_cli.em.accelerate.fixed_point import FixedPoint
from nem_cli.em.algorithm import Problem, Step
from nem_cli.em.arrays import BoolArray, FloatArray
from nem_cli.em.model import Model
from nem_cli.em.status import Status
from nem_cli.em.theta import Theta
from nem_cli.errors import ConfigError

Proposals: TypeAlias = Generator[FloatArray, FloatArray, None]
"""Yields where to evaluate EM's map, is sent the image there, both of shape (trials, p), and never ends."""


class Accelerator(ABC):
    """A way to EM's fixed point in fewer evaluations of EM's map.

    Subclass it, give it a `name`, and register it (see CONTRIBUTING.md).
    """

    name: ClassVar[str]

    @abstractmethod
    def proposals(self, em: FixedPoint, x: FloatArray) -> Proposals:
        """Where to evaluate EM's map: the start x first, and always in the parameter space."""

    def check(self, model: Model) -> None:
        """Refuse a model whose M-step doesn't maximise, so that there is no map to accelerate.

        Raises
        ------
        ConfigError
        """
        if not model.family.maximises:
            raise ConfigError(
                f"the M-step of family {model.family.name} is one step up a gradient, no map with EM's fixed point; "
                "only em works with it",
                path="method",
                value=self.name,
            )

    def steps(self, problem: Problem, y: FloatArray, start: Theta) -> Iterator[Step]:
        """As `algorithm.steps`; a step is an evaluation of EM's map, and its theta the image.

        The stop rule compares the image with where the map was evaluated. A trial is degenerate where the image is.
        """
        model, stop = problem.model, problem.stop
        em = EmMap(problem, y, start)
        status = np.where(model.sound(start, em.spread), -1, Status.DEGENERATE)
        yield Step(0, em.running, start, status, np.zeros_like(em.running))
        em.drop(status >= 0)
        proposals = self.proposals(em, em.flat(start))
        x = next(proposals)
        k = 0
        while em.running.size:
            k += 1
            theta = em.theta(x[em.running], em.running)
            image = em.image(theta)
            sound = model.sound(image, em.spread)
            image = image.where(sound, theta)
            held: BoolArray | bool = False
            if em.inverse_temperature == 1:
                here, there = (stop.coordinates(model, em.y, each, problem.estimate) for each in (theta, image))
                held = stop.distance(stop.remembered(None, here), there) < stop.threshold(problem.tol)
            status = problem.statuses(k, held, sound)
            yield Step(k, em.running, image, status, np.zeros_like(em.running))
            images = x.copy()
            images[em.running] = em.flat(image)
            em.drop(status >= 0)
            if em.running.size:
                x = proposals.send(images)
