"""A cluster's network is cut, its head dies: the study goes on, or one command goes on with it."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from nodes import RayNodes, wait_until
from symray.record.study_record import StudyRecord
from symray.record.task_folder import task_events

WriteStudy = Callable[[Path, str], Path]
Ledger = Callable[[StudyRecord], None]

BUDGET = ["training.epochs=60", "concurrency=2", "checkpoints.every=0.2", "trials=4"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def launched(nodes: RayNodes, path: Path, name: str, epochs: int) -> "subprocess.Popen[bytes]":
    """A study under way that has recorded so many epochs."""
    sets = [part for option in BUDGET for part in ("--set", option)]
    study = nodes.symray("launch", str(path), "--name", name, *sets)
    wait_until(lambda: nodes.epochs(name) >= epochs, study)
    return study


def test_the_network_is_cut_for_a_minute(
    ray_nodes: RayNodes,
    tmp_path: Path,
    write_study: WriteStudy,
    assert_ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The node that was cut off trains on, into the shared folder, until it is superseded."""
    study = launched(ray_nodes, write_study(tmp_path, "cut"), "cut", epochs=10)
    cut = ray_nodes.workers[-1]
    cut.cut()
    time.sleep(60)
    cut.mend()
    assert study.wait(400) == 0, ray_nodes.said()
    monkeypatch.setenv("SYMRAY_HOME", str(ray_nodes.home))
    record = StudyRecord.open("cut")
    assert record.complete
    assert_ledger(record)
    events = [e for t in record.trials() for e in task_events(record.trial_folder(t.number))]
    assert any(e["event"] == "worker lost" for e in events)
    assert any(e["event"] == "start" and e["attempt"] > 1 and e["epoch"] > 0 for e in events)
    # What was given up ends by itself; its unit, or whoever started it, starts it again.
    wait_until(lambda: not any(_is_raylet(pid) for pid in cut.processes()))
    cut.crash()
    ray_nodes.start_worker(cut)


def test_the_head_dies_with_the_driver(
    ray_nodes: RayNodes,
    tmp_path: Path,
    write_study: WriteStudy,
    assert_ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    launched(ray_nodes, write_study(tmp_path, "beheaded"), "beheaded", epochs=10)
    for host in (ray_nodes.head, *ray_nodes.workers):
        host.crash()
    monkeypatch.setenv("SYMRAY_HOME", str(ray_nodes.home))
    ray_nodes.start_head()
    for worker in ray_nodes.workers:
        ray_nodes.start_worker(worker)
    resumed = ray_nodes.symray("resume", "beheaded")
    assert resumed.wait(400) == 0, ray_nodes.said()
    record = StudyRecord.open("beheaded")
    assert record.complete
    assert len(record.trials()) == 4
    assert_ledger(record)
    starts = [
        [e["epoch"] for e in task_events(record.trial_folder(n)) if e["event"] == "start"]
        for n in range(4)
    ]
    assert sum(len(epochs) > 1 for epochs in starts) > 0
    assert all(later > 0 for epochs in starts for later in epochs[1:])


def _is_raylet(pid: int) -> bool:
    try:
        return b"raylet" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
