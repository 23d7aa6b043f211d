"""What a verification found, and what can be said of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nem_cli.experiment.config import Experiment
from nem_cli.verify.condition import Estimate, Measurement


@dataclass(frozen=True)
class Count:
    """Mean M-steps over some of the experiment's own trials.

    Parameters
    ----------
    screen : str
    trials : int
    iterations : Estimate
    difference : Estimate
        To plain EM on the same data; below 0 the noise saves M-steps.
    """

    screen: str
    trials: int
    iterations: Estimate
    difference: Estimate


@dataclass(frozen=True)
class Verdict:
    """At how many M-steps a quantity that the theorem wants at 0 or more is so, by its 95 % interval."""

    holds: int
    fails: int
    undecided: int

    @classmethod
    def of(cls, estimates: Sequence[Estimate]) -> Verdict:
        """It holds where the whole interval is at or above 0, and fails where the whole interval is below."""
        holds = sum(each.low >= 0 for each in estimates)
        fails = sum(each.high < 0 for each in estimates)
        return cls(holds, fails, len(estimates) - holds - fails)

    @property
    def always(self) -> bool:
        """Whether it holds at every M-step."""
        return not self.fails and not self.undecided


@dataclass(frozen=True)
class Verification:
    """What `verify` found.

    Parameters
    ----------
    experiment : Experiment
    sigma : float
        Initial noise standard deviation.
    samples : int
        Of the reference sample, and of every expectation.
    measurements : tuple of Measurement
        By screen, then by M-step.
    counts : tuple of Count
    left_out : tuple of str
        Screens without measurement, for their noise leaves the family's support: there the expectation in (10) is -inf.
    """

    experiment: Experiment
    sigma: float
    samples: int
    measurements: tuple[Measurement, ...]
    counts: tuple[Count, ...]
    left_out: tuple[str, ...]

    @property
    def screens(self) -> list[str]:
        """The screens measured, the experiment's own first."""
        return list(dict.fromkeys(each.screen for each in self.measurements))

    def of(self, screen: str) -> list[Measurement]:
        """One screen's measurements, in the order of the M-steps."""
        return [each for each in self.measurements if each.screen == screen]

    def condition(self, screen: str) -> Verdict:
        """Whether (10) holds along EM's path."""
        return Verdict.of([each.condition for each in self.of(screen)])

    def benefit(self, screen: str) -> Verdict:
        """Whether (12) holds along EM's path with Y from the current estimate, as the paper writes it."""
        return Verdict.of([each.at_estimate.difference for each in self.of(screen)])

    def count(self, screen: str) -> Count | None:
        """The iteration count of one screen, where there is one."""
        return next((each for each in self.counts if each.screen == screen), None)
