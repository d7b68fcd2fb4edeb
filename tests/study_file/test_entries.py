"""Ranges and choices: what the search can suggest, and their round trip through YAML."""

import math

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from symray.study_file import Choice, Entry, Range

ENTRY = TypeAdapter(Entry)
numbers = st.floats(-1e6, 1e6) | st.integers(-1000, 1000)


@st.composite
def ranges(draw: st.DrawFn) -> Range:
    low = draw(numbers)
    if draw(st.booleans()):
        step = draw(st.floats(1e-3, 1e3) | st.integers(1, 50))
        return Range(low=low, high=low + draw(st.integers(1, 40)) * step, step=step)
    high = draw(numbers.filter(lambda high: high > low))
    return Range(low=low, high=high, log=low > 0 and draw(st.booleans()))


@given(ranges() | st.builds(Choice, choice=st.lists(numbers, min_size=1, unique=True)))
def test_an_entry_survives_yaml(entry):
    text = yaml.safe_dump(entry.model_dump(mode="json", exclude_none=True))
    again = ENTRY.validate_python(yaml.safe_load(text))
    assert again == entry
    assert again.integer == entry.integer


@given(ranges(), st.floats(-1e6, 1e6))
def test_a_range_contains_what_lies_in_it(entry, value):
    assert entry.low in entry
    assert entry.high in entry
    assert math.nextafter(entry.low, -math.inf) not in entry or entry.step is not None
    if value in entry:
        assert entry.low <= value <= entry.high


@given(ranges())
def test_a_grid_runs_from_low_to_high_in_equal_steps(entry):
    values = entry.values()
    if not values:
        assert entry.step is None
        assert not entry.integer
        return
    assert values[0] == entry.low
    assert values[-1] == pytest.approx(entry.high, abs=1e-6)
    assert len(values) == round((entry.high - entry.low) / (entry.step or 1)) + 1
    assert all(value in entry for value in values[:-1])


def test_whole_numbers_have_a_grid_by_themselves():
    assert Range(low=2, high=5).values() == (2, 3, 4, 5)
    assert Range(low=2, high=8, step=3).values() == (2, 5, 8)
    assert Range(low=2.0, high=5.0).values() == ()
    assert 2.5 not in Range(low=2, high=5)
    assert 2.5 in Range(low=2.0, high=5.0)


def test_a_choice_contains_its_values_only():
    choice = Choice(choice=(60, 128))
    assert choice.integer
    assert 60 in choice
    assert 61 not in choice
    assert choice.values() == (60, 128)
    assert not Choice(choice=(0.5, 1)).integer
