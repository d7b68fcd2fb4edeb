"""Who is best, against Pareto fronts by definition."""

import math
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.trial import TrialState

from symray.record.study_record import StudyRecord
from symray.search.leaderboard import (
    Candidate,
    candidate,
    leaderboard,
    nothing_feasible,
    rank,
    sort_text,
)
from symray.study_file import NO_VALUE, StudyFile, load_study_file

MakeRecord = Callable[..., StudyRecord]

TEXT = """\
study: ranked
model: stib
data: artificial
search: {beta: {low: 1, high: 1000, log: true}}
objectives: {mi_z0_y: minimize}
constraints: ["x_mae <= 0.8", "y_mae <= 1.2"]
"""
SEVERAL = "objectives={mi_z0_y: minimize, z0_gain: maximize}"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, StudyFile]:
    """The study with one objective and with several."""
    path = tmp_path_factory.mktemp("ranked") / "ranked.yaml"
    path.write_text(TEXT)
    (one,) = load_study_file(path)
    (several,) = load_study_file(path, [SEVERAL])
    return {"one": one, "several": several}


def numbers(ranked: Sequence[Candidate]) -> list[int]:
    return [c.number for c in ranked]


def test_one_objective_orders_the_feasible_then_the_violation_the_others(
    files: dict[str, StudyFile],
) -> None:
    rows = [
        {"mi_z0_y": 0.0, "x_mae": 0.9, "y_mae": 2.0},  # misses both
        {"mi_z0_y": 0.5, "x_mae": 0.7, "y_mae": 1.0},
        {"mi_z0_y": 0.4, "x_mae": 0.8, "y_mae": 1.2},  # exactly on both bounds
        {"mi_z0_y": 0.0, "x_mae": 0.81, "y_mae": 0.1},  # the nearest miss
        {"mi_z0_y": 0.1, "y_mae": 0.1},  # not even measured
    ]
    file = files["one"]
    pool = [candidate(file, i, {}, metrics) for i, metrics in enumerate(rows)]
    assert numbers(rank(file, pool)) == [2, 1, 3, 0, 4]
    assert [c.feasible for c in pool] == [False, True, True, False, False]
    assert pool[0].violation == pytest.approx(0.1 + 0.8)
    assert pool[4].violation == NO_VALUE
    assert rank(file, []) == []


@pytest.mark.parametrize("missing", [{}, {"mi_z0_y": math.nan}, {"mi_z0_y": math.inf}])
def test_an_objective_that_is_not_finite_is_the_worst_and_not_feasible(
    files: dict[str, StudyFile], missing: dict[str, float]
) -> None:
    kept = {"x_mae": 0.1, "y_mae": 0.1}
    file = files["one"]
    bad = candidate(file, 0, {}, kept | missing)
    good = candidate(file, 1, {}, kept | {"mi_z0_y": 1e6})
    assert not bad.feasible
    assert numbers(rank(file, [bad, good])) == [1, 0]
    assert candidate(files["several"], 0, {}, kept | missing).objectives == (math.inf, -math.inf)


def test_nothing_comes_before_a_feasible_trial_of_whatever_front(
    files: dict[str, StudyFile],
) -> None:
    rows = [(math.nan, 99.0), (0.2, 1.0), (0.1, 2.0)]  # the last dominates the one before
    pool = [
        candidate(
            files["several"], i, {}, {"mi_z0_y": mi, "z0_gain": gain, "x_mae": 0.1, "y_mae": 0.1}
        )
        for i, (mi, gain) in enumerate(rows)
    ]
    assert numbers(rank(files["several"], pool)) == [2, 1, 0]


SMALL = st.integers(0, 3).map(float)
ROWS = st.lists(st.tuples(SMALL, SMALL, st.sampled_from([0.5, 0.9, 1.4])), max_size=12)


@given(ROWS)
def test_several_objectives_are_ranked_by_front(
    files: dict[str, StudyFile], rows: list[tuple[float, float, float]]
) -> None:
    """An oracle by definition: a point's front is the longest chain of points that dominate it."""
    file = files["several"]
    pool = [
        candidate(file, i, {}, {"mi_z0_y": mi, "z0_gain": gain, "x_mae": x_mae, "y_mae": 1.0})
        for i, (mi, gain, x_mae) in enumerate(rows)
    ]

    def better(a: int, b: int) -> bool:
        (mi_a, gain_a, x_a), (mi_b, gain_b, _) = rows[a], rows[b]
        return x_a <= 0.8 and mi_a <= mi_b and gain_a >= gain_b and (mi_a, gain_a) != (mi_b, gain_b)

    def front(i: int) -> int:
        return 1 + max((front(j) for j in range(len(rows)) if better(j, i)), default=-1)

    ranked = rank(file, pool)
    assert sorted(numbers(ranked)) == list(range(len(rows)))
    feasible = [i for i, row in enumerate(rows) if row[2] <= 0.8]
    ordered = numbers(ranked)
    assert set(ordered[: len(feasible)]) == set(feasible)
    keys = [(front(i), rows[i][0]) for i in ordered[: len(feasible)]]
    assert keys == sorted(keys)
    missed = [rows[i][2] for i in ordered[len(feasible) :]]
    assert missed == sorted(missed)


@given(ROWS)
def test_the_order_of_arrival_does_not_matter(
    files: dict[str, StudyFile], rows: list[tuple[float, float, float]]
) -> None:
    file = files["several"]
    pool = [
        candidate(file, i, {}, {"mi_z0_y": mi, "z0_gain": gain, "x_mae": x_mae, "y_mae": 1.0})
        for i, (mi, gain, x_mae) in enumerate(rows)
    ]
    forwards = [(c.objectives, c.violation) for c in rank(file, pool)]
    assert forwards == [(c.objectives, c.violation) for c in rank(file, reversed(pool))]


def add(record: StudyRecord, state: TrialState, **metrics: float) -> None:
    trial = record.optuna.ask()
    trial.suggest_float("beta", 1, 1000, log=True)
    trial.set_user_attr("metrics", metrics)
    done = state == TrialState.COMPLETE
    record.optuna.tell(trial, metrics["mi_z0_y"] if done else None, state=state)


def test_only_completed_trials_stand_on_the_leaderboard(make_record: MakeRecord) -> None:
    record = make_record()
    add(record, TrialState.PRUNED, mi_z0_y=0.0, x_mae=0.1, y_mae=0.1)
    add(record, TrialState.COMPLETE, mi_z0_y=0.3, x_mae=0.1, y_mae=0.1)
    add(record, TrialState.FAIL, mi_z0_y=0.0)
    add(record, TrialState.COMPLETE, mi_z0_y=0.2, x_mae=0.1, y_mae=0.1)
    record.optuna.ask()
    board = leaderboard(record)
    assert numbers(board) == [3, 1]
    assert set(board[0].params) == {"beta"}
    assert nothing_feasible(record, board) is None


def test_a_study_without_a_feasible_trial_says_what_came_nearest(make_record: MakeRecord) -> None:
    record = make_record()
    add(record, TrialState.PRUNED)
    assert nothing_feasible(record, leaderboard(record)) == (
        "none of 1 trials was trained to its end, so there is nothing to choose from"
    )
    add(record, TrialState.COMPLETE, mi_z0_y=0.0, x_mae=2.0, y_mae=1.0)
    add(record, TrialState.COMPLETE, mi_z0_y=0.0, x_mae=0.83, y_mae=1.5)
    add(record, TrialState.FAIL)
    assert nothing_feasible(record, leaderboard(record)) == (
        "0 of 4 trials are feasible; the nearest, #2, misses x_mae by 0.03, y_mae by 0.3"
    )


VALUES = st.none() | st.floats(-1e9, 1e9) | st.sampled_from([0.0, -0.0, math.nan, math.inf, 1e-300])


@given(rows=st.lists(st.tuples(VALUES, VALUES), max_size=8))
def test_texts_sort_as_ranks_do(
    files: dict[str, StudyFile], rows: list[tuple[float | None, float | None]]
) -> None:
    file = files["one"]
    pool = [
        candidate(
            file,
            number,
            {},
            {"y_mae": 1.0}
            | ({} if objective is None else {"mi_z0_y": objective})
            | ({} if bounded is None else {"x_mae": bounded}),
        )
        for number, (objective, bounded) in enumerate(rows)
    ]
    assert numbers(sorted(pool, key=lambda row: sort_text(file, row))) == numbers(rank(file, pool))
