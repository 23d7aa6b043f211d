"""A notebook as a person writes one: a sweep with an injection of its own, a fit, and pictures that show."""

from __future__ import annotations

import inspect
import os
from pathlib import Path

import pytest
import sine

import nem_cli

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")

CELLS = [
    inspect.getsource(sine),
    "import nem_cli",
    """
run = nem_cli.sweep(
    {
        "name": "sine",
        "mixture": {"weights": [0.5, 0.5], "means": [-2, 2], "variances": [4, 4]},
        "sample_size": 5000,
        "start": {"weights": [0.5, 0.5], "means": [-3, 3], "variances": [9, 9]},
        "noise": {"injection": Sine},
        "stop": {"tol": 1},
        "sweep": {"sigma": [0, 1.0]},
        "trials": 50,
        "bootstrap": {"resamples": 50},
    },
    out="sine",
    jobs=2,
)
run
""",
    """
y = np.random.default_rng(0).normal([-3, 3], 1, size=(100, 2)).ravel()
fit = nem_cli.fit(y, 2, noise=nem_cli.Noise(Sine(), sigma=0.5))
fit
""",
    "fit.plot(y)",
    "import matplotlib; matplotlib.get_backend()",
]


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    folder = tmp_path_factory.mktemp("notebook")
    root = str(Path(nem_cli.__file__).parent.parent)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([root, os.environ.get("PYTHONPATH", "")]))
        patch.setenv("IPYTHONDIR", str(folder))
        client = nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}})
        client.execute()
    return [
        {mime: data for output in cell.outputs for mime, data in output.get("data", {}).items()}
        for cell in notebook.cells
    ]


def test_a_run_with_a_class_of_the_notebook_shows_its_table(outputs):
    assert outputs[2]["text/html"].count("<tr") == 3


def test_a_fit_shows_its_components_and_a_plot_is_a_picture(outputs):
    assert outputs[3]["text/html"].count("<tr") == 3
    assert len(outputs[3]["text/plain"]) < 120
    assert len(outputs[4]["image/png"]) > 10_000


def test_the_notebooks_backend_is_its_own(outputs):
    assert "inline" in outputs[5]["text/plain"]
