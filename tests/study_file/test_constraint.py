"""Constraints: their words, and how far a value misses them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symray.study_file import NO_VALUE, Constraint

bounds = st.floats(-1e6, 1e6)
constraints = st.builds(
    Constraint, st.sampled_from(["x_mae", "train/kl", "a-b"]), st.sampled_from(["<=", ">="]), bounds
)


@given(constraints)
def test_a_constraint_survives_its_words(constraint):
    assert Constraint.parse(str(constraint)) == constraint


@given(constraints, bounds)
def test_a_violation_is_positive_exactly_where_the_bound_is_missed(constraint, value):
    kept = value <= constraint.bound if constraint.op == "<=" else value >= constraint.bound
    violation = constraint.violation(value)
    assert (violation <= 0) == kept
    assert abs(violation) == abs(value - constraint.bound)
    assert violation < NO_VALUE


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("op", ["<=", ">="])
def test_no_value_is_the_worst_violation(op, value):
    assert Constraint("x_mae", op, 1.0).violation(value) == NO_VALUE


@pytest.mark.parametrize("text", ["x_mae<=1", "  x_mae   <=   1e0 ", "x_mae <= +1"])
def test_spaces_and_spellings_of_numbers_do_not_matter(text):
    assert Constraint.parse(text) == Constraint("x_mae", "<=", 1.0)


@pytest.mark.parametrize(
    "text", ["", "x_mae", "x_mae = 1", "x_mae == 1", "<= 1", "x_mae <= nan", "x_mae <= inf",
             "x_mae <= 1 <= 2", "0.1 <= x_mae", "x_mae <= 1; 2"]
)  # fmt: skip
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match="is no constraint; write METRIC <= NUMBER"):
        Constraint.parse(text)
