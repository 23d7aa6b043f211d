"""Reading the user's own data: what is read, and what is refused with the row named."""

from __future__ import annotations

import numpy as np
import pytest
from command_line import invoke
from hypothesis import given
from hypothesis import strategies as st

from nem_cli.errors import ConfigError
from nem_cli.experiment.columns import read


def written(tmp_path, content, name="data.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


@pytest.mark.parametrize(
    ("content", "column", "name", "values"),
    [
        ("1.5\n2.5\n-3e2\n", None, "", [1.5, 2.5, -300]),
        ("waiting\n79\n54\n", None, "waiting", [79, 54]),
        ("a,b\n1,2\n3,4\n", "b", "b", [2, 4]),
        ("a,b\n1,2\n3,4\n", "1", "a", [1, 3]),
        ("1,2\n3,4\n", "2", "column 2", [2, 4]),
        ("1 2\n 3   4\n", "1", "column 1", [1, 3]),
        ("a;b\n1;2,5\n3;4\n", "a", "a", [1, 3]),
        ("x\ty\n1\t2\n3\t4\n", "y", "y", [2, 4]),
        ('"","eruptions","waiting"\n"1",3.6,79\n"2",1.8,54\n', "waiting", "waiting", [79, 54]),
        ('name,v\n"x\ny",2\n"a,b",3\n', "v", "v", [2, 3]),
        ("who,2019\na,1\nb,2\n", "2019", "2019", [1, 2]),
        ("a,1.5\nb,2.5\n", "2", "column 2", [1.5, 2.5]),
        ("# by hand\n\n1\n# more\n2\n\n", None, "", [1, 2]),
        ("\ufeffv\r\n1\r\n2\r\n", None, "v", [1, 2]),
        ("eruption time\n1\n2\n", None, "eruption time", [1, 2]),
        ("größe,b\n1,2\n", "größe", "größe", [1]),
        ("  v , w \n 1 , 2 \n", "w", "w", [2]),
        ("7", None, "", [7]),
    ],
)
def test_what_is_read(tmp_path, content, column, name, values):
    found = read(written(tmp_path, content), [column] if column else ())
    assert found.names == (name,)
    assert found.values[:, 0].tolist() == values


@pytest.mark.parametrize(
    ("content", "column", "message"),
    [
        ("x,y\n1,2\n,4\n", "x", "line 3, x: a value is missing"),
        (
            "x\n1\nNA\n",
            None,
            "line 3, x: a value is missing; fill it in, or leave such rows out",
        ),
        ("NA\n1\n2\n", None, "line 1: a value is missing"),
        ("x\n1\n\n2\n", None, "line 3: a value is missing"),
        ("1\n#N/A\n2\n", None, "line 2: a value is missing"),
        ("x\n1\nabc\n", None, "line 3, x: must be a number (got 'abc')"),
        ("# note\n\n1\n2\nthree\n", None, "line 5: must be a number (got 'three')"),
        ("x\n1\ninf\n", None, "line 3, x: must be a finite number (got 'inf')"),
        ("1\nnan\n", None, "line 2: must be a finite number (got 'nan')"),
        ("1\n1e999\n", None, "line 2: must be a finite number (got '1e999')"),
        ("a;b\n1,5;2\n", "a", "line 2, a: must be a number; a decimal comma must be a point (got '1,5')"),
        ("54\n79,5\n60\n", None, "line 2: has 2 cells, but the first row has 1 (got '79,5')"),
        ("a,b\n1,2\n3\n", "a", "line 3: has 1 cells, but the first row has 2"),
        ("a,b\n1,2\n1,5,2\n", "b", "line 3: has 3 cells, but the first row has 2"),
        ("", None, "is empty"),
        ("# only a note\n\n", None, "is empty"),
        ("a,b\n", "a", "line 1: has a header, but no data"),
        ("a,b\n1,2\n", None, "has 2 columns: a, b; choose by name or number, or all"),
        ("1,2\n3,4\n", None, "has 2 columns; choose by name or number, or all"),
        ("a,b\n1,2\n", "c", "`columns`: there is no such column; the file has 2 columns: a, b (got 'c')"),
        ("a,b\n1,2\n", "3", "`columns`: there is no such column"),
        ("a,b\n1,2\n", "0", "`columns`: there is no such column"),
        ("a,a\n1,2\n", "a", "`columns`: several columns are called so"),
        (b"\xff\xfe\x00\x01", None, "isn't text in UTF-8"),
        (b"1\n2\n\xff\n", None, "isn't text in UTF-8"),
    ],
)
def test_what_is_refused_names_file_line_and_value(tmp_path, content, column, message):
    path = written(tmp_path, content)
    with pytest.raises(ConfigError) as caught:
        read(path, [column] if column else ())
    assert str(caught.value).startswith(path)
    assert message in str(caught.value)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(ConfigError, match="there is no such file"):
        read(str(tmp_path / "nowhere.csv"))
    with pytest.raises(ConfigError, match="can't be read"):
        read(str(tmp_path))
    with pytest.raises(ConfigError, match="there is no such file"):
        read(str(tmp_path / "nowhere.npy"))


@given(
    st.lists(st.floats(allow_nan=False, allow_infinity=False, width=64), min_size=1, max_size=60),
    st.sampled_from([",", ";", "\t", " "]),
    st.booleans(),
)
def test_numbers_come_back_as_they_were(tmp_path_factory, values, separator, header):
    rows = [f"x{separator}{value!r}{separator}0" for value in values]
    text = "\n".join(["u v w".replace(" ", separator)] * header + rows)
    path = written(tmp_path_factory.mktemp("data"), text)
    assert read(path, ["2"]).values[:, 0].tolist() == values


def test_a_bad_row_far_down_is_found(tmp_path):
    rows = [f"{i},{i / 7}" for i in range(200_000)]
    rows[150_000] = "150000,"
    path = written(tmp_path, "\n".join(["a,b", *rows]))
    with pytest.raises(ConfigError, match="line 150002, b: a value is missing"):
        read(path, ["b"])
    assert read(path, ["a"]).values[:, 0].tolist() == list(range(200_000))


def test_a_million_rows(tmp_path):
    values = np.random.default_rng(3).normal(size=10**6)
    path = written(tmp_path, "x\n" + "\n".join(map(repr, values.tolist())))
    assert np.array_equal(read(path).values[:, 0], values)


def test_several_columns_at_once_and_rows_without_a_value_left_out(tmp_path):
    path = written(tmp_path, "a,b,c\n1,x,5\n2,y,NA\n,z,6\n3,w,nan\n4,v,8\n")
    found = read(path, ["c", "1"], drop_missing=True)
    assert found.names == ("c", "a")
    assert found.values.tolist() == [[5, 1], [8, 4]]
    assert found.dropped == 3
    assert read(written(tmp_path, "a,b\n1,2\n", "all.csv"), ["all"]).values.tolist() == [[1, 2]]
    with pytest.raises(ConfigError, match="line 3, c: a value is missing"):
        read(path, ["c", "1"])
    with pytest.raises(ConfigError, match=r"`columns`: this column is named twice \(got '1'\)"):
        read(path, ["a", "1"])
    with pytest.raises(ConfigError, match="has no row without a missing value"):
        read(written(tmp_path, "a\nNA\n"), ["a"], drop_missing=True)


def test_standard_input_is_read_like_a_file():
    good = invoke("fit", "-", "-c", "b", "-k", "1", "--quiet", input="a,b\n1,2\n3,4\n")
    assert (good.exit_code, good.stdout) == (0, "")
    bad = invoke("fit", "-", "-k", "1", input="1\nx\n")
    assert bad.exit_code == 2
    assert "standard input: line 2: must be a number (got 'x')" in bad.stderr


@pytest.mark.parametrize(
    ("array", "column", "values"),
    [
        (np.array([1, 2, 3]), None, [1, 2, 3]),
        (np.array([[1.5], [2.5]], dtype=np.float32), None, [1.5, 2.5]),
        (np.array([[1.0, 2.0], [3.0, 4.0]]), "2", [2, 4]),
        (np.array([(1, 2.5), (3, 4.5)], dtype=[("a", "i4"), ("b", "f8")]), "b", [2.5, 4.5]),
    ],
)
def test_npy_files(tmp_path, array, column, values):
    np.save(tmp_path / "data.npy", array)
    found = read(str(tmp_path / "data.npy"), [column] if column else ())
    assert found.values[:, 0].tolist() == values
    assert found.values.dtype == float


@pytest.mark.parametrize(
    ("array", "column", "message"),
    [
        (np.array([1, np.nan, 3]), None, "row 2: must be a finite number (got nan)"),
        (np.array(["a", "b"]), None, "must hold numbers"),
        (np.array([1 + 2j]), None, "must hold numbers"),
        (np.zeros((2, 2, 2)), None, "must hold numbers in one or two dimensions, but has shape (2, 2, 2)"),
        (np.zeros(0), None, "is empty"),
        (np.zeros((3, 0)), None, "is empty"),
        (np.array(3.0), None, "must hold numbers in one or two dimensions"),
        (np.zeros((3, 2)), None, "has 2 columns; choose by name or number"),
        (np.zeros((3, 2)), "5", "there is no such column"),
        (np.array([{"a": 1}], dtype=object), None, "isn't a .npy file of numbers"),
    ],
)
def test_npy_files_that_are_refused(tmp_path, array, column, message):
    np.save(tmp_path / "data.npy", array, allow_pickle=True)
    with pytest.raises(ConfigError) as caught:
        read(str(tmp_path / "data.npy"), [column] if column else ())
    assert message in str(caught.value)


def test_a_npy_file_that_is_none(tmp_path):
    with pytest.raises(ConfigError, match=r"isn't a \.npy file of numbers"):
        read(written(tmp_path, "1\n2\n", "data.npy"))
