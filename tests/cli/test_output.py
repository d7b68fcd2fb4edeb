import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symray.cli.output import duration, metric, number, print_json, show, strict, table

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(values)
def test_everything_becomes_strict_json_and_finite_values_stay(value: object) -> None:
    def same(before: object, after: object) -> bool:
        if isinstance(before, float) and not math.isfinite(before):
            return after is None
        if isinstance(before, dict):
            return before.keys() == after.keys() and all(same(before[k], after[k]) for k in before)
        if isinstance(before, list):
            return len(before) == len(after) and all(map(same, before, after))
        return before == after

    assert same(value, json.loads(json.dumps(strict(value), allow_nan=False)))


def test_json_is_one_object_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": math.nan, "b": (1, math.inf)})
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {"a": None, "b": [1, None]}
    assert not captured.err


def test_numbers_have_four_digits() -> None:
    assert [number(v) for v in (0.123456, 1e-7, 12, "x", None)] == [
        *("0.1235", "1e-07"),
        *("12", "x", "-"),
    ]


@pytest.mark.parametrize(
    ("value", "shown"), [(0.14, "<= floor"), (-0.2, "<= floor"), (0.15, "0.15"), (None, "-")]
)
def test_mutual_information_within_its_shuffle_floor_is_no_number(
    value: float | None, shown: str
) -> None:
    metrics = {"mi_z0_y": value, "mi_z0_y_floor": 0.1, "mi_z0_y_floor_sd": 0.02}
    assert metric("mi_z0_y", metrics) == shown


def test_mutual_information_without_a_floor_and_other_metrics_are_numbers() -> None:
    assert metric("mi_z0_y", {"mi_z0_y": 0.0}) == "0"
    floor = {"mi_z0_y_floor": 0.1, "mi_z0_y_floor_sd": 0.02}
    assert metric("x_mae", {"x_mae": 0.05, **floor}) == "0.05"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.0123, "0.012 s"), (12.3, "12 s"), (99.9, "2 min"), (600, "10 min"), (7200, "2.0 h")],
)
def test_durations_have_a_unit(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_tables_are_never_cut_wrapped_or_read_as_markup(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    cells = ["12345678901234567890", "[red]word", "x" * 60]
    show(table(["number", "word", "long"], [cells, ["1", "b", "c"]]), "A title longer than it all")
    title, head, *lines = capsys.readouterr().out.splitlines()
    assert title == "A title longer than it all"
    assert head.split() == ["number", "word", "long"]
    assert lines[0].split() == cells
    assert lines[1].startswith(" " * 19 + "1  b ")
