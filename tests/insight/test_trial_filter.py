import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symray.errors import UserError
from symray.insight.trial_filter import parse_where

NAMES = ("x_mae", "beta", "state")

rows = st.fixed_dictionaries(
    {
        "x_mae": st.floats(allow_nan=True),
        "beta": st.integers(-3, 3),
        "state": st.sampled_from(["COMPLETE", "FAIL"]),
    }
)
comparisons = st.builds(
    lambda name, op, value: f"{name} {op} {value!r}",
    st.sampled_from(["x_mae", "beta"]),
    st.sampled_from(["<", "<=", ">", ">=", "==", "!="]),
    st.integers(-3, 3) | st.floats(-10, 10),
) | st.sampled_from(["state == 'FAIL'", "state != 'FAIL'", "-1 <= beta < x_mae"])
expressions = st.recursive(
    comparisons,
    lambda inner: (
        st.builds("({} and {})".format, inner, inner)
        | st.builds("({} or {})".format, inner, inner)
        | st.builds("not {}".format, inner)
    ),
)


@given(expressions, rows)
def test_means_what_python_means(text: str, row: dict[str, Any]) -> None:
    assert bool(parse_where(text, NAMES)(row.get)) == bool(eval(text, {}, row))


@pytest.mark.parametrize("op", ["<", "<=", ">", ">=", "==", "!="])
def test_a_missing_value_and_a_text_beside_a_number_compare_to_nothing(op: str) -> None:
    for row in ({"x_mae": None}, {"x_mae": "FAIL"}):
        assert not parse_where(f"x_mae {op} 1", NAMES)(row.get)


def test_nan_is_not_smaller() -> None:
    assert not parse_where("x_mae < 1", NAMES)({"x_mae": math.nan}.get)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "x_mae.__class__ == 1",
        "beta[0] < 1",
        "(lambda: 1)() == 1",
        "[x for x in (1, 2)] == 1",
        "f'{beta}' == 'a'",
        "beta in (1, 2)",
        "beta if beta else x_mae",
        "beta + 1 < 2",
        "(beta := 3) == 3",
        "x_mae is None",
        "b'bytes' == state",
        "1j < beta",
    ],
)
def test_nothing_else_is_understood(text: str) -> None:
    with pytest.raises(UserError, match="is not understood; write comparisons"):
        parse_where(text, NAMES)


@pytest.mark.parametrize("text", ["", "x_mae <", "x_mae < 1; beta", "beta = 1", "\0", "(" * 5000])
def test_no_expression_at_all(text: str) -> None:
    with pytest.raises(UserError, match="is no expression; write comparisons"):
        parse_where(text, NAMES)


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(UserError, match="trials have no 'xmae'; did you mean 'x_mae'"):
        parse_where("beta < 1 and xmae < 1", NAMES)
