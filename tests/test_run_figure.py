"""A run's figure: curves and heatmaps over any swept settings, drawn without a warning and without hiding data."""

import dataclasses

import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from nem_cli.drawing import axis
from nem_cli.drawing.curves import grouped
from nem_cli.drawing.heatmap import draw_heatmap
from nem_cli.drawing.style import png, style, svg
from nem_cli.errors import ConfigError
from nem_cli.experiment.plan import levels, validate
from nem_cli.statistics.published import optimum_of
from nem_cli.statistics.summary import Ended, Row, ended
from nem_cli.sweep.figure import caption, run_figure, split

MIXTURE = {"family": "gaussian", "weights": [0.5, 0.5], "means": [-2, 2], "variances": [4, 4]}
TWO_MODES = [
    {"sigma": [0, 1, 2], "noise.injection": ["additive"], "noise.decay": [1, 2]},
    {"sigma": [0, 0.2, 0.4], "noise.injection": ["multiplicative"], "noise.decay": [1, 2]},
]


def experiment(**changes):
    base = {"name": "e", "mixture": MIXTURE, "sample_size": 50, "trials": 100, "sweep": {"sigma": [0, 1, 2]}}
    return validate(base | changes)


def row(level, mean=10.0, speedup=0.0, **changes):
    made = Row(
        level=level, trials=100, converged=100, max_iterations=0, degenerate=0, mean_iterations=mean,
        standard_error=0.1, ci_low=mean - 0.2, ci_high=mean + 0.2, speedup_percent=speedup,
        speedup_ci_low=speedup - 2, speedup_ci_high=speedup + 2, log_likelihood_gap=-0.1, log_likelihood_gap_se=0.05,
        median_iterations=mean, mean_iterations_converged=mean, acceptance_rate=None,
    )  # fmt: skip
    return dataclasses.replace(made, **changes)


def summary(run):
    """Made-up numbers that differ from level to level; noise helps a little."""
    return [
        row(level, 10 - 0.1 * number * (level.sigma > 0), number * (level.sigma > 0))
        for number, level in enumerate(levels(run))
    ]


def legend_names(figure):
    return [entry.get_text() for entry in figure.legends[0].get_texts()] if figure.legends else []


FIGURES = {
    "one curve": {},
    "curves": {"sweep": {"sigma": [0, 1, 2], "noise.decay": [1, 2]}},
    "panels": {"sweep": TWO_MODES, "figure": {"panels": "noise.injection"}},
    "sample size": {
        "sweep": {"sigma": [0, 1], "sample_size": [25, 100, 5000]},
        "figure": {"x": "sample_size", "y": "speedup_percent", "log": True},
    },
    "tolerance": {"sweep": {"sigma": [0, 1], "stop.tol": [1, 2]}, "figure": {"x": "stop.tol", "log_y": True}},
    "gap": {"figure": {"y": "log_likelihood_gap"}},
    "logarithmic sigma": {"sweep": {"sigma": [0, 0.1, 1, 10]}, "figure": {"log": True}},
    "screens": {
        "sweep": {"sigma": [0, 1], "noise.screen": ["none", "every-component"]}, "figure": {"x": "noise.screen"}
    },
    "heatmap": {
        "sweep": TWO_MODES,
        "figure": {
            "kind": "heatmap", "x": "sigma", "rows": "noise.decay", "panels": "noise.injection", "y": "speedup_percent"
        },
    },
    "heatmap of counts": {
        "sweep": {"sigma": [0, 1, 2], "start.variances": [[1, 1], [4, 4]]},
        "start": {"weights": [0.5, 0.5], "means": [-2, 2], "variances": [9, 9]},
        "figure": {"kind": "heatmap", "x": "sigma", "rows": "start.variances"},
    },
    "wide heatmap": {
        "sweep": {"sigma": {"start": 0, "stop": 3, "num": 16}, "noise.decay": [1, 2]},
        "figure": {"kind": "heatmap", "x": "sigma", "rows": "noise.decay", "y": "speedup_percent"},
    },
    "many curves": {"sweep": {"sigma": [0, 1], "noise.decay": [0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 6, 7]}},
}  # fmt: skip


@pytest.mark.parametrize("changes", FIGURES.values(), ids=FIGURES)
def test_every_kind_of_figure_is_drawn_the_same_each_time(changes):
    run = experiment(**changes)
    first, second = (run_figure(run, summary(run)) for _ in range(2))
    assert svg(first) == svg(second)
    assert png(first).startswith(b"\x89PNG")


@pytest.mark.parametrize("changes", FIGURES.values(), ids=FIGURES)
def test_nothing_overlaps_and_nothing_is_cut_off(changes):
    run = experiment(**changes)
    figure = run_figure(run, summary(run))
    figure.draw_without_rendering()
    whole = figure.bbox
    boxes = [axes.get_tightbbox() for axes in figure.axes]
    parts = [each for each in (*figure.legends, figure._supxlabel, figure._suptitle) if each]
    for part in parts:
        extent = part.get_window_extent()
        assert extent.x0 >= whole.x0 - 1
        assert extent.x1 <= whole.x1 + 1
        assert not any(extent.overlaps(box) for box in boxes)


def test_each_axis_has_a_label_with_its_unit():
    run = experiment(**FIGURES["panels"])
    left, right = run_figure(run, summary(run)).axes
    assert "data units" in left.get_xlabel()
    assert "dimensionless" in right.get_xlabel()
    assert "sigma_N" in left.get_xlabel()
    assert left.get_ylabel() == "mean M-steps to the stop rule"


def test_intervals_are_drawn_as_in_the_summary():
    run = experiment()
    rows = summary(run)
    axes = run_figure(run, rows).axes[0]
    segments = axes.containers[0].lines[2][0].get_segments()
    for each, segment in zip(rows, segments, strict=True):
        np.testing.assert_allclose(segment, [[each.sigma, each.ci_low], [each.sigma, each.ci_high]])


def test_a_single_curve_has_its_paired_savings_below():
    run = experiment()
    rows = summary(run)
    counts, saved = run_figure(run, rows).axes
    assert counts.get_shared_x_axes().joined(counts, saved)
    segments = saved.containers[0].lines[2][0].get_segments()
    for each, segment in zip(rows, segments, strict=True):
        np.testing.assert_allclose(segment, [[each.sigma, each.speedup_ci_low], [each.sigma, each.speedup_ci_high]])
    assert len(run_figure(experiment(sweep={"sigma": [0]}), rows[:1]).axes) == 1


def test_em_has_a_level_where_all_curves_share_it_and_the_band_of_its_interval():
    run = experiment(**FIGURES["curves"])
    figure = run_figure(run, summary(run))
    assert "EM: 10.00 M-steps" in legend_names(figure)
    run = experiment(sweep={"sigma": [0, 1], "sample_size": [50, 100]})
    rows = [dataclasses.replace(each, mean_iterations=10.0 + number) for number, each in enumerate(summary(run))]
    assert not any(name.startswith("EM:") for name in legend_names(run_figure(run, rows)))


def test_plain_em_is_one_curve_whatever_the_noise():
    run = experiment(sweep=[
        {"sigma": [0, 1], "noise.injection": ["additive"], "stop.tol": [1, 2]},
        {"sigma": [0, 0.4], "noise.injection": ["multiplicative"], "stop.tol": [1, 2]},
    ], figure={"x": "stop.tol"})  # fmt: skip
    found = grouped(run, summary(run))
    assert [[each.sigma for each in rows] for _, rows in found] == [[0, 0], [1, 1], [0.4, 0.4]]
    assert "EM" in legend_names(run_figure(run, summary(run)))


def test_a_curve_keeps_its_colour_whether_em_is_drawn_or_not():
    sweep = {"sigma": [0, 1], "stop.tol": [1, 2]}
    colours = []
    for y in ("mean_iterations", "speedup_percent"):
        run = experiment(sweep=sweep, figure={"x": "stop.tol", "y": y})
        axes = run_figure(run, summary(run)).axes[0]
        (curve,) = [each for each in axes.containers if "sigma_N = 1" in each.get_label()]
        colours.append(curve.lines[0].get_color())
    assert colours[0] == colours[1]


def test_a_mean_that_the_cap_cuts_short_is_a_lower_bound_with_its_median():
    run = experiment(**FIGURES["tolerance"])
    rows = summary(run)
    rows[-1] = dataclasses.replace(rows[-1], max_iterations=3, converged=97, median_iterations=4.0)
    figure = run_figure(run, rows)
    names = legend_names(figure)
    assert "lower bound: trials at the cap" in names
    (median,) = [line for line in figure.axes[0].lines if line.get_label() == "median there"]
    assert list(median.get_ydata()) == [4.0]
    assert "3 reached the cap" in caption(run, rows)


def test_a_cap_that_was_asked_for_is_no_alarm():
    run = experiment(stop={"rule": "never", "max_iterations": 5})
    rows = [dataclasses.replace(each, max_iterations=100, converged=0) for each in summary(run)]
    assert "lower bound: trials at the cap" not in legend_names(run_figure(run, rows))
    assert ended(rows) == Ended(trials=300, fixed=300, converged=0, max_iterations=0, degenerate=0)
    swept = experiment(sweep={"sigma": [0, 1], "stop.rule": ["never", "euclidean"]})
    rows = [dataclasses.replace(each, max_iterations=100 * each.asks_for_cap) for each in summary(swept)]
    assert ended(rows) == Ended(trials=400, fixed=200, converged=200, max_iterations=0, degenerate=0)
    rows[-1] = dataclasses.replace(rows[-1], max_iterations=2)
    assert "2 reached the cap" in caption(swept, rows)


def test_a_heatmap_prints_every_level_and_brackets_what_may_be_0():
    run = experiment(**FIGURES["heatmap"])
    rows = [row(level, speedup=-120.0 if level.sigma == 2 else 0.4) for level in levels(run)]
    axes = run_figure(run, rows).axes[0]
    assert [cell.get_text() for cell in axes.texts] == ["(0.4)", "−120", "(0.4)", "−120"]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["1", "2"]
    image = axes.images[0]
    assert image.norm.vmin == -image.norm.vmax == -50


def test_a_heatmap_of_what_cannot_be_had_is_empty():
    run = experiment(**FIGURES["heatmap"])
    rows = [row(level, speedup_percent=None) for level in levels(run)]
    with style():
        axes = Figure().add_subplot()
        draw_heatmap(axes, run, rows, colourbar=True)
    assert not axes.texts


def test_the_caption_says_what_one_must_know_and_no_value_of_what_is_swept():
    run = experiment(**FIGURES["heatmap"], start={"weights": [0.5, 0.5], "means": [-3, 3], "variances": [9, 9]})
    said = caption(run, summary(run))
    for fact in ("0.5 N(-2, 4) + 0.5 N(2, 4)", "50 samples", "100 trials a level", "variances [9, 9]", "10^-2",
                 "95 % bootstrap intervals, pointwise", "swept: noise.decay, noise.injection"):  # fmt: skip
        assert fact in said
    assert "additive noise" not in said
    assert "k^-2" not in said
    moved = experiment(sweep={"sigma": [0, 1], "mixture.means": [[-1, 1], [-2, 2]]})
    assert "gaussian mixture: weights [0.5, 0.5], variances [4, 4]" in caption(moved, summary(moved))


@pytest.mark.parametrize("changes", [{}, {"figure": {"kind": "heatmap", "rows": "noise.decay"}}])
def test_a_figure_says_what_it_is(changes):
    sweep = {"sigma": [0, 1], "noise.decay": [1, 2]}
    run = experiment(title="What $ it costs", sweep=sweep, **changes)
    figure = run_figure(run, summary(run))
    title = figure._suptitle or figure.legends[0].get_title()
    assert title.get_text() == "What $ it costs"
    assert not title.get_parse_math()


def test_powers_in_the_caption_are_superscripts_and_lines_fit():
    run = experiment()
    shown = run_figure(run, summary(run))._supxlabel.get_text()
    assert "$10^{-2}$" in shown
    assert "10^-" not in shown.replace("$10^{-2}$", "")


def test_the_papers_optimum_stands_only_where_the_mixture_is_the_papers():
    assert optimum_of(experiment()).sigma == 1.9
    assert optimum_of(experiment(mixture=MIXTURE | {"means": [-1, 1]})) is None
    assert optimum_of(experiment(noise={"screen": "none"})) is None
    assert any("1.9" in name for name in legend_names(run_figure(experiment(), summary(experiment()))))


def test_values_lie_where_they_are_as_numbers():
    assert axis.coordinate("mixture.means", [-2, 2]) == 4
    assert axis.coordinate("start.variances", (9, 9)) == 9
    assert axis.coordinate("start.variances", [9, 4]) is None
    assert axis.coordinate("noise.screen", "none") is None
    assert axis.positions("sample_size", [25, 50]) == ([25, 50], True)
    assert axis.positions("noise.screen", ["none", "x", "none"]) == ([0, 1, 0], False)
    assert axis.positions("mixture.means", [[-1, 1], [0, 2]]) == ([0, 1], False)  # the same distance, so no axis of it


def test_the_interval_of_the_gap_follows_the_confidence():
    each = row(levels(experiment())[1], log_likelihood_gap=-1.0, log_likelihood_gap_se=0.5)
    for confidence, half in ((0.95, 0.98), (0.5, 0.337)):
        found = each.estimate("log_likelihood_gap", confidence)
        assert (found.value, found.low, found.high) == pytest.approx((-1, -1 - half, -1 + half), abs=1e-3)
    assert dataclasses.replace(each, log_likelihood_gap_se=None).estimate("log_likelihood_gap", 0.95) is None


def test_split_keeps_the_order_of_the_sweep():
    run = experiment(**FIGURES["panels"])
    assert [value for value, _ in split("noise.injection", summary(run))] == ["additive", "multiplicative"]
    assert [value for value, _ in split(None, summary(run))] == [None]


@pytest.mark.parametrize(
    ("figure", "said"),
    [
        ({"x": "noise.decay"}, "figure.x must be a swept setting, one of sigma; got noise.decay"),
        ({"panels": "noise.screen"}, "figure.panels must be a swept setting"),
        ({"kind": "heatmap"}, "a heatmap needs rows"),
        ({"rows": "sigma"}, "a heatmap needs rows"),
        ({"kind": "heatmap", "rows": "sigma"}, "must differ"),
        ({"kind": "pie"}, "figure.kind"),
    ],
)
def test_a_figure_that_cannot_be_drawn_is_refused_before_any_work(figure, said):
    with pytest.raises(ConfigError, match=said):
        experiment(figure=figure)


def test_the_band_of_em_is_drawn():
    axes = run_figure(experiment(), summary(experiment())).axes[0]
    assert axes.patches or [each for each in axes.collections if isinstance(each, PolyCollection)]
