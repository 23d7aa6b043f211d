"""A network trained by backpropagation on a data set by name."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from nem_cli.em.arrays import FloatArray
from nem_cli.em.families.network import Network as Family
from nem_cli.em.latents.forward import Forward
from nem_cli.em.model import Model
from nem_cli.em.theta import Parameter, Theta
from nem_cli.errors import ConfigError
from nem_cli.experiment.grid import SettingError
from nem_cli.experiment.systems.system import System
from nem_cli.experiment.values import Components, Ranges, as_tuple

DIGITS, PIXELS, CLASSES = 1797, 64, 10
"""Images in scikit-learn's digits, pixels an image, classes."""


class Network(System):
    """A classifier of which the training data are fixed; a trial is a draw of its weights."""

    kind: ClassVar[str] = "network"
    default_start: ClassVar[str] = "random-weights"
    measures: ClassVar[tuple[str, ...]] = ("training_error", "test_loss", "test_error")
    """Shares of images that are classified wrongly, and the mean loss."""

    data: Literal["digits"] = Field(
        description="digits: scikit-learn's 8 x 8 images of handwritten digits",
        title="the data set",
        examples=["digits"],
    )
    train: int = Field(
        default=500,
        ge=1,
        le=DIGITS - 1,
        description="a whole number; the first images",
        title="images to train on",
        examples=[500],
    )
    test: int = Field(
        default=500,
        ge=1,
        le=DIGITS - 1,
        description="a whole number; the next images",
        title="images to test on",
        examples=[500],
    )
    hidden: Annotated[tuple[Annotated[int, Field(ge=1, le=10_000)], ...], BeforeValidator(as_tuple)] = Field(
        default=(20,),
        description="a list of whole numbers, the units of each layer",
        title="the hidden layers",
        examples=[[20]],
    )
    rate: float = Field(
        default=1.0,
        gt=0,
        description="a number above 0, the length of a step over the gradient",
        title="the learning rate",
        examples=[1.0],
    )
    loss: Literal["cross-entropy", "squared-error"] = Field(
        default="cross-entropy",
        description="cross-entropy (of softmax outputs) or squared-error (of linear ones)",
        title="what training makes small",
        examples=["cross-entropy"],
    )
    gradient: Literal["exact", "simplified"] = Field(
        default="exact",
        description="exact or simplified",
        title="the gradient that the noise enters",
        examples=["simplified"],
    )

    @model_validator(mode="after")
    def _enough_images(self) -> Network:
        if self.train + self.test > DIGITS:
            raise SettingError(
                "test", f"there are {DIGITS:,} digits, but train and test need {self.train + self.test:,}"
            )
        return self

    @property
    def sizes(self) -> tuple[int, ...]:
        """Units a layer, from the inputs to the outputs."""
        return (PIXELS, *self.hidden, CLASSES)

    def model(self) -> Model:
        return Model(Forward(), Family(self.sizes, self.rate, self.loss, self.gradient))

    def truth(self) -> Theta:
        """Nothing: nobody knows the weights that made the images."""
        return Theta({})

    def draw(self, rng: np.random.Generator, trials: int, samples: int) -> FloatArray:
        """The training images, the same for every trial and read-only."""
        return np.broadcast_to(digits()[:samples], (trials, samples, self.width))

    def require(self) -> None:
        if not find_spec("sklearn"):
            raise ConfigError(
                'digits come with scikit-learn; pip install "nem-cli[data]"', path="network.data", value=self.data
            )

    @property
    def samples(self) -> int:
        return self.train

    @property
    def k(self) -> int:
        return 1

    @property
    def width(self) -> int:
        return PIXELS + CLASSES

    @property
    def recorded(self) -> tuple[Parameter, ...]:
        """None: what is measured stands for the weights."""
        return ()

    def measured(self, y: FloatArray, theta: Theta) -> dict[str, FloatArray]:
        family = Family(self.sizes, self.rate, self.loss, self.gradient)
        test = np.broadcast_to(digits()[self.train : self.train + self.test], (theta.trials, self.test, self.width))
        errors = [family.errors(images, theta) for images in (y, test)]
        return dict(zip(self.measures, (errors[0], family.mean_loss(test, theta), errors[1]), strict=True))

    def check_start(self, start: Components | Ranges | str, estimate: Sequence[str]) -> None:
        if isinstance(start, Components):
            raise ValueError("a network's weights are drawn; use start random-weights")
        super().check_start(start, estimate)


@functools.cache
def digits() -> FloatArray:
    """scikit-learn's digits, pixels over 16 and then the class as ten zeros and ones, shape (1797, 74), read-only."""
    from sklearn.datasets import load_digits  # an optional extra

    pixels, classes = load_digits(return_X_y=True)
    images = np.concatenate([pixels / 16, np.eye(CLASSES)[classes]], axis=1)
    images.flags.writeable = False
    return images
