"""What the reasons are made of: epochs' durations, likeness of reasons, places in ranges."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.trial import TrialState

from symray.insight.health.bounds import place
from symray.insight.health.failures import likeness
from symray.insight.health.separating import BALANCED, separating_parameter
from symray.insight.health.training import Training, usual
from symray.record.storage.file_lease import FileLease
from symray.study_file import Range
from symray.tasks.task import Task


def training(lines: list[tuple[int, float]], starts: list[float], **settings: int) -> Training:
    task = Task("s", "trial-0000", "trial", 0, "", {"settings": settings})
    return Training(
        name="trial-0000",
        number=0,
        is_trial=True,
        task=task,
        lines=[{"epoch": epoch, "time": time, "values": {}} for epoch, time in lines],
        events=[
            {"event": "start", "time": time, "host": f"node-{n}", "device": "cpu"}
            for n, time in enumerate(starts)
        ],
        asked_at=0.0,
        ended_at=None,
        ended=False,
        reason=None,
    )


def test_an_epoch_lasts_from_the_line_before_it() -> None:
    one = training([(1, 13.0), (2, 15.0), (3, 17.5), (4, 30.0)], [10.0], epochs=4)
    assert [(p.kind, p.seconds) for p in one.paces] == [
        ("first", 3.0),
        ("plain", 2.0),
        ("plain", 2.5),
        ("last", 12.5),
    ]
    assert usual(one.paces) == [2.0, 2.5]
    assert usual(one.paces, "evaluated") == [2.0, 2.5, 12.5]  # none of these: all but the first


def test_the_time_between_two_attempts_is_no_epoch() -> None:
    one = training([(1, 13.0), (2, 15.0), (3, 1003.0), (4, 1005.0)], [10.0, 1000.0], epochs=9)
    assert [(p.host, p.kind, p.seconds) for p in one.paces] == [
        ("node-0", "first", 3.0),
        ("node-0", "plain", 2.0),
        ("node-1", "first", 3.0),
        ("node-1", "plain", 2.0),
    ]
    assert one.host == "node-1"


def test_epochs_with_an_evaluation_are_apart() -> None:
    lines = [(n, float(n)) for n in range(1, 9)]
    one = training(lines, [0.0], epochs=4, evaluate_every=2)
    kinds = ["first", "evaluated", "plain", "last"]
    assert [p.kind for p in one.paces] == [*kinds, "plain", *kinds[1:]]  # two seeds, one attempt


@pytest.mark.parametrize(
    ("a", "b", "alike"),
    [
        ("KeyError: 17", "KeyError: 3", True),
        ("diverged: kl is no longer finite in epoch 3", "diverged: weights is ...", True),
        (
            "lost its worker 4 times, at last by: 0xAb1",
            "lost its worker 9 times, at last by: 0x2",
            1,
        ),
        ("ValueError: a", "ValueError: b", False),
        ("MemoryError", "KeyError", False),
    ],
)
def test_likeness_of_reasons(a: str, b: str, alike: bool) -> None:
    assert (likeness(a) == likeness(b)) == bool(alike)


@given(st.floats(0, 1), st.booleans())
def test_a_place_is_where_the_sampler_would_put_it(u: float, log: bool) -> None:
    entry = Range(low=2.0, high=50.0, log=log)
    value = 2.0 * 25.0**u if log else 2.0 + 48.0 * u
    assert place(entry, value) == pytest.approx(u, abs=1e-9)


def test_the_parameter_that_tells_is_found() -> None:
    marked = [{"a": 5.0 + n, "b": n % 3} for n in range(5)]
    others = [{"a": 4.0 - n, "b": n % 3} for n in range(5)]
    assert separating_parameter(marked, others) == ("a", ">=", 5.0)
    assert separating_parameter(others, marked) == ("a", "<=", 4.0)
    assert separating_parameter(marked[:1], others[:1]) is None  # as likely as not by chance
    assert separating_parameter([], others) is None


VALUES = st.lists(st.integers(0, 5).map(float), min_size=1, max_size=8)


@given(VALUES, VALUES)
def test_what_tells_keeps_its_promise(inside: list[float], outside: list[float]) -> None:
    found = separating_parameter(
        [{"a": value} for value in inside], [{"a": value} for value in outside]
    )
    if found is None:
        return
    assert math.comb(len(inside) + len(outside), len(inside)) >= 20
    _, sign, limit = found
    keeps: Callable[[float], bool] = (
        (lambda v: v >= limit) if sign == ">=" else (lambda v: v <= limit)
    )
    right = sum(map(keeps, inside)) / len(inside)
    wrong = sum(map(keeps, outside)) / len(outside)
    assert (right + 1 - wrong) / 2 >= BALANCED


def test_a_study_whose_workers_never_began(make_night: Callable[..., Any]) -> None:
    night = make_night("concurrency=1")
    for _ in range(4):
        night.trial(state=TrialState.FAIL, reason="OSError: no data", epochs=0, begun=False)
    assert set(night.found()) == {"failures", "interrupted"}


def test_a_study_that_has_just_begun_looks_fine(make_night: Callable[..., Any]) -> None:
    night = make_night()
    with FileLease(Path(night.record.folder)):
        assert night.found() == {}
