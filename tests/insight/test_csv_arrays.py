"""CSV files: what was written is read, and a sentence for each thing that can be wrong."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from symray.errors import UserError
from symray.insight.csv_arrays import read_csv

X2 = {"x": 2}
XY = {"x": 2, "y": 1}


def written(folder: Path, text: str) -> Path:
    path = folder / "points.csv"
    path.write_text(text)
    return path


@given(
    values=arrays(
        np.float32,
        st.tuples(st.integers(1, 20), st.just(3)),
        elements=st.floats(-1e6, 1e6, width=32),
    ),
    order=st.permutations(["x1", "x2", "y1", "other"]),
)
def test_columns_are_found_by_name_in_any_order(values: np.ndarray, order: list[str]) -> None:
    columns = dict(zip(["x1", "x2", "y1"], values.T, strict=True)) | {"other": ["a"] * len(values)}
    rows = zip(*(columns[name] for name in order), strict=True)
    lines = [",".join(order), *(",".join(str(cell) for cell in row) for row in rows)]
    with tempfile.TemporaryDirectory() as folder:
        read = read_csv(written(Path(folder), "\n".join(lines)), XY)
    np.testing.assert_array_equal(read["x"].astype(np.float32), values[:, :2])
    np.testing.assert_array_equal(read["y"].astype(np.float32), values[:, 2:])


def test_without_a_header_columns_stand_in_order(tmp_path: Path) -> None:
    read = read_csv(written(tmp_path, "1, 2,3\n\n4,5e0,-6\n"), XY)
    assert read["x"].tolist() == [[1, 2], [4, 5]]
    assert read["y"].tolist() == [[3], [-6]]
    assert read["x"].dtype == np.float64


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    path.write_text("x1,x2\n1,2\n", encoding="utf-8-sig")
    assert read_csv(path, X2)["x"].tolist() == [[1, 2]]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "there are no rows"),
        ("x1,x2\n", "there are no rows below the header"),
        ("x1,z2\n1,2\n", "there is no column 'x2'; valid names: x1, z2"),
        ("1,2\n3,nan\n", "line 2 has 'nan' for x2, not a finite number"),
        ("x1,x2\n1,2\n\n3,inf\n", "line 4 has 'inf' for x2, not a finite number"),
        ("1,2\n3,oops\n", "line 2 has 'oops' for x2"),
        ("1,2,3\n", r"line 1 has 3 columns, not 2 \(x1, x2\)"),
        ("x1,x2\n1\n", "line 2 has 1 columns, not 2"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        read_csv(written(tmp_path, text), X2)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    path.write_bytes(b"\xff\xfe\x00\x01\n")
    with pytest.raises(UserError, match=r"this is not a \.csv file"):
        read_csv(path, X2)
