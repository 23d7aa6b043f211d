"""Fixed data: the columns of a file, one that travels with nem or one's own."""

from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path

import numpy as np

from nem_cli.em.arrays import FloatArray
from nem_cli.errors import ConfigError
from nem_cli.experiment.columns import read

MAX_SAMPLES = 10**8


def shipped_data() -> dict[str, Path]:
    """The data files that come with nem, by name."""
    folder = Path(str(resources.files("nem_cli"))) / "data"
    return {path.name: path for path in sorted(folder.glob("*.csv"))}


def read_columns(file: str, columns: tuple[str, ...], counts: str | None) -> FloatArray:
    """The samples in a file.

    Parameters
    ----------
    file : str
        A shipped file's name, or a path from the current folder.
    columns : tuple of str
        One for data of shape (samples,), several for (samples, d).
    counts : str or None
        A column of whole numbers: how often each row stands in the data.

    Raises
    ------
    ConfigError
        That names the file, and the line where a value is at fault.
    """
    shipped = shipped_data()
    if file not in shipped and not Path(file).is_file():
        raise ConfigError(
            f"there is no such data file here, nor one that comes with nem; those are {', '.join(shipped)}",
            path="data.file",
            value=file,
        )
    try:
        values = read(str(shipped.get(file, file)), (*columns, *([counts] if counts else []))).values
    except ConfigError as error:
        raise ConfigError(str(error), path="data") from None
    if counts:
        values, times = values[:, :-1], values[:, -1]
        wrong = times[(times < 0) | (times != np.floor(times))]
        if wrong.size:
            problem = f"a count is a whole number, 0 or more, but one is {wrong[0]:g}"
            raise ConfigError(problem, path="data.counts", value=counts)
        if times.sum() > MAX_SAMPLES:
            raise ConfigError(f"{file} has more than {MAX_SAMPLES:,} samples", path="data.counts", value=counts)
        values = np.repeat(values, times.astype(np.int64), axis=0)
    if not len(values):
        raise ConfigError("this file holds no samples", path="data.file", value=file)
    return values[:, 0] if len(columns) == 1 else values


def digest(values: FloatArray) -> str:
    """What identifies the numbers, whatever the file is called and however it is written."""
    content = np.ascontiguousarray(values, dtype="<f8")
    return hashlib.sha256(repr(content.shape).encode() + content.tobytes()).hexdigest()[:16]
