"""MLflow made equal to the record: again, after an interruption, with what doesn't belong there."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import Metric
from optuna.trial import TrialState

from symray.record import jsonl
from symray.record.study_record import StudyRecord, milliseconds
from symray.tasks.task import Task
from symray.tracking.names import task_of
from symray.tracking.projection import PARENT, Projection
from symray.tracking.run_contents import all_contents, contents_of

MakeRecord = Callable[..., StudyRecord]
AddTrial = Callable[..., Task]

GOOD = {"mi_z0_y": 0.25, "x_mae": 0.5, "y_mae": 1.0}


def sync_all(
    record: StudyRecord, client: MlflowClient, live: bool = True, deep: bool = False
) -> list[str]:
    """What a new driver, or ``symray reconcile``, does."""
    projection = Projection(record, client)
    return [
        done for contents in all_contents(record, live) for done in projection.sync(contents, deep)
    ]


def runs(client: MlflowClient, record: StudyRecord) -> dict[str, Any]:
    experiment = client.get_experiment_by_name(record.name)
    assert experiment is not None
    found = client.search_runs([experiment.experiment_id])
    assert len({task_of(run) for run in found}) == len(found)
    return {task_of(run): run for run in found}


def curves(client: MlflowClient, run: Any) -> dict[str, list[tuple[int, int, float]]]:
    """Every point that the server has: epoch, milliseconds, value."""
    return {
        name: [
            (p.step, p.timestamp, p.value) for p in client.get_metric_history(run.info.run_id, name)
        ]
        for name in run.data.metrics
    }


def recorded(task: Task) -> dict[str, list[tuple[int, int, float]]]:
    """The same from the record."""
    points: dict[str, list[tuple[int, int, float]]] = {}
    for line in jsonl.read(Path(task.folder) / "metrics.jsonl"):
        for name, value in (line["values"] | {"epoch": line["epoch"]}).items():
            points.setdefault(name, []).append((line["epoch"], round(line["time"] * 1000), value))
    return points


def whole_store(client: MlflowClient, record: StudyRecord) -> Any:
    return {
        name: (
            run.info.to_proto().SerializeToString(),
            run.data.to_dictionary(),
            curves(client, run),
        )
        for name, run in runs(client, record).items()
    }


def append(task: Task, first: int, last: int, **metrics: float) -> None:
    """Record further epochs."""
    lines = [
        {"epoch": epoch, "time": 1_700_000_000.5 + epoch, "values": metrics}
        for epoch in range(first, last + 1)
    ]
    jsonl.append(Path(task.folder) / "metrics.jsonl", lines)


def test_every_state_is_shown_with_its_own_times(
    make_record: MakeRecord, add_trial: AddTrial, embedded_store: MlflowClient
) -> None:
    record = make_record()
    states = [TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL, TrialState.RUNNING]
    tasks = [add_trial(record, state, **GOOD) for state in states]
    record.optuna.enqueue_trial({"beta": 3.0})
    sync_all(record, embedded_store)
    shown = runs(embedded_store, record)
    assert set(shown) == {record.name, *(task.name for task in tasks)}  # none for what waits
    for task, status in zip(tasks, ["FINISHED", "KILLED", "FAILED", "RUNNING"], strict=True):
        run, trial = shown[task.name], record.trial(task.number)
        assert run.info.status == status
        assert run.info.start_time == milliseconds(trial.datetime_start)
        assert run.info.end_time == milliseconds(trial.datetime_complete)
        assert curves(embedded_store, run) == recorded(task)
        assert run.data.params["beta"] == str(task.spec["settings"]["beta"])
        assert run.data.tags["symray.seed"] == str(task.number)
        assert run.data.tags["symray.state"] == trial.state.name
        assert run.data.tags["symray.code"] == "abc"
        assert run.data.tags[PARENT] == shown[record.name].info.run_id
        assert (Path(task.folder) / "mlflow_run_id").read_text() == run.info.run_id
    assert shown["trial-0002"].data.tags["symray.reason"] == "diverged"

    sync_all(record, embedded_store, live=False)
    assert runs(embedded_store, record)["trial-0003"].info.status == "SCHEDULED"
    record.optuna.tell(3, state=TrialState.FAIL)
    sync_all(record, embedded_store, live=False)
    assert runs(embedded_store, record)["trial-0003"].info.status == "FAILED"


def test_the_parent_run_describes_the_study(
    make_record: MakeRecord, embedded_store: MlflowClient
) -> None:
    record = make_record("seed=9")
    projection = Projection(record, embedded_store)
    parent = runs(embedded_store, record)[record.name]
    assert parent.data.params["seed"] == "9"
    assert parent.data.params["constraints"] == "['x_mae <= 0.8', 'y_mae <= 1.2']"
    assert [f.path for f in embedded_store.list_artifacts(parent.info.run_id)] == ["study.yaml"]
    for status in ("FINISHED", "RUNNING", "SCHEDULED"):
        projection.set_study_status(status)
        assert runs(embedded_store, record)[record.name].info.status == status
    Projection(record, embedded_store).log_summary({"trials_complete": 2.0, "best_x_mae": 0.5})
    again = Projection(record, embedded_store)
    again.log_summary({"trials_complete": 3.0, "best_x_mae": 0.5})
    history = curves(embedded_store, runs(embedded_store, record)[record.name])
    assert [value for _, _, value in history["trials_complete"]] == [2.0, 3.0]
    assert [value for _, _, value in history["best_x_mae"]] == [0.5]


@pytest.mark.parametrize("deep", [False, True])
def test_writing_again_adds_nothing(
    make_record: MakeRecord, add_trial: AddTrial, embedded_store: MlflowClient, deep: bool
) -> None:
    record = make_record()
    for state in (TrialState.COMPLETE, TrialState.FAIL):
        add_trial(record, state, **GOOD)
    assert sync_all(record, embedded_store) == [
        "trial-0000: run created",
        "trial-0000: 3 epochs added",
        "trial-0000: RUNNING -> FINISHED",
        "trial-0001: run created",
        "trial-0001: 3 epochs added",
        "trial-0001: RUNNING -> FAILED",
    ]
    before = whole_store(embedded_store, record)
    assert sync_all(record, embedded_store, deep=deep) == []
    assert whole_store(embedded_store, record) == before


def test_a_running_trial_grows_by_what_is_new(
    make_record: MakeRecord, add_trial: AddTrial, embedded_store: MlflowClient
) -> None:
    record = make_record()
    task = add_trial(record, TrialState.RUNNING, **GOOD)
    projection = Projection(record, embedded_store)
    for last in (3, 4, 7):
        append(task, 1 + len(recorded(task)["epoch"]), last, **GOOD)
        contents = contents_of(record, task.name, live=True)
        assert contents is not None
        projection.sync(contents)
        run = runs(embedded_store, record)[task.name]
        assert curves(embedded_store, run) == recorded(task)


def test_a_sync_cut_off_in_the_middle_of_an_epoch_is_completed(
    make_record: MakeRecord, add_trial: AddTrial, embedded_store: MlflowClient
) -> None:
    record = make_record()
    task = add_trial(record, TrialState.RUNNING, **GOOD)
    sync_all(record, embedded_store)
    run = runs(embedded_store, record)[task.name]
    append(task, 4, 6, **GOOD)
    fourth = jsonl.read(Path(task.folder) / "metrics.jsonl")[3]
    cut_off = [
        Metric(name, fourth["values"][name], round(fourth["time"] * 1000), 4) for name in GOOD
    ]
    embedded_store.log_batch(run.info.run_id, metrics=cut_off[:2])
    assert sync_all(record, embedded_store) == [f"{task.name}: 3 epochs added"]
    assert curves(embedded_store, runs(embedded_store, record)[task.name]) == recorded(task)


def test_a_gap_in_the_middle_is_found_by_a_deep_look(
    make_record: MakeRecord, add_trial: AddTrial, embedded_store: MlflowClient
) -> None:
    record = make_record()
    task = add_trial(record, TrialState.RUNNING, **GOOD)
    path = Path(task.folder) / "metrics.jsonl"
    whole = path.read_text().splitlines(keepends=True)
    path.write_text(whole[0] + whole[2])
    sync_all(record, embedded_store)
    path.write_text("".join(whole))
    assert sync_all(record, embedded_store) == []  # it only looks at the last epoch
    assert sync_all(record, embedded_store, deep=True) == [f"{task.name}: 1 epochs added"]
    shown = curves(embedded_store, runs(embedded_store, record)[task.name])
    assert {name: sorted(points) for name, points in shown.items()} == recorded(task)


def test_numbers_that_are_not_finite_are_written_once(
    make_record: MakeRecord, add_trial: AddTrial, embedded_store: MlflowClient
) -> None:
    record = make_record()
    task = add_trial(record, **GOOD)
    append(task, 4, 4, x_mae=math.nan, y_mae=math.inf)
    sync_all(record, embedded_store)
    for deep in (False, True):
        assert sync_all(record, embedded_store, deep=deep) == []
    points = curves(embedded_store, runs(embedded_store, record)[task.name])["x_mae"]
    assert [math.isnan(value) for _, _, value in points] == [False, False, False, True]


def test_more_than_a_request_may_carry(
    make_record: MakeRecord, add_trial: AddTrial, embedded_store: MlflowClient
) -> None:
    record = make_record()
    task = add_trial(record, epochs=600, **GOOD)
    sync_all(record, embedded_store)
    assert curves(embedded_store, runs(embedded_store, record)[task.name]) == recorded(task)


def test_runs_that_do_not_belong_to_the_record_are_deleted(
    make_record: MakeRecord, add_trial: AddTrial, embedded_store: MlflowClient
) -> None:
    record = make_record()
    task = add_trial(record, **GOOD)
    sync_all(record, embedded_store)
    before = whole_store(embedded_store, record)
    experiment = Projection(record, embedded_store).experiment
    tags = {"symray.study": record.name}
    for name in ("trial-0099", task.name, task.name, record.name):
        embedded_store.create_run(experiment, tags=tags, run_name=name)
    foreign = embedded_store.create_run(experiment, run_name="somebody's own")
    done = Projection(record, embedded_store).delete_strangers(
        list(all_contents(record, live=True))
    )
    assert sorted(done) == [
        "searched: second run deleted",
        "trial-0000: second run deleted",
        "trial-0000: second run deleted",
        "trial-0099: run deleted, the record doesn't know it",
    ]
    embedded_store.delete_run(foreign.info.run_id)  # it was left alone until here
    assert whole_store(embedded_store, record) == before
    assert (
        Projection(record, embedded_store).delete_strangers(list(all_contents(record, True))) == []
    )


def test_a_run_that_somebody_deleted_is_made_again(
    make_record: MakeRecord, add_trial: AddTrial, embedded_store: MlflowClient
) -> None:
    record = make_record()
    task = add_trial(record, **GOOD)
    sync_all(record, embedded_store)
    embedded_store.delete_run(runs(embedded_store, record)[task.name].info.run_id)
    sync_all(record, embedded_store)
    run = runs(embedded_store, record)[task.name]
    assert curves(embedded_store, run) == recorded(task)
    assert (Path(task.folder) / "mlflow_run_id").read_text() == run.info.run_id


@pytest.mark.parametrize(("step", "value"), [(3, 99.0), (77, 99.0), (77, math.nan)])
def test_a_run_with_values_that_are_not_the_records_is_made_again(
    make_record: MakeRecord,
    add_trial: AddTrial,
    embedded_store: MlflowClient,
    step: int,
    value: float,
) -> None:
    record = make_record()
    task = add_trial(record, **GOOD)
    sync_all(record, embedded_store)
    run = runs(embedded_store, record)[task.name].info.run_id
    embedded_store.log_metric(run, "somebodys_own", 1.0)
    assert sync_all(record, embedded_store, deep=True) == []
    embedded_store.log_metric(run, "x_mae", value, step=step)
    assert sync_all(record, embedded_store, deep=True)[0] == (
        f"{task.name}: run deleted, it holds values that the record doesn't have"
    )
    shown = curves(embedded_store, runs(embedded_store, record)[task.name])
    assert shown == recorded(task)
    assert sync_all(record, embedded_store, deep=True) == []


def test_a_tag_that_was_changed_is_set_again(
    make_record: MakeRecord, add_trial: AddTrial, embedded_store: MlflowClient
) -> None:
    record = make_record()
    task = add_trial(record, **GOOD)
    sync_all(record, embedded_store)
    run = runs(embedded_store, record)[task.name].info.run_id
    embedded_store.set_tag(run, "symray.state", "FAIL")
    assert sync_all(record, embedded_store) == [f"{task.name}: tags set: symray.state"]
    assert sync_all(record, embedded_store) == []


def test_figures_are_uploaded_once_and_again_when_they_change(
    make_record: MakeRecord, add_trial: AddTrial, embedded_store: MlflowClient, study_home: Path
) -> None:
    record = make_record()
    task = add_trial(record, **GOOD)
    figure = Path(task.folder) / "figures" / "latent_space.png"
    figure.parent.mkdir()
    figure.write_bytes(b"first")
    sync_all(record, embedded_store)
    (shown,) = study_home.glob("mlartifacts/**/latent_space.png")
    assert shown.read_bytes() == b"first"
    shown.write_bytes(b"left alone")
    sync_all(record, embedded_store, deep=True)
    assert shown.read_bytes() == b"left alone"
    figure.write_bytes(b"second")
    sync_all(record, embedded_store)
    assert shown.read_bytes() == b"second"
