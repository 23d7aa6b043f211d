"""The same bytes whatever the number of jobs, the backend, and the other levels of the grid."""

from __future__ import annotations

import children
import pytest

from nem_cli import sweep
from nem_cli.experiment.load import load
from nem_cli.experiment.runner import Workers


@pytest.mark.parametrize("workers", [Workers(2), Workers(3), Workers(5, "threading")])
def test_jobs_and_backends_give_the_same_bytes(workers, many_blocks, whole, tmp_path):
    run = sweep(load(many_blocks), out=tmp_path / "run", workers=workers)
    assert children.results(run.folder) == children.results(whole)


def test_a_level_alone_and_in_a_grid_give_the_same_rows(many_blocks, whole, tmp_path):
    alone = sweep(load(many_blocks, ["sweep={sigma: [2]}"]), out=tmp_path / "run", workers=Workers(1)).folder
    for name in children.RESULTS:
        lines = (whole / name).read_text().splitlines()
        chosen = [line for line in lines if not line.startswith(("1.0,", "4.0,"))]
        assert (alone / name).read_text().splitlines() == chosen
