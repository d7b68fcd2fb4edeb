"""A trial's story, against a record written step by step."""

import math
from collections.abc import Callable

import pytest

from symray.errors import UserError
from symray.insight.explain import Judgement, explain
from symray.record import jsonl
from symray.record.study_record import StudyRecord
from symray.search.requests import retry
from symray.search.search import Search
from symray.tasks.task import Report, Task

MakeRecord = Callable[..., StudyRecord]
MakeSearch = Callable[[StudyRecord], Search]


def begun(search: Search) -> Task:
    task = search.next()
    assert task is not None
    return task


def test_a_completed_trial_of_a_real_study(finished_study: StudyRecord) -> None:
    story = explain(finished_study, 0)
    assert (story.state, story.why) == ("COMPLETE", "trained all its 2 epochs")
    assert story.asked_by == "the study file's reference"
    assert story.params["beta"] == 400
    (start,) = story.events
    assert (start["event"], start["attempt"], start["epoch"]) == ("start", 1, 0)
    assert start["device"].startswith(("cpu", "cuda"))
    assert start["pid"] > 0
    assert story.seconds is not None
    assert story.seconds > 0
    assert [(j.constraint, j.kept) for j in story.judgements] == [
        ("x_mae <= 100.0", True),
        ("y_mae <= 100.0", True),
    ]
    assert {"train/kl", "train/x_rec", "lambda"} <= story.terms.keys()
    assert not story.terms.keys() & story.metrics.keys()
    assert story.metrics["x_mae"] > 0
    assert {"symray.code", "symray.data_key"} <= story.tags.keys()
    assert story.mlflow_run_id
    assert story.mlflow_link is None
    assert story.repeat == "symray rerun finished 0"
    assert explain(finished_study, 1).asked_by == "the tpe sampler"


def test_a_servers_page_of_the_run_is_linked(
    finished_study: StudyRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://tracking.example:5000/")
    story = explain(finished_study, 0)
    assert story.mlflow_link == f"http://tracking.example:5000/#/runs/{story.mlflow_run_id}"


def test_a_diverged_trial_and_its_retry(make_record: MakeRecord, make_search: MakeSearch) -> None:
    record = make_record()
    search = make_search(record)
    task = begun(search)
    folder = record.trial_folder(0)
    values = [{"train/kl": 1.0, "lambda": 0.7, "x_mae": 3.0}, {"train/kl": math.nan, "lambda": 0.8}]
    lines = [{"epoch": i + 1, "time": 0.0, "values": v} for i, v in enumerate(values)]
    jsonl.append(folder / "metrics.jsonl", lines)
    lost = [{"event": "worker lost", "time": 1.0, "reason": "the node died"}]
    jsonl.append(folder / "events.jsonl", lost)
    search.finish(task, Report(2, 4, values[1], "failed", "diverged: kl"), None)
    story = explain(record, 0)
    assert (story.state, story.why) == ("FAIL", "diverged: kl")
    assert story.asked_by == "the reference: preset paper"
    assert story.terms == {"train/kl": (1.0, 1), "lambda": (0.8, 2)}
    assert story.metrics == {"x_mae": 3.0}
    assert story.judgements[0] == Judgement("x_mae <= 0.8", 3.0, pytest.approx(2.2))
    assert not story.judgements[0].kept
    assert (story.judgements[1].value, story.judgements[1].kept) == (None, False)
    assert story.events == lost

    assert retry(record) == [0]
    again = begun(make_search(record))
    assert explain(record, again.number).asked_by == "a retry of trial 0"


def test_a_pruned_trial_shows_what_the_pruner_was_told(
    make_record: MakeRecord, make_search: MakeSearch
) -> None:
    record = make_record("pruner={name: median, metric: x_mae, warmup_epochs: 1}", "trials=12")
    search = make_search(record)
    good = {"mi_z0_y": 0.1, "x_mae": 0.5, "y_mae": 1.0}
    for _ in range(6):
        task = begun(search)
        for epoch in range(1, 4):
            search.report(task, Report(epoch, 4, good))
        search.finish(task, Report(4, 4, good, "complete"), None)
    task = begun(search)
    for epoch in (1, 2):
        search.report(task, Report(epoch, 4, good | {"x_mae": 5.0 + epoch}))
    search.finish(task, Report(2, 4, good | {"x_mae": 7.0}), None)
    story = explain(record, task.number)
    assert (story.state, story.why) == ("PRUNED", "pruned in epoch 2")
    assert (story.pruned_on, story.rungs) == ("x_mae", {1: 6.0, 2: 7.0})


def test_trials_that_have_not_ended(make_record: MakeRecord, make_search: MakeSearch) -> None:
    record = make_record()
    begun(make_search(record))
    story = explain(record, 0)
    assert story.state == "RUNNING"
    assert story.why == ("was interrupted after epoch 0; `symray resume searched` goes on with it")
    assert (story.seconds, story.judgements, story.mlflow_run_id) == (None, [], None)
    with pytest.raises(UserError, match="has no trial 1; its trials are 0 to 0"):
        explain(record, 1)
