"""Studies whose workers are engines: each trial is for its user what it is without a pack."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from optuna.trial import TrialState
from watching import Watching

from driving import again, run
from symray.driver import driver, packing
from symray.record.study_record import StudyRecord
from symray.record.task_folder import metric_lines, task_events
from symray.study_file import StudyFile
from symray.tasks.task import Report, Task

Ledger = Callable[[StudyRecord], None]
MakeFile = Callable[..., StudyFile]


def pids(record: StudyRecord) -> set[int]:
    folders = [record.trial_folder(trial.number) for trial in record.trials()]
    starts = [e for folder in folders for e in task_events(folder) if e["event"] == "start"]
    assert all(start["pack"] for start in starts)
    return {start["pid"] for start in starts}


@pytest.mark.slow
def test_one_at_a_time_the_same_parameters_are_proposed(
    make_file: MakeFile, assert_ledger: Ledger, study_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the sampler goes by what earlier trials have come to."""
    overrides = ("sampler={name: tpe, startup_trials: 1}", "trials=4", "confirmation.top=0")
    records = []
    for pack in ("off", "3"):
        monkeypatch.setenv("SYMRAY_HOME", str(study_home / pack))
        records.append(run(make_file(*overrides, f"resources.pack={pack}")))
    alone, packed = records
    assert_ledger(packed)
    assert len(pids(packed)) == 1
    for a, b in zip(alone.trials(), packed.trials(), strict=True):
        assert a.params == b.params
        lines, others = (metric_lines(record.trial_folder(a.number)) for record in records)
        for line, other in zip(lines, others, strict=True):
            assert line["values"].keys() == other["values"].keys()
            assert line["values"]["x_mae"] == pytest.approx(other["values"]["x_mae"], rel=1e-3)


def test_trials_of_an_engine_are_pruned_stopped_and_fail_one_by_one(
    make_file: MakeFile, assert_ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trial 1 is stopped by hand; lambda overflows in some; some fall behind."""
    monkeypatch.setattr(driver, "POLL", 0.0)

    def stop(task: Task, report: Report) -> None:
        if task.number == 0 and report.epoch == 2:
            StudyRecord.open("small").add_event("stop", number=1)

    record = run(
        make_file(
            "pruner={name: median, metric: x_mae, warmup_epochs: 2}",
            "search.learning_rate={choice: [1.0e-6, 1.0e-3]}",
            "search.lambda_initial={choice: [1.0, 1.1, 1.2, 1.0e+308]}",
            "training.learning_rate=null",
            "training.lambda_max=1.0e+308",
            "training.epochs=8",
            "reference={learning_rate: 1.0e-3, lambda_initial: 1.0}",
            "trials=20",
            "concurrency=6",
            "resources={pack: 6}",
            "sampler=random",
            "confirmation.top=0",
        ),
        Watching(stop),
    )
    assert record.state() == "complete"
    assert_ledger(record)
    assert len(pids(record)) == 1
    reasons = {trial.number: trial.user_attrs.get("reason") for trial in record.trials()}
    stopped = reasons.pop(1)
    failed = record.trials(TrialState.FAIL)
    assert failed
    assert all(str(t.user_attrs["reason"]).startswith("diverged: ") for t in failed)
    assert stopped == "stopped by hand" or record.trial(1) in failed
    assert record.trial(0).state == TrialState.COMPLETE
    pruned = [number for number, reason in reasons.items() if str(reason).startswith("pruned")]
    assert pruned
    for number in pruned:
        assert record.trial(number).user_attrs["epochs"] < 8
        assert record.trial(number).constraints


def test_a_killed_engine_costs_what_was_not_checkpointed(
    make_file: MakeFile, assert_ledger: Ledger
) -> None:
    killed: list[int] = []

    def kill(task: Task, report: Report) -> None:
        if report.epoch == 4 and not killed:
            killed.append(task_events(Path(task.folder))[-1]["pid"])
            os.kill(killed[0], signal.SIGKILL)

    progress = Watching(kill)
    file = make_file(
        "training.epochs=8",
        "checkpoints.every=0s",
        "trials=3",
        "concurrency=3",
        "resources.pack=3",
        "confirmation.top=0",
    )
    record = run(file, progress)
    assert [t.state.name for t in record.trials()] == ["COMPLETE"] * 3
    events = [task_events(record.trial_folder(n)) for n in range(3)]
    assert [sum(e["event"] == "worker lost" for e in trial) for trial in events] == [1, 1, 1]
    starts = [e for trial in events for e in trial if e["event"] == "start"]
    assert all(3 <= e["epoch"] <= 5 for e in starts if e["attempt"] == 2)
    assert_ledger(record)


@pytest.mark.slow
def test_a_stopped_study_goes_on_without_its_packs(
    make_file: MakeFile, assert_ledger: Ledger
) -> None:
    def stop(task: Task, report: Report) -> None:
        record = StudyRecord.open("small")
        if report.epoch == 3 and not record.events("stop"):
            record.add_event("stop")

    file = make_file(
        "training.epochs=40", "concurrency=3", "resources.pack=3", "confirmation.top=0"
    )
    record = run(file, Watching(stop))
    assert record.state() == "stopped"
    begun = [len(metric_lines(record.trial_folder(n))) for n in range(3)]
    assert min(begun) >= 3  # no epoch that was reported is lost
    assert max(begun) < 40
    study = record.folder / "study.yaml"
    study.write_text(study.read_text().replace("pack: 3", "pack: 'off'"))
    record = again("small")
    assert_ledger(record)
    for number, epochs in enumerate(begun):
        first, second = (
            e for e in task_events(record.trial_folder(number)) if e["event"] == "start"
        )
        assert (first.get("pack"), second.get("pack")) == (3, None)
        assert second["epoch"] == epochs


def test_auto_is_measured_at_a_worker_and_kept_for_the_study(
    make_file: MakeFile, assert_ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "SHORT", 0)
    progress = Watching()
    record = run(make_file("trials=5", "concurrency=5", "confirmation.top=0"), progress)
    (decided,) = record.events("pack")
    assert decided["sentence"] in progress.messages
    assert decided["sentence"].startswith(("no pack on cpu: ", "packs of "))
    assert_ledger(record)
    record.add_event("extend", trials=1)
    again("small")
    assert len(record.events("pack")) == 1
