"""A full disk on a cluster: of one node, of all."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nodes import RayNodes
from symray.record.study_record import StudyRecord
from symray.scheduling.full_disk import full_node_of

WriteStudy = Callable[[Path, str], Path]
Ledger = Callable[[StudyRecord], None]


@pytest.fixture
def small_node(ray_nodes: RayNodes, small_disk: Path) -> Iterator[None]:
    """A third worker with that disk; it is the only one with two cores."""
    host = ray_nodes.add_worker(cpus=2, SYMRAY_HOME=str(small_disk))
    yield
    ray_nodes.network.hosts.remove(host)
    host.remove()


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ray_nodes: RayNodes) -> str:
    """What the nodes share; they have disks of their own."""
    (tmp_path / "store").mkdir()
    monkeypatch.setenv("SYMRAY_HOME", str(ray_nodes.home))
    return f"file://{tmp_path / 'store'}"


@pytest.mark.slow
@pytest.mark.usefixtures("small_node")
def test_the_trials_of_a_full_node_go_on_elsewhere(
    ray_nodes: RayNodes, store: str, tmp_path: Path, write_study: WriteStudy, assert_ledger: Ledger
) -> None:
    path = str(write_study(tmp_path, "crammed"))
    sets = ["--set", "concurrency=4", "--trials", "6", "--set", "training.epochs=150"]
    study = ray_nodes.symray("launch", path, *sets, SYMRAY_STORE=store)
    assert study.wait(300) == 0, ray_nodes.said()
    record = StudyRecord.open("crammed")
    assert record.complete
    assert [t.state.name for t in record.trials()] == ["COMPLETE"] * 6
    assert_ledger(record)
    losses = [record.trial_folder(n) / "losses.jsonl" for n in range(6)]
    assert any(path.exists() and full_node_of(path.read_text()) for path in losses)
    assert "no room on the disk of" in ray_nodes.said()
    assert "goes on from its last checkpoint" in ray_nodes.said()


@pytest.mark.slow
@pytest.mark.usefixtures("small_node")
def test_without_room_anywhere_the_study_stops_and_a_resume_goes_on(
    ray_nodes: RayNodes,
    store: str,
    small_disk: Path,
    tmp_path: Path,
    write_study: WriteStudy,
    assert_ledger: Ledger,
) -> None:
    path = str(write_study(tmp_path, "homeless"))
    sets = ["--set", "resources={cpu: 2}", "--set", "concurrency=1"]
    study = ray_nodes.symray("launch", path, *sets, SYMRAY_STORE=store)
    assert study.wait(300) == 2, ray_nodes.said()
    assert "trial-0000 found no room wherever it was tried" in ray_nodes.said()
    assert "Traceback" not in ray_nodes.said()
    assert [t.state.name for t in StudyRecord.open("homeless").trials()] == ["RUNNING"]
    subprocess.run(["mount", "-o", "remount,size=50m", str(small_disk)], check=True)
    resumed = ray_nodes.symray("resume", "homeless", SYMRAY_STORE=store)
    assert resumed.wait(300) == 0, ray_nodes.said()
    record = StudyRecord.open("homeless")
    assert record.complete
    assert_ledger(record)
