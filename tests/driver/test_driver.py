"""Whole studies: stopped, killed, extended, without a server, with bad code.

On Ray where its workers or Tune have a part in it; else in this process.
"""

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from optuna.trial import TrialState
from watching import Watching

from driving import again, again_here, run, run_here
from symray.driver.launch import launch
from symray.errors import UserError
from symray.record import jsonl
from symray.record.home import study_names
from symray.record.study_record import StudyRecord
from symray.record.task_folder import metric_lines, task_events
from symray.search.champion import registered
from symray.search.confirmation import read_confirmation
from symray.search.leaderboard import leaderboard
from symray.search.progress import Progress
from symray.study_file import StudyFile
from symray.tasks.task import Report, Task
from symray.tracking import projector
from symray.tracking.projector import reconcile

Ledger = Callable[[StudyRecord], None]
MakeFile = Callable[..., StudyFile]


def test_a_finished_study_is_whole(finished_study: StudyRecord, assert_ledger: Ledger) -> None:
    record = finished_study
    assert_ledger(record)
    assert record.state() == "complete"
    result = read_confirmation(record)
    assert result is not None
    best = leaderboard(record)[0]
    assert result["winner"] == best.number
    assert result["candidates"][0]["n"] == 2
    assert result["test_evaluations"] == 1
    assert set(result["test"]["x_mae"]) == {"mean", "sd"}
    assert registered(record) == {"name": "finished", "version": "1", "champion": "1"}
    assert reconcile(record) == []


def test_resuming_a_complete_study_trains_nothing(
    own_copy: StudyRecord, assert_ledger: Ledger
) -> None:
    progress = Watching()
    record = again_here("finished", progress)
    assert progress.ended_tasks == []
    assert record.state() == "complete"
    assert_ledger(record)


def test_a_stopped_study_goes_on_and_ends_as_if_it_had_not_been_stopped(
    make_file: MakeFile, assert_ledger: Ledger, study_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    overrides = ("concurrency=1", "training.epochs=6", "confirmation.top=0", "checkpoints.every=0s")
    monkeypatch.setenv("SYMRAY_HOME", str(study_home / "whole"))
    whole = run(make_file(*overrides))

    monkeypatch.setenv("SYMRAY_HOME", str(study_home / "cut"))
    stopping = threading.Event()

    def stop(task: Task, report: Report) -> None:
        if task.number == 1 and report.epoch == 3:
            stopping.set()

    cut = launch(make_file(*overrides), Watching(stop), stopping)
    assert cut.state() == "interrupted"
    assert [t.state.name for t in cut.trials()][:2] == ["COMPLETE", "RUNNING"]
    assert 3 <= len(metric_lines(cut.trial_folder(1))) < 6
    cut = again("small")

    assert_ledger(cut)
    for a, b in zip(whole.trials(), cut.trials(), strict=True):
        assert a.params == b.params
        assert a.user_attrs["metrics"] == b.user_attrs["metrics"]
        lines = [metric_lines(record.trial_folder(a.number)) for record in (whole, cut)]
        assert [x["values"] for x in lines[0]] == [x["values"] for x in lines[1]]


def test_a_stop_from_another_process_is_heeded(make_file: MakeFile) -> None:
    def ask(task: Task, report: Report) -> None:
        record = StudyRecord.open("small")
        if not record.events("stop"):
            record.add_event("stop")

    file = make_file("training.epochs=2000", "confirmation.top=0")
    record = run_here(file, Watching(ask))
    assert record.state() == "stopped"
    assert record.trials(TrialState.RUNNING)


def test_an_extended_study_goes_on(own_copy: StudyRecord, assert_ledger: Ledger) -> None:
    own_copy.add_event("extend", trials=2)
    assert own_copy.state() == "interrupted"
    progress = Watching()
    record = again_here("finished", progress)
    assert {name for name in progress.ended_tasks if name.startswith("trial")} == {
        "trial-0003",
        "trial-0004",
    }
    assert record.state() == "complete"
    assert_ledger(record)


def test_a_worker_that_is_killed_costs_nothing(make_file: MakeFile, assert_ledger: Ledger) -> None:
    killed: list[int] = []

    def kill(task: Task, report: Report) -> None:
        if report.epoch == 4 and len(killed) < 2:
            pid = task_events(Path(task.folder))[-1]["pid"]
            if pid not in killed:
                killed.append(pid)
                os.kill(pid, signal.SIGKILL)

    file = make_file(
        "training.epochs=8",
        "checkpoints.every=0s",
        "trials=2",
        "concurrency=2",
        "confirmation.top=0",
    )
    record = run(file, Watching(kill))
    assert len(killed) == 2
    assert [t.state.name for t in record.trials()] == ["COMPLETE"] * 2
    events = [task_events(record.trial_folder(n)) for n in (0, 1)]
    lost = [e for trial in events for e in trial if e["event"] == "worker lost"]
    starts = [e for trial in events for e in trial if e["event"] == "start"]
    assert len(lost) == 2
    assert [e["epoch"] for e in starts if e["attempt"] > 1] != [0, 0]
    assert_ledger(record)


def test_a_trial_that_a_replaced_drivers_worker_begins_is_not_lost(
    make_file: MakeFile, assert_ledger: Ledger
) -> None:
    """Which it does when its driver is continued at the wrong moment; it is gone a second later."""

    def begin(task: Task, report: Report) -> None:
        if report.epoch == 2:
            start = task_events(Path(task.folder))[-1]
            foreign = start | {"attempt": start["attempt"] + 1, "pid": 1}
            jsonl.append(Path(task.folder) / "events.jsonl", [foreign])

    progress = Watching(begin)
    file = make_file("training.epochs=4", "checkpoints.every=0s", "trials=1", "confirmation.top=0")
    record = run(file, progress)
    assert [t.state.name for t in record.trials()] == ["COMPLETE"]
    assert sum("another worker has taken trial-0000 over" in m for m in progress.messages) == 1
    starts = [e for e in task_events(record.trial_folder(0)) if e["event"] == "start"]
    assert [(e["attempt"], e["pid"] == 1) for e in starts] == [(1, False), (2, True), (3, False)]
    assert_ledger(record)


def test_a_server_that_is_away_delays_nothing_and_is_filled_later(
    make_file: MakeFile, assert_ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setattr(projector, "DRAIN", 1.0)
    progress = Watching()
    began = time.monotonic()
    record = run_here(make_file(), progress)
    assert time.monotonic() - began < 120
    assert record.state() == "complete"
    assert [t.state.name for t in record.trials()] == ["COMPLETE"] * 3
    assert any("symray reconcile small" in message for message in progress.messages)
    with pytest.raises(UserError, match="does not answer"):
        reconcile(record)
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    mended = reconcile(record)
    assert "trial-0000: run created" in mended
    assert "model small version 1 registered" in mended
    assert reconcile(record) == []
    assert_ledger(record)


def test_without_a_feasible_trial_nothing_is_registered(make_file: MakeFile) -> None:
    progress = Watching()
    record = run_here(
        make_file('constraints=["x_mae <= 0.001", "y_mae <= 100"]', "trials=2"), progress
    )
    assert record.state() == "complete"
    assert registered(record) is None
    assert any("0 of 2 trials are feasible; the nearest, #" in m for m in progress.messages)


def test_a_taken_name_is_refused(finished_study: StudyRecord) -> None:
    with pytest.raises(UserError, match=r"exists in .*symray resume finished"):
        launch(finished_study.file, Progress(), threading.Event())


def test_repeats_are_averaged(make_file: MakeFile, assert_ledger: Ledger) -> None:
    record = run_here(make_file("repeats=2", "trials=1", "confirmation.top=0"))
    lines = metric_lines(record.trial_folder(0))
    assert len(lines) == 4
    assert lines[-1]["values"]["x_mae_sd"] > 0
    assert_ledger(record)


def test_pruned_trials_end_early_and_whole(make_file: MakeFile, assert_ledger: Ledger) -> None:
    record = run(
        make_file(
            "pruner={name: median, metric: x_mae, warmup_epochs: 1}",
            "search.learning_rate={choice: [1.0e-6, 1.0e-3]}",
            "training.learning_rate=null",
            "reference={learning_rate: 1.0e-3}",
            "training.epochs=6",
            "trials=14",
            "concurrency=2",
            "confirmation.top=0",
        )
    )
    pruned = record.trials(TrialState.PRUNED)
    assert pruned
    assert all(t.user_attrs["epochs"] < 6 and t.constraints for t in pruned)
    assert_ledger(record)


def test_no_trial_starts_after_the_time_limit(make_file: MakeFile, assert_ledger: Ledger) -> None:
    record = run_here(make_file("trials=500", "time_limit=3s", "confirmation.top=0"))
    assert record.state() == "complete"
    assert 1 <= len(record.trials()) < 50
    assert_ledger(record)


def test_what_cannot_run_is_refused_and_takes_no_name(make_file: MakeFile, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"resources\.cpu: a trial asks for 4000 CPUs"):
        run(make_file("resources.cpu=4000"))
    file = make_file()
    (tmp_path / "data.npz").write_text("no arrays")
    with pytest.raises(UserError, match=r"not an \.npz file"):
        run(file)
    assert study_names() == []


def test_a_record_that_cannot_be_written_stops_the_study(make_file: MakeFile) -> None:
    def fill_the_disk(task: Task, report: Report) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        run(make_file("confirmation.top=0"), Watching(fill_the_disk))
    record = again("small")
    assert [t.state.name for t in record.trials()] == ["COMPLETE"] * 3


def test_an_extension_during_the_confirmation_is_not_lost(
    make_file: MakeFile, assert_ledger: Ledger
) -> None:
    def extend(task: Task, report: Report) -> None:
        record = StudyRecord.open("small")
        if task.kind == "confirmation" and not record.events("extend"):
            record.add_event("extend", trials=1)

    record = run_here(make_file("trials=1", "confirmation={top: 1, seeds: 1}"), Watching(extend))
    assert record.state() == "complete"
    assert len(record.trials()) == 2
    assert_ledger(record)
