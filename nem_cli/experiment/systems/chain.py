"""A hidden Markov model: each trial is one sequence."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from nem_cli.em.latents.markov import Markov
from nem_cli.em.model import Model
from nem_cli.experiment.registry import families, known
from nem_cli.experiment.systems.system import System
from nem_cli.experiment.values import VARIANCES, Law, Numbers, Transitions, Variances


class Chain(System):
    """A hidden Markov chain with emissions in one dimension, which makes the data and is fitted to them."""

    kind: ClassVar[str] = "chain"

    initial: Law = Field(
        description="the first state's law: K numbers above 0 that sum to 1",
        title="the law of a sequence's first state",
        examples=[[0.5, 0.5]],
    )
    transitions: Transitions = Field(
        description="K rows of K numbers, 0 or more, each of which sums to 1",
        title="the law of the next state, a row for each state",
        examples=[[[0.9, 0.1], [0.1, 0.9]]],
    )
    means: Numbers = Field(description="K finite numbers", title="the states' means", examples=[[-2, 2]])
    variances: Variances | None = Field(
        default=None, description=VARIANCES, title="the states' variances", examples=[[4, 4]]
    )
    family: Annotated[str, known(families, "chain.family")] = Field(
        default="gaussian",
        description="a registered family",
        title="the states' family of distributions",
        examples=["gaussian"],
    )

    def model(self) -> Model:
        return Model(Markov(), families.get(self.family))
