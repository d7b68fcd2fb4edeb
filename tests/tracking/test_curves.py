"""Curves of the system, written as those of training are: once, and again where they lack."""

from collections.abc import Callable
from pathlib import Path

from mlflow import MlflowClient
from optuna.trial import TrialState

from symray.record import jsonl
from symray.record.study_record import StudyRecord
from symray.record.task_folder import SYSTEM, run_id
from symray.tasks.task import Task
from symray.tracking.curves import SAMPLED
from symray.tracking.projection import Projection
from symray.tracking.run_contents import contents_of

NAMES = (SAMPLED, "system/gpu_0_utilization_percentage")

Points = dict[str, list[tuple[int, int, float]]]


def sample(task: Task, first: int, last: int) -> None:
    times = [1_700_000_000.5 + 10 * number for number in range(first, last + 1)]
    lines = [{"time": time, "values": dict.fromkeys(NAMES, time % 97)} for time in times]
    jsonl.append(Path(task.folder) / SYSTEM, lines)


def recorded(task: Task) -> Points:
    lines = list(enumerate(jsonl.read(Path(task.folder) / SYSTEM), start=1))
    return {
        name: [(k, round(line["time"] * 1000), line["values"][name]) for k, line in lines]
        for name in NAMES
    }


def test_samples_are_shown_once_and_mended(
    make_record: Callable[..., StudyRecord],
    add_trial: Callable[..., Task],
    embedded_store: MlflowClient,
) -> None:
    record = make_record()
    task = add_trial(record, TrialState.RUNNING, x_mae=0.5, y_mae=1.0, mi_z0_y=0.25)

    def sync(projection: Projection, deep: bool = False) -> list[str]:
        contents = contents_of(record, task.name, live=True)
        assert contents is not None
        return projection.sync(contents, deep)

    def shown() -> Points:
        run = str(run_id(Path(task.folder)))
        points = {name: embedded_store.get_metric_history(run, name) for name in NAMES}
        return {k: sorted((p.step, p.timestamp, p.value) for p in v) for k, v in points.items()}

    sample(task, 1, 3)
    added = sync(Projection(record, embedded_store))
    assert f"{task.name}: 3 samples of the system added" in added
    projection = Projection(record, embedded_store)  # another driver's, which goes on
    for first, last in ((4, 5), (6, 6)):
        sample(task, first, last)
        assert len(sync(projection)) == 1
        assert shown() == recorded(task)
    for deep in (False, True):
        assert sync(Projection(record, embedded_store), deep) == []

    embedded_store.log_metric(str(run_id(Path(task.folder))), SAMPLED, 99.0, step=77)
    (gone, *_) = sync(Projection(record, embedded_store), deep=True)
    assert gone.endswith("run deleted, it holds values that the record doesn't have")
    assert shown() == recorded(task)
