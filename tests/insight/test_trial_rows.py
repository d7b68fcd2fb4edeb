import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symray.errors import UserError
from symray.insight.trial_rows import Row, columns, sort_rows, trial_rows, value
from symray.record.study_record import StudyRecord
from symray.tasks.task import Task

KNOWN = ("number", "reason", "x_mae", "z0_gain")


def row(number: int, reason: str | None = None, **metrics: float) -> Row:
    return {"number": number, "reason": reason, "params": {}, "metrics": metrics}


def numbers(rows: list[Row]) -> list[int]:
    return [item["number"] for item in rows]


@given(st.lists(st.floats() | st.none()))
def test_the_smallest_error_comes_first_and_nothing_last(column: list[float | None]) -> None:
    rows = [row(i, **({} if v is None else {"x_mae": v})) for i, v in enumerate(column)]
    found = [value(item, "x_mae") for item in sort_rows(rows, "x_mae", KNOWN)]
    finite = sorted(v for v in column if v is not None and not math.isnan(v))
    assert found[: len(finite)] == finite
    assert all(v is None or math.isnan(v) for v in found[len(finite) :])


def test_the_largest_of_what_is_maximised_comes_first() -> None:
    rows = [row(0, z0_gain=1.0), row(1, z0_gain=3.0), row(2)]
    assert numbers(sort_rows(rows, "z0_gain", KNOWN)) == [1, 0, 2]


def test_words_sort_too() -> None:
    rows = [row(0, "pruned"), row(1), row(2, "diverged")]
    assert numbers(sort_rows(rows, "reason", KNOWN)) == [2, 0, 1]


def test_an_unknown_column_gets_the_nearest() -> None:
    with pytest.raises(UserError, match="no column 'x_mea' to sort by; did you mean 'x_mae'"):
        sort_rows([], "x_mea", KNOWN)


def test_rows_of_a_study(finished_study: StudyRecord) -> None:
    rows = trial_rows(finished_study)
    assert [(r["state"], r["feasible"], r["reason"]) for r in rows] == [
        ("COMPLETE", True, None)
    ] * 3
    code = Task.load(finished_study.trial_folder(0)).tags["symray.code"]
    assert {r["code"] for r in rows} == {code}
    assert value(rows[0], "beta") == 400
    assert value(rows[0], "x_mae") == rows[0]["metrics"]["x_mae"]
    known = columns(finished_study)
    assert {"number", "state", "code", "beta", "lambda_growth", "mi_z0_y"} <= set(known)
    assert len(known) == len(set(known))
