"""Is it randomness or shrinkage?"""

from __future__ import annotations

from nem_cli.paper.studies.study import Finished, Study, fewest, noisy, where
from nem_cli.paper.studies.words import Verdict, against_em, interval, number, speedup, verdict
from nem_cli.statistics.estimate import Estimate, mean_estimate
from nem_cli.statistics.paired import best, halves

ALL, NEARLY_ALL, LITTLE = 100.0, 75.0, 25.0
"""Per cent of the saving from which all or nearly all of it remains, and up to which little does."""


class MeanShift(Study):
    """The noise against its conditional mean, and the every-component screen against posterior-average."""

    name = "mean-shift"
    alt = "Mean M-steps against the noise level for four screens, a panel for each mode."

    def answer(self, run: Finished) -> tuple[str, ...]:
        return (
            " ".join(self._control(run, mode) for mode in run.modes()),
            " ".join(self._posterior_average(run, mode) for mode in run.modes()),
        )

    def _control(self, run: Finished, mode: str) -> str:
        rows = where(run.summary, {"noise.injection": mode})
        random = fewest(noisy(where(rows, {"noise.screen": "every-component"})))
        (fixed,) = where(rows, {"noise.screen": "mean-shift", "sigma": random.sigma})
        (em,) = where(rows, {"noise.screen": "every-component", "sigma": 0.0})
        saved = em.mean_iterations - random.mean_iterations
        text = (
            f"{mode.capitalize()} noise at its best level, {random.sigma:g}, {against_em(speedup(random))}. Replaced "
            f"by its conditional mean, with nothing random left, it {against_em(speedup(fixed))}"
        )
        if verdict(speedup(random)) is not Verdict.FASTER:
            return f"{text}. No saving is shown here that could be attributed."
        share = 100 * (em.mean_iterations - fixed.mean_iterations) / saved
        return f"{text}. That is {number(share, 0)} % of the saving. {_meaning(share)}"

    def _posterior_average(self, run: Finished, mode: str) -> str:
        chosen = {}
        for screen in ("every-component", "posterior-average"):
            rows = noisy(where(run.summary, {"noise.injection": mode, "noise.screen": screen}))
            counts = [run.iterations(row) for row in rows]
            first, second = halves(len(counts[0]))
            at = best([each[first] for each in counts])
            chosen[screen] = rows[at].sigma, counts[at][second]
        (sigma, strict), (other_sigma, average) = chosen["every-component"], chosen["posterior-average"]
        return _screens(mode, sigma, other_sigma, mean_estimate(average - strict))


def _meaning(share: float) -> str:
    if share >= ALL:
        return "So all of the speed-up remains without randomness: shrinkage does the work."
    if share >= NEARLY_ALL:
        return "So nearly all of the speed-up remains without randomness: shrinkage does the work."
    if share <= LITTLE:
        return "So the speed-up needs the randomness; its mean does little."
    return "So shrinkage does part of the work, and randomness the rest."


def _screens(mode: str, sigma: float, other_sigma: float, difference: Estimate) -> str:
    """Posterior-average minus every-component in M-steps, each at its best level."""
    setting = (
        f"With {mode} noise, every-component at {sigma:g} and posterior-average at {other_sigma:g} (each screen's best "
        "level, chosen on half of the trials and measured on the other half), posterior-average"
    )
    if difference.high < 0:
        fewer = Estimate(-difference.value, -difference.high, -difference.low)
        return f"{setting} takes {interval(fewer, 2)} M-steps fewer: it is better here."
    if difference.low > 0:
        return f"{setting} takes {interval(difference, 2)} M-steps more: it isn't better here."
    return f"{setting} isn't shown to differ: its count less the other's is {interval(difference, 2)} M-steps."
