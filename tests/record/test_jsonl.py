"""Lines that survive a kill at any byte."""

import math
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symray.errors import UserError
from symray.record import jsonl

VALUES = st.one_of(st.text(), st.floats(allow_nan=False), st.integers(), st.none())
ITEMS = st.lists(st.dictionaries(st.text(), VALUES, max_size=4), min_size=1, max_size=5)


def test_what_is_appended_is_read_in_order(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    jsonl.append(path, [{"epoch": 1}, {"epoch": 2}])
    jsonl.append(path, [])
    jsonl.append(path, [{"epoch": 3}])
    assert jsonl.read(path) == [{"epoch": 1}, {"epoch": 2}, {"epoch": 3}]


def test_a_missing_file_is_empty_and_stays_missing(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    jsonl.trim(path)
    assert jsonl.read(path) == []
    assert not path.exists()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 0.1, -0.0, 5e-324])
def test_numbers_come_back_bit_by_bit(tmp_path: Path, value: float) -> None:
    path = tmp_path / "lines.jsonl"
    jsonl.append(path, [{"x": value}])
    assert jsonl.read(path)[0]["x"].hex() == value.hex()


@given(items=ITEMS, data=st.data())
def test_a_cut_at_any_byte_loses_only_the_line_it_hits(
    items: list[dict[str, Any]], data: st.DataObject
) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "lines.jsonl"
        jsonl.append(path, items)
        content = path.read_bytes()
        cut = data.draw(st.integers(0, len(content)))
        path.write_bytes(content[:cut])
        whole = content[:cut].count(b"\n")
        assert jsonl.read(path) == items[:whole]
        jsonl.trim(path)
        assert jsonl.read(path) == items[:whole]
        jsonl.append(path, [{"next": 1}])
        assert jsonl.read(path) == [*items[:whole], {"next": 1}]


def test_without_a_trim_the_next_line_runs_into_the_unfinished_one(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_bytes(b'{"epoch": 1}\n{"epo')
    jsonl.append(path, [{"epoch": 2}])
    with pytest.raises(UserError):
        jsonl.read(path)


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_text('{"epoch": 1}\nnot json\n{"epoch": 2}\n')
    with pytest.raises(UserError, match=r"lines\.jsonl:2: this line is damaged"):
        jsonl.read(path)
