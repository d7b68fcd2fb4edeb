"""The search against Optuna's real storage, from the first trial to a second driver."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

from searching import GOOD, complete, handed_out, reopened, report
from symray.record import jsonl
from symray.record.study_record import StudyRecord
from symray.search.requests import retry
from symray.search.search import Search
from symray.tasks.task import Report, Task

MakeRecord = Callable[..., StudyRecord]
MakeSearch = Callable[[StudyRecord], Search]


def test_trial_0_takes_the_papers_values_and_is_marked(
    make_record: MakeRecord, make_search: MakeSearch
) -> None:
    record = make_record()
    task = handed_out(make_search(record))
    assert task.number == 0
    assert task.spec["settings"]["beta"] == 400
    assert task.spec["settings"]["lambda_growth"] == 1.03
    assert record.trial(0).user_attrs["reference"] is True


def test_the_budget_is_kept(make_record: MakeRecord, make_search: MakeSearch) -> None:
    search = make_search(make_record("trials=3"))
    for _ in range(3):
        complete(search, handed_out(search), **GOOD)
    assert search.next() is None
    assert search.exhausted


def test_a_complete_trial_holds_its_values_constraints_and_metrics(
    make_record: MakeRecord, make_search: MakeSearch
) -> None:
    record = make_record()
    search = make_search(record)
    complete(search, handed_out(search), mi_z0_y=0.3, x_mae=1.0, y_mae=1.0)
    trial = record.trial(0)
    assert (trial.state, trial.values) == (TrialState.COMPLETE, [0.3])
    assert trial.user_attrs["metrics"] == {"mi_z0_y": 0.3, "x_mae": 1.0, "y_mae": 1.0}
    assert trial.constraints == {
        "x_mae <= 0.8": pytest.approx(0.2),
        "y_mae <= 1.2": pytest.approx(-0.2),
    }


def test_a_second_driver_hands_out_the_running_trials_first(
    make_record: MakeRecord, make_search: MakeSearch
) -> None:
    record = make_record()
    first = make_search(record)
    tasks = [handed_out(first) for _ in range(3)]
    complete(first, tasks[1], **GOOD)

    second = make_search(reopened(record))
    again = [handed_out(second) for _ in range(3)]
    assert [task.number for task in again] == [0, 2, 3]
    assert again[:2] == [tasks[0], tasks[2]]


def test_a_suggestion_cut_off_by_a_kill_is_made_again_the_same(
    make_record: MakeRecord, make_search: MakeSearch
) -> None:
    record = make_record("sampler.startup_trials=1", "sampler.name=tpe")
    search = make_search(record)
    for _ in range(3):
        complete(search, handed_out(search), **GOOD)
    whole = record.folder / "optuna.journal"
    before = whole.read_bytes()
    expected = handed_out(search).spec["settings"]
    lines = whole.read_bytes()[len(before) :].splitlines(keepends=True)
    for kept in range(1, len(lines)):  # from "asked, nothing suggested" to "all suggested"
        whole.write_bytes(before + b"".join(lines[:kept]) + lines[kept][:7])
        task = handed_out(make_search(reopened(record)))
        assert task.number == 3
        assert task.spec["settings"] == expected


@pytest.mark.parametrize("sampler", ["tpe", "random", "nsga2", "cmaes"])
def test_a_resumed_study_goes_on_as_an_uninterrupted_one_would(
    make_record: MakeRecord, make_search: MakeSearch, sampler: str
) -> None:
    def loss(task: Task) -> dict[str, float]:
        s = task.spec["settings"]
        return GOOD | {"mi_z0_y": abs(math.log(s["beta"] / 30)) + s["lambda_growth"]}

    record = make_record(f"sampler={sampler}", "trials=24", "study=whole")
    whole = make_search(record)
    expected = []
    while task := whole.next():
        expected.append(task.spec["settings"])
        complete(whole, task, **loss(task))

    record = make_record(f"sampler={sampler}", "trials=24", "study=cut")
    found = []
    for number in range(24):
        search = make_search(reopened(record))  # a new driver for every trial
        task = handed_out(search)
        if number % 3 == 0:
            task = handed_out(make_search(reopened(record)))  # that one was killed at once
        found.append(task.spec["settings"])
        complete(make_search(reopened(record)), task, **loss(task))
    assert found == expected


def test_nothing_is_enqueued_twice(make_record: MakeRecord, make_search: MakeSearch) -> None:
    record = make_record()
    for _ in range(4):
        make_search(reopened(record))
    search = make_search(reopened(record))
    tasks = [handed_out(search) for _ in range(6)]
    assert sum(task.spec["settings"]["beta"] == 400 for task in tasks) == 1
    assert len(record.trials()) == 6


def test_a_metric_that_is_not_finite_fails_the_trial_with_the_reason(
    make_record: MakeRecord, make_search: MakeSearch
) -> None:
    record = make_record()
    search = make_search(record)
    complete(search, handed_out(search), **(GOOD | {"mi_z0_y": math.nan}))
    task = handed_out(search)
    search.finish(task, report(2, "failed", "diverged: x_rec", x_mae=1.0), None)
    task = handed_out(search)
    search.finish(task, None, "lost its worker 4 times")
    assert [t.state for t in record.trials()] == [TrialState.FAIL] * 3
    assert [t.user_attrs["reason"] for t in record.trials()] == [
        "an objective is not finite",
        "diverged: x_rec",
        "lost its worker 4 times",
    ]
    assert not record.trials(TrialState.RUNNING)


def test_failed_trials_are_retried_as_new_trials_once(
    make_record: MakeRecord, make_search: MakeSearch
) -> None:
    record = make_record("trials=2")
    search = make_search(record)
    first, second = handed_out(search), handed_out(search)
    search.finish(first, None, "gone")
    complete(search, second, **GOOD)
    assert search.exhausted
    assert retry(record) == [0]
    assert retry(record) == []
    search.apply_requests()  # what a running driver does
    again = handed_out(search)
    assert again.number == 2
    assert again.spec == first.spec
    assert record.trial(2).user_attrs["retry_of"] == 0
    search = make_search(reopened(record))
    complete(search, handed_out(search), **GOOD)
    assert make_search(reopened(record)).exhausted


def test_an_extension_is_seen_by_a_running_search(
    make_record: MakeRecord, make_search: MakeSearch
) -> None:
    record = make_record("trials=1")
    search = make_search(record)
    complete(search, handed_out(search), **GOOD)
    assert search.exhausted
    record.add_event("extend", trials=2)
    assert not search.exhausted
    assert handed_out(search).number == 1


def test_a_trial_is_stopped_by_hand(make_record: MakeRecord, make_search: MakeSearch) -> None:
    record = make_record()
    search = make_search(record)
    task = handed_out(search)
    assert not search.report(task, report(1, **GOOD))
    record.add_event("stop", number=0)
    search.apply_requests()
    assert search.report(task, report(2))  # an epoch that is not evaluated
    search.finish(task, report(2), None)
    trial = record.trial(0)
    assert (trial.state, trial.user_attrs["reason"]) == (TrialState.PRUNED, "stopped by hand")
    assert trial.constraints["x_mae <= 0.8"] == pytest.approx(-0.3)
    assert trial.user_attrs["metrics"] == GOOD


def test_a_resumed_trial_that_is_stopped_keeps_what_was_evaluated_before(
    make_record: MakeRecord, make_search: MakeSearch
) -> None:
    record = make_record()
    task = handed_out(make_search(record))
    line = {"epoch": 1, "time": 0.0, "values": {**GOOD, "train/kl": 1.0}}
    jsonl.append(Path(task.folder) / "metrics.jsonl", [line])
    record.add_event("stop", number=0)
    search = make_search(reopened(record))
    task = handed_out(search)
    assert search.report(task, report(2))
    search.finish(task, report(2), None)
    assert record.trial(0).user_attrs["metrics"] == GOOD


def test_a_grid_is_tried_point_by_point_whatever_interrupts_it(
    make_record: MakeRecord, make_search: MakeSearch
) -> None:
    record = make_record(
        "sampler=grid",
        "trials=null",
        "search.beta={choice: [1, 10], low: null, high: null, log: null}",
        "search.lambda_growth=null",
        "search.adversary_steps={low: 1, high: 3}",
    )
    seen = []
    while True:
        search = make_search(reopened(record))
        task = search.next()
        if task is None:
            break
        seen.append((task.spec["settings"]["beta"], task.spec["settings"]["adversary_steps"]))
        complete(search, task, **GOOD)
    assert seen == [(1, 1), (1, 2), (1, 3), (10, 1), (10, 2), (10, 3)]


def test_a_slow_sampler_thinks_off_the_loop(
    make_record: MakeRecord, make_search: MakeSearch
) -> None:
    record = make_record("sampler=gp", "reference=false", "trials=2")
    search = make_search(record)
    tasks = []
    turns = 0
    while len(tasks) < 2:
        task = search.next()
        turns += 1
        if task:
            tasks.append(task)
            complete(search, task, **GOOD)
    assert turns > 2  # next() came back with nothing instead of waiting
    assert [task.number for task in tasks] == [0, 1]


def test_other_programs_read_the_study(make_record: MakeRecord, make_search: MakeSearch) -> None:
    record = make_record()
    search = make_search(record)
    for _ in range(4):
        complete(search, handed_out(search), **GOOD)
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    storage = JournalStorage(JournalFileBackend(str(record.folder / "optuna.journal")))
    study = optuna.load_study(study_name="searched", storage=storage)
    assert len(study.trials) == 4
    assert study.best_trial.values == [0.1]


def test_a_launch_killed_before_it_was_noted_can_be_resumed(make_record: MakeRecord) -> None:
    record = make_record()
    (record.folder / "events.jsonl").unlink()
    assert record.state() == "interrupted"
    assert record.check_code(accept_change=False)


def test_a_trial_whose_asking_was_in_doubt_is_handed_out(
    make_record: MakeRecord, make_search: MakeSearch
) -> None:
    """A database that broke off while a trial was asked for may have made it all the same."""
    record = make_record()
    search = make_search(record)
    first = handed_out(search)
    record.optuna.ask()
    second = handed_out(search)
    assert (first.number, second.number) == (0, 1)
    assert set(record.trial(1).params) == {"beta", "lambda_growth"}
    assert handed_out(search).number == 2


def test_a_trial_that_needed_more_of_a_gpu_keeps_it_after_a_restart(
    make_record: MakeRecord, make_search: MakeSearch
) -> None:
    record = make_record("resources={gpu: 0.25, retry_gpu: 0.5}", "trials=2")
    task = handed_out(make_search(record))
    assert task.gpu is None
    replace(task, gpu=0.5).save()
    again = handed_out(make_search(reopened(record)))
    assert (again.number, again.gpu) == (0, 0.5)
    assert again.spec == task.spec


def test_without_a_bigger_share_it_fails_with_its_reason(
    make_record: MakeRecord, make_search: MakeSearch
) -> None:
    record = make_record()
    search = make_search(record)
    search.finish(
        handed_out(search), Report(1, 4, {}, "failed", "no memory", out_of_memory=True), None
    )
    assert record.trial(0).state == TrialState.FAIL
