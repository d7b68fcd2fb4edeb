"""Whole studies on an object store: the driver and its workers share nothing else."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import ray
from ray.cluster_utils import Cluster
from watching import Watching

from services import S3Server
from symray.driver.launch import launch, resume
from symray.errors import UserError
from symray.record.home import home
from symray.record.object_store.objects import Store
from symray.record.study_record import StudyRecord
from symray.record.task_folder import metric_lines, task_events
from symray.search.leaderboard import leaderboard
from symray.search.pretraining import pretraining_folders
from symray.search.progress import Progress
from symray.study_file import load_study_file
from symray.tasks.task import Report, Task

WriteStudy = Callable[[Path, str], Path]
Ledger = Callable[[StudyRecord], None]


@pytest.fixture
def nodes(
    s3_address: str, tmp_path: Path, study_home: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """A head and a worker node with homes of their own, and a store; the store's address."""
    monkeypatch.setenv("SYMRAY_STORE", s3_address)
    ray.shutdown()  # an earlier test's, whose workers know nothing of this store
    monkeypatch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "1")
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    cluster.add_node(num_cpus=1, env_vars={"SYMRAY_HOME": str(tmp_path / "node")})
    monkeypatch.setenv("RAY_ADDRESS", cluster.address)
    yield s3_address
    ray.shutdown()
    cluster.shutdown()


def test_a_study_whose_nodes_share_only_a_store(
    nodes: str,
    tmp_path: Path,
    write_study: WriteStudy,
    assert_ledger: Ledger,
    s3_server: S3Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (file,) = load_study_file(
        write_study(tmp_path, "stored"),
        ["trials=5", "checkpoints={keep: 2, every: 0s}", "training.epochs=3"],
    )
    paused = threading.Event()

    def pause(task: Task, report: Report) -> None:
        if task.number == 1 and not paused.is_set():
            paused.set()
            s3_server.pause()
            threading.Timer(8, s3_server.go_on).start()

    # Stopped in the middle; the head is lost with its disk, and another one goes on.
    stopping = threading.Event()

    def stop(task: Task, report: Report) -> None:
        pause(task, report)
        if task.number == 3:
            stopping.set()

    first = Watching(stop)
    record = launch(file, first, stopping)
    assert not record.complete
    assert paused.is_set()
    ended = len([t for t in record.trials() if t.state.is_finished()])
    assert ended >= 3
    shutil.rmtree(home() / "stored")
    monkeypatch.setenv("SYMRAY_HOME", str(tmp_path / "another head"))
    second = Watching()
    record = resume("stored", second, threading.Event())
    assert record.complete, second.messages
    assert_ledger(record)
    # No epoch was trained twice, and the workers have left no trial on their node.
    trained = first.epochs + second.epochs
    assert len(set(trained)) == len(trained)
    assert not (tmp_path / "node" / "stored").exists()
    node = {event["host"] for event in task_events(record.trial_folder(0))}
    assert len(node) == 1
    # Of the ended trials the best two have checkpoints there.
    store = Store(nodes)
    there = {int(p.split("/")[2]) for p in store.list("stored/trials") if "/checkpoints/" in p}
    assert there == {c.number for c in leaderboard(record)[:2]}
    assert store.read("stored/driver.json") is None
    # All that the record is lies there: a third head sees the same.
    lines = [metric_lines(record.trial_folder(n)) for n in range(5)]
    champion = (record.folder / "champion" / "model" / "SHA256SUMS").read_bytes()
    monkeypatch.setenv("SYMRAY_HOME", str(tmp_path / "third"))
    third = StudyRecord.open("stored")
    assert third.complete
    assert third.state() == "complete"
    assert [metric_lines(third.trial_folder(n)) for n in range(5)] == lines
    assert (third.folder / "champion" / "model" / "SHA256SUMS").read_bytes() == champion
    with pytest.raises(UserError, match="'stored' exists"):
        launch(file, Progress(), threading.Event())


PRETRAINED = """\
study: tuned
model: stib
data: artificial
pretraining:
  data: artificial
  training: {epochs: 3, steps_per_epoch: 5, batch_size: 32}
training: {epochs: 3, steps_per_epoch: 5, batch_size: 32, hidden_width: 8}
search: {beta: {low: 1, high: 1000, log: true}}
constraints: ["x_mae <= 100", "y_mae <= 100"]
trials: 4
concurrency: 1
confirmation: {top: 1, seeds: 1}
checkpoints: {every: 0s}
"""


@pytest.mark.slow
def test_a_pretrained_study_with_a_database_whose_workers_are_killed(
    nodes: str, tmp_path: Path, assert_ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One worker in the pretraining, one in a trial; then the head goes, with its disk."""
    monkeypatch.setenv("SYMRAY_DATABASE", f"sqlite:///{tmp_path / 'studies.db'}")
    path = tmp_path / "tuned.yaml"
    path.write_text(PRETRAINED)
    (file,) = load_study_file(path)
    stopping = threading.Event()
    killed: dict[str, int] = {}

    def kill(task: Task, report: Report) -> None:
        if task.number == 3:
            stopping.set()
        if report.epoch != 2 or task.number > 1 or task.name in killed:
            return
        deadline = time.monotonic() + 20
        while not task_events(Path(task.folder)):  # they come by way of the store
            assert time.monotonic() < deadline
            time.sleep(0.2)
        killed[task.name] = task_events(Path(task.folder))[-1]["pid"]
        os.kill(killed[task.name], signal.SIGKILL)

    first = Watching(kill)
    record = launch(file, first, stopping)
    assert not record.complete
    assert [name.split("-")[0] for name in killed] == ["pretraining", "trial", "trial"]
    assert sum("lost its worker" in message for message in first.messages) == 3
    shutil.rmtree(home())
    monkeypatch.setenv("SYMRAY_HOME", str(tmp_path / "another head"))
    second = Watching()
    record = resume("tuned", second, threading.Event())
    assert record.complete, second.messages
    assert [trial.state.name for trial in record.trials()] == ["COMPLETE"] * 4
    assert_ledger(record)
    (pretraining,) = pretraining_folders("tuned")
    for folder in (pretraining, *(record.trial_folder(n) for n in range(4))):
        assert [line["epoch"] for line in metric_lines(folder)] == [1, 2, 3]
    # Who was killed went on from where it was, and nobody trained again what had ended.
    for folder in (pretraining, record.trial_folder(0), record.trial_folder(1)):
        starts = [e["epoch"] for e in task_events(folder) if e["event"] == "start"]
        assert starts[0] == 0
        assert starts[1] > 0
    assert not set(first.ended_tasks) & set(second.ended_tasks)


@pytest.mark.slow
def test_a_driver_that_hangs_is_replaced_from_another_head_and_writes_nothing_more(
    tmp_path: Path,
    study_home: Path,
    write_study: WriteStudy,
    assert_ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its workers go on meanwhile; the two heads share the store and MLflow."""
    (tmp_path / "store").mkdir()
    monkeypatch.setenv("SYMRAY_STORE", f"file://{tmp_path / 'store'}")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    path = write_study(tmp_path, "hanging")
    sets = ["--set", "training.epochs=25", "--set", "checkpoints.every=0.1s"]
    hanging = subprocess.Popen(
        [sys.executable, "-m", "symray", "launch", str(path), *sets],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert hanging.stderr
    assert any("[1/3]" in line for line in hanging.stderr)
    hanging.send_signal(signal.SIGSTOP)
    monkeypatch.setenv("SYMRAY_HOME", str(tmp_path / "another head"))
    record = resume("hanging", Watching(), threading.Event(), take_over=True)
    assert record.complete

    def stored() -> dict[Path, bytes]:
        files = (path for path in (tmp_path / "store").rglob("*") if path.is_file())
        return {path: path.read_bytes() for path in files}

    before = stored()
    hanging.send_signal(signal.SIGCONT)
    _, error = hanging.communicate(timeout=120)
    assert hanging.returncode == 2, error
    assert "another driver has taken study 'hanging' over" in error
    assert "Traceback" not in error
    assert stored() == before
    assert_ledger(record)
