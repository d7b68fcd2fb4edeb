"""The background writer, with a server that is there, one that isn't, and one that comes later."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from optuna.trial import TrialState

from symray.record.study_folder import identity
from symray.record.study_record import StudyRecord
from symray.record.task_folder import metric_lines
from symray.tasks.task import Task
from symray.tracking.client import experiment_id
from symray.tracking.projection import Projection
from symray.tracking.run_contents import contents_of
from symray.tracking.ui import Server
from symray.tracking.writer import MLflowWriter

MakeRecord = Callable[..., StudyRecord]
AddTrial = Callable[..., Task]

GOOD = {"mi_z0_y": 0.25, "x_mae": 0.5, "y_mae": 1.0}
PATIENCE = 60.0


def writer_to(
    record: StudyRecord, client: MlflowClient, told: list[str] | None = None
) -> MLflowWriter:
    return MLflowWriter(
        connect=lambda: Projection(record, client),
        contents=lambda name: contents_of(record, name, live=True),
        notify=(told if told is not None else []).append,
    )


def wait_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def shown(record: StudyRecord, client: MlflowClient, task: Task) -> list[tuple[int, float]]:
    """The curve of x_mae in MLflow."""
    runs = client.search_runs(
        [experiment_id(client, record.name, identity(record.folder))],
        f"tags.`symray.task` = '{task.name}'",
    )
    assert len(runs) == 1
    return [(p.step, p.value) for p in client.get_metric_history(runs[0].info.run_id, "x_mae")]


def recorded(task: Task) -> list[tuple[int, float]]:
    return [(line["epoch"], line["values"]["x_mae"]) for line in metric_lines(Path(task.folder))]


def test_what_is_marked_is_written_when_the_writer_closes(
    make_record: MakeRecord, add_trial: AddTrial, embedded_store: MlflowClient
) -> None:
    record = make_record()
    tasks = [add_trial(record, **GOOD) for _ in range(2)]
    writer = writer_to(record, embedded_store)
    for name in ("trial-0000", "trial-0000", "trial-0001"):
        writer.mark(name)
    writer.start()
    record.optuna.enqueue_trial({"beta": 3.0})
    writer.mark("trial-0002")  # nothing of it is on disk yet
    assert writer.close(PATIENCE)
    assert writer.away is None
    for task in tasks:
        assert shown(record, embedded_store, task) == recorded(task)


def test_what_changes_later_is_written_without_a_close(
    make_record: MakeRecord, add_trial: AddTrial, embedded_store: MlflowClient
) -> None:
    record = make_record()
    writer = writer_to(record, embedded_store)
    writer.start()
    task = add_trial(record, TrialState.RUNNING, **GOOD)
    writer.mark(task.name)
    wait_for(lambda: (Path(task.folder) / "mlflow_run_id").exists())
    assert writer.close(PATIENCE)
    assert shown(record, embedded_store, task) == recorded(task)


def test_a_view_that_cannot_be_read_stays_marked(
    make_record: MakeRecord, add_trial: AddTrial, embedded_store: MlflowClient
) -> None:
    record = make_record()
    task = add_trial(record, **GOOD)
    file = Path(task.folder) / "task.json"
    content = file.read_text()
    file.write_text("{")
    writer = writer_to(record, embedded_store)
    writer.mark(task.name)
    writer.start()
    wait_for(lambda: writer.away)
    file.write_text(content)
    assert writer.close(PATIENCE)
    assert shown(record, embedded_store, task) == recorded(task)


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
        return number


@pytest.fixture
def servers() -> Iterator[list[Server]]:
    """Servers that are stopped at the end."""
    started: list[Server] = []
    yield started
    for server in started:
        server.stop()


def test_a_server_that_is_away_costs_nothing_and_gets_everything_when_it_comes_back(
    make_record: MakeRecord,
    add_trial: AddTrial,
    embedded_store: MlflowClient,
    port: int,
    servers: list[Server],
) -> None:
    record = make_record()
    tasks = [add_trial(record, **GOOD) for _ in range(2)]
    client = MlflowClient(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port}")

    lost = writer_to(record, client)
    lost.mark(tasks[0].name)
    lost.start()
    assert not lost.close(PATIENCE)
    assert lost.away is not None
    assert "refused" in lost.away

    told: list[str] = []
    writer = writer_to(record, client, told)
    for task in tasks:
        writer.mark(task.name)
    writer.start()
    wait_for(lambda: writer.away)
    servers.append(Server(port))
    assert servers[0].wait(threading.Event())
    assert writer.close(PATIENCE)
    assert writer.away is None
    gone, back = told
    assert gone.startswith("does not answer (Connection refused); the study goes on")
    assert back == "answers again"
    for task in tasks:
        assert shown(record, client, task) == recorded(task)


class AnswerLost(MlflowClient):
    """Makes the first run, and nobody hears of it."""

    lost = False

    def create_run(self, *args: Any, **kwargs: Any) -> Any:
        made = super().create_run(*args, **kwargs)
        if kwargs["tags"].get("symray.task") == "trial-0000" and not self.lost:
            self.lost = True
            raise ConnectionError("reset by peer")
        return made


def test_a_run_whose_making_was_not_answered_is_not_made_again(
    make_record: MakeRecord, add_trial: AddTrial, embedded_store: MlflowClient
) -> None:
    record = make_record()
    task = add_trial(record, **GOOD)
    writer = writer_to(record, AnswerLost(embedded_store.tracking_uri))
    writer.mark(task.name)
    writer.start()
    wait_for(lambda: writer.away)
    assert writer.close(PATIENCE)
    assert shown(record, embedded_store, task) == recorded(task)
