"""The leaderboard as a table, and the parent run's own metrics."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from optuna.trial import TrialState

from symray.record.study_record import StudyRecord
from symray.report.study_report import summary, write_report
from symray.tasks.task import Task


@pytest.fixture
def record(make_record: Callable[..., StudyRecord], add_trial: Callable[..., Task]) -> StudyRecord:
    """Three completed trials, of which the first is not feasible, and two others."""
    record = make_record()
    add_trial(record, mi_z0_y=0.1, x_mae=0.9, y_mae=1.0)
    add_trial(record, mi_z0_y=0.3, x_mae=0.5, y_mae=1.0, kl_z0=2.0)
    add_trial(record, mi_z0_y=0.2, x_mae=0.6, y_mae=1.0)
    add_trial(record, TrialState.PRUNED, mi_z0_y=0.0, x_mae=0.1, y_mae=0.1)
    add_trial(record, TrialState.FAIL, mi_z0_y=0.0)
    return record


def test_the_table_has_the_completed_trials_the_best_first(record: StudyRecord) -> None:
    folder = write_report(record)
    assert {path.name for path in folder.iterdir()} == {"leaderboard.csv", "plots.html"}
    with (folder / "leaderboard.csv").open(newline="") as file:
        header, *rows = list(csv.reader(file))
    searched = ["beta", "lambda_growth"]
    assert header == ["rank", "trial", "feasible", *searched, "x_mae", "y_mae", "kl_z0", "mi_z0_y"]
    assert [row[:3] for row in rows] == [
        ["1", "2", "True"],
        ["2", "1", "True"],
        ["3", "0", "False"],
    ]
    table = [dict(zip(header, row, strict=True)) for row in rows]
    assert [row["mi_z0_y"] for row in table] == ["0.2", "0.3", "0.1"]
    assert [row["kl_z0"] for row in table] == ["", "2.0", ""]
    for row in table:
        params = record.trial(int(row["trial"])).params
        assert {name: float(row[name]) for name in searched} == params


def test_the_report_is_made_anew(record: StudyRecord, tmp_path: Path) -> None:
    first = write_report(record) / "leaderboard.csv"
    content = first.read_text()
    first.write_text("old")
    assert write_report(record) == first.parent
    assert first.read_text() == content


def test_the_summary_counts_and_holds_the_best(record: StudyRecord) -> None:
    assert summary(record) == {
        "trials_complete": 3.0,
        "trials_pruned": 1.0,
        "trials_fail": 1.0,
        "trials_feasible": 2.0,
        "best_mi_z0_y": 0.2,
        "best_x_mae": 0.6,
        "best_y_mae": 1.0,
    }


def test_without_a_feasible_trial_nothing_is_best(
    make_record: Callable[..., StudyRecord], add_trial: Callable[..., Task]
) -> None:
    record = make_record()
    add_trial(record, mi_z0_y=0.1, x_mae=0.9, y_mae=1.0)
    assert not [name for name in summary(record) if name.startswith("best_")]
    assert summary(record)["trials_feasible"] == 0.0
