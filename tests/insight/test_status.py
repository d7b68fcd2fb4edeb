import json
from collections.abc import Callable
from pathlib import Path

from optuna.trial import TrialState

from symray.insight.status import ended_count, status
from symray.record import jsonl
from symray.record.study_record import StudyRecord
from symray.search.leaderboard import leaderboard
from symray.search.search import Search
from symray.tasks.task import Report

MakeRecord = Callable[..., StudyRecord]
MakeSearch = Callable[[StudyRecord], Search]

VALUES = {"x_mae": 0.5, "y_mae": 0.9, "mi_z0_y": 0.3, "train/kl": 2.0}


def test_a_finished_study(finished_study: StudyRecord) -> None:
    found = status(finished_study)
    assert list(found) == ["study", "state", "trials", "best", "confirmed", "model", "warnings"]
    assert (found["study"], found["state"]) == ("finished", "complete")
    assert [trial["number"] for trial in found["trials"]] == [0, 1, 2]
    for trial in found["trials"]:
        assert list(trial) == ["number", "state", "params", "metrics", "mlflow_run_id", "epochs"]
        assert (trial["state"], trial["epochs"]) == ("COMPLETE", 2)
        assert trial["params"].keys() == {"beta", "lambda_growth"}
        folder = finished_study.trial_folder(trial["number"])
        last = json.loads((folder / "metrics.jsonl").read_text().splitlines()[-1])["values"]
        assert trial["metrics"] == {k: last[k] for k in trial["metrics"]}
        assert {"x_mae", "y_mae", "mi_z0_y", "probe_r2"} <= trial["metrics"].keys()
        assert trial["mlflow_run_id"] == (folder / "mlflow_run_id").read_text()
    assert found["best"]["number"] == leaderboard(finished_study)[0].number
    assert found["best"]["feasible"]
    assert found["confirmed"]["winner"] == found["best"]["number"]
    assert found["model"] == {"name": "finished", "version": "1", "champion": "1"}
    assert ended_count(finished_study) == 3


def test_a_running_trial_shows_its_last_recorded_epoch(
    make_record: MakeRecord, make_search: MakeSearch
) -> None:
    record = make_record()
    task = make_search(record).next()
    assert task is not None
    lines = [{"epoch": e, "time": 0.0, "values": VALUES | {"x_mae": e}} for e in (1, 2)]
    jsonl.append(Path(task.folder) / "metrics.jsonl", lines)
    (trial,) = status(record)["trials"]
    assert (trial["state"], trial["epochs"]) == ("RUNNING", 2)
    assert trial["metrics"] == {"x_mae": 2, "y_mae": 0.9, "mi_z0_y": 0.3}
    assert trial["mlflow_run_id"] is None
    assert ended_count(record) == 0


def test_nothing_feasible_is_no_best(make_record: MakeRecord, make_search: MakeSearch) -> None:
    record = make_record("objectives={mi_z0_y: minimize}")
    search = make_search(record)
    for values in (VALUES | {"x_mae": 0.9}, VALUES | {"y_mae": float("nan")}):
        task = search.next()
        assert task is not None
        search.finish(task, Report(4, 4, values, "complete"), None)
    failing = search.next()
    assert failing is not None
    search.finish(failing, Report(1, 4, {}, "failed", "diverged"), None)
    found = status(record)
    assert found["best"] is None
    assert found["confirmed"] is None
    assert found["model"] is None
    assert [t["state"] for t in found["trials"]] == ["COMPLETE", "COMPLETE", "FAIL"]
    assert ended_count(record) == len(record.trials(TrialState.COMPLETE, TrialState.FAIL)) == 3
