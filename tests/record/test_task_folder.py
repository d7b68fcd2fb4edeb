"""What is read from a task's folder."""

from pathlib import Path
from typing import Any

import pytest

from symray.errors import UserError
from symray.record import jsonl
from symray.record.task_folder import last_line, metric_lines, newest_metrics, run_id, task_events


def line(epoch: int, x_mae: float) -> dict[str, object]:
    return {"epoch": epoch, "time": 100.0 + epoch, "values": {"x_mae": x_mae}}


def test_an_empty_folder_says_that_nothing_has_happened(tmp_path: Path) -> None:
    assert metric_lines(tmp_path) == []
    assert task_events(tmp_path) == []
    assert run_id(tmp_path) is None
    assert last_line(tmp_path) == {"epoch": 0, "time": 0.0, "values": {}}


def test_the_last_line_of_an_epoch_wins_and_epochs_stand_in_order(tmp_path: Path) -> None:
    written = [line(3, 0.3), line(2, 0.2), line(1, 0.1), line(2, 0.25), line(10, 1.0)]
    jsonl.append(tmp_path / "metrics.jsonl", written)
    assert metric_lines(tmp_path) == [line(1, 0.1), line(2, 0.25), line(3, 0.3), line(10, 1.0)]
    assert last_line(tmp_path) == line(10, 1.0)


def test_the_newest_value_of_each_metric_counts(tmp_path: Path) -> None:
    later = {"epoch": 3, "time": 1.0, "values": {"train/kl": 1.0, "y_mae": 0.5}}
    jsonl.append(tmp_path / "metrics.jsonl", [line(1, 0.1), line(2, 0.2), later])
    assert newest_metrics(tmp_path) == {"x_mae": 0.2, "y_mae": 0.5}


def test_a_line_being_written_does_not_count_yet(tmp_path: Path) -> None:
    jsonl.append(tmp_path / "metrics.jsonl", [line(1, 0.1)])
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"epoch": 2, "ti')
    assert last_line(tmp_path) == line(1, 0.1)


def test_events_and_the_run_are_read(tmp_path: Path) -> None:
    start = {"event": "start", "time": 1.0, "attempt": 1, "host": "a", "pid": 1, "device": "cpu"}
    failed = {"event": "failed", "time": 3.0, "reason": "diverged"}
    jsonl.append(tmp_path / "events.jsonl", [start, failed])
    lost = {"event": "worker lost", "time": 2.0, "reason": "the node died"}
    jsonl.append(tmp_path / "losses.jsonl", [lost])
    (tmp_path / "mlflow_run_id").write_text("abc\n")
    assert [event["event"] for event in task_events(tmp_path)] == [
        *("start", "worker lost", "failed")
    ]
    assert run_id(tmp_path) == "abc"


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("metrics.jsonl", {"epoch": 1, "values": {}}),
        ("metrics.jsonl", {"epoch": 1, "time": 1.0, "values": {"x_mae": "small"}}),
        ("metrics.jsonl", [1]),
        ("events.jsonl", {"event": "start", "time": 1.0}),
        ("losses.jsonl", {"event": "worker lost", "time": "noon", "reason": "?"}),
    ],
)
def test_a_line_that_says_less_than_it_should_is_damaged(
    tmp_path: Path, name: str, line: Any
) -> None:
    jsonl.append(tmp_path / name, [line])
    with pytest.raises(UserError, match=f"{name}:1: this line is damaged; restore the file"):
        metric_lines(tmp_path) if name == "metrics.jsonl" else task_events(tmp_path)
