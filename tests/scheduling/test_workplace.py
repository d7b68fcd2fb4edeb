"""A worker on a store: killed at every object that it sends, superseded, cut off."""

import json
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from services import S3Server
from symray.data.base import VECTORS
from symray.models.design import Design
from symray.models.registry import model_class
from symray.record.object_store.folders import fetch, pull_newest_checkpoint
from symray.record.object_store.objects import Store
from symray.record.task_folder import metric_lines, task_events
from symray.scheduling import workplace as workplaces
from symray.scheduling.trainable import TaskTrainable
from symray.scheduling.workplace import Place, Workplace
from symray.tasks.task import Report, Task
from symray.tasks.worker import SupersededError, TaskRun
from symray.training.settings import resolve_settings

EPOCHS = 3
FOLDER = "s/trials/0000"


def a_task(home: Path, folder: str = FOLDER) -> Task:
    """A task of a second on data that every node has."""
    data = home.parent / "data.npz"
    if not data.exists():
        x = np.random.default_rng(0).uniform(-4, 4, (600, 2))
        np.savez(data, x=x, y=np.sin(x.sum(axis=1, keepdims=True)))
    small = {"epochs": EPOCHS, "steps_per_epoch": 2, "batch_size": 16, "hidden_width": 8}
    settings = resolve_settings(Design(model_class("stib"), VECTORS), {}, small)
    spec = {"model": "stib", "settings": settings, "seed": 0, "code": None}
    spec["data"] = {"npz": str(data), "x": "x", "y": "y"}
    return Task("s", "trial-0000", "trial", 0, str(home / folder), spec, checkpoint_every=0.0)


class Killed(BaseException):
    """What a SIGKILL is to a process: nothing runs after it."""


class Mortal(Store):
    """Dies at the ``left``-th change of an object."""

    left = 10**9

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Killed

    def write(self, path: str, content: bytes) -> None:
        self._count()
        super().write(path, content)

    def delete(self, path: str) -> None:
        self._count()
        super().delete(path)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A driver's home that workers can't see, and a store."""
    monkeypatch.setenv("SYMRAY_HOME", str(tmp_path / "node"))
    return Place(str(tmp_path / "head"), (tmp_path / "store").as_uri())


def recorded(store: Store, folder: Path) -> list[dict[str, object]]:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("metrics.jsonl", "events.jsonl"):
        fetch(store, folder, f"{FOLDER}/{name}")
    return metric_lines(folder / FOLDER)


def work(place: Place, dies_after: int = 10**9) -> Report:
    """One life of a worker."""
    there = Workplace(place)
    there.store = Mortal(str(place.store))
    there.store.left = dies_after
    task, copy = there.begin(a_task(Path(place.home)))
    run = TaskRun(task, copy=copy)
    report = run.advance()
    while report.outcome == "running":
        report = run.advance()
    return report


def test_a_worker_killed_at_every_object_records_each_epoch_once(
    place: Place, tmp_path: Path
) -> None:
    alone = TaskRun(a_task(tmp_path / "alone", "t"))
    while alone.advance().outcome == "running":
        pass
    wanted = [line["values"] for line in metric_lines(Path(alone.task.folder))]
    store = Store(str(place.store))
    moments = 0
    while True:  # each life sends some objects more than the one before, and dies
        seen = [dict(line) for line in recorded(store, tmp_path / "seen")]
        try:
            report = work(place, dies_after=moments)
            break
        except Killed:
            moments += 1
        after = recorded(store, tmp_path / "seen")
        # What has a line keeps it, time stamp included: it is never trained again.
        assert after[: len(seen)] == seen
    assert report.outcome == "complete"
    lines = recorded(store, tmp_path / "seen")
    assert [line["epoch"] for line in lines] == [1, 2, 3]
    assert [line["values"] for line in lines] == wanted
    assert moments > 5
    raw = (store.read(f"{FOLDER}/metrics.jsonl") or b"").splitlines()
    assert len(raw) == EPOCHS


@pytest.mark.parametrize("moment", range(26))
def test_a_worker_killed_once_goes_on_anywhere(place: Place, tmp_path: Path, moment: int) -> None:
    with pytest.MonkeyPatch.context() as elsewhere:
        elsewhere.setenv("SYMRAY_HOME", str(tmp_path / "another node"))
        with suppress(Killed):
            work(place, dies_after=moment)
    assert work(place).outcome == "complete"
    store = Store(str(place.store))
    assert [line["epoch"] for line in recorded(store, tmp_path / "seen")] == [1, 2, 3]
    events = task_events(tmp_path / "seen" / FOLDER)
    attempts = [event["attempt"] for event in events]
    assert attempts == list(range(1, len(attempts) + 1))
    # Two checkpoints are kept there, and the newest of them is the last epoch's.
    found = pull_newest_checkpoint(store, tmp_path / "seen", f"{FOLDER}/checkpoints")
    assert found is not None
    assert found.name.startswith("000003-")
    there = [p for p in store.list(f"{FOLDER}/checkpoints") if p.endswith("/manifest.json")]
    assert len(there) <= 2


def test_a_complete_task_handed_out_again_trains_nothing(place: Place, tmp_path: Path) -> None:
    first = work(place)
    before = recorded(Store(str(place.store)), tmp_path / "seen")
    again = work(place)
    assert again.outcome == "complete"
    assert again.values == first.values
    assert recorded(Store(str(place.store)), tmp_path / "seen") == before


def test_a_superseded_worker_writes_nothing(place: Place, tmp_path: Path) -> None:
    task, copy = Workplace(place).begin(a_task(Path(place.home)))
    old = TaskRun(task, copy=copy)
    old.advance()
    with pytest.MonkeyPatch.context() as elsewhere:
        elsewhere.setenv("SYMRAY_HOME", str(tmp_path / "another node"))
        assert work(place).outcome == "complete"
    store = Store(str(place.store))
    before = store.list("s")
    for _ in range(EPOCHS):  # the last of which it doesn't call complete
        with pytest.raises(SupersededError):
            old.advance()
    assert store.list("s") == before


def test_tasks_leave_nothing_on_a_node(place: Place, tmp_path: Path) -> None:
    there = Workplace(place)
    for number in range(3):
        task, copy = there.begin(a_task(Path(place.home), f"s/trials/{number:04d}"))
        run = TaskRun(task, copy=copy)
        while run.advance().outcome == "running":
            pass
        there.end(task)
    assert list(there.root.glob("s/trials/*")) == []
    assert not (tmp_path / "head").exists()
    # The driver may not have come to it: the worker puts the task beside what it trained.
    store = Store(str(place.store))
    content = json.loads(store.read("s/trials/0000/task.json") or b"")
    assert content["name"] == "trial-0000"
    assert str(there.root) not in json.dumps(content)


def test_what_a_killed_process_left_on_a_node_goes(place: Place, tmp_path: Path) -> None:
    child = os.fork()
    if child == 0:
        Workplace(place)
        os._exit(0)
    os.waitpid(child, 0)
    work_folder = tmp_path / "node" / workplaces.WORK
    assert len(list(work_folder.iterdir())) == 1
    there = Workplace(place)
    assert list(work_folder.iterdir()) == [there.root]


def test_inputs_below_the_drivers_home_are_brought(place: Place, tmp_path: Path) -> None:
    store = Store(str(place.store))
    store.write("s/code/abc/mine/__init__.py", b"x = 1\n")
    store.write("_data/1-d.npz", b"npz")
    head = Path(place.home)
    task = a_task(head)
    task.spec.update(code=str(head / "s/code/abc/mine"), data={"npz": str(head / "_data/1-d.npz")})
    here, _ = Workplace(place).begin(task)
    assert (Path(here.spec["code"]) / "__init__.py").read_text() == "x = 1\n"
    assert Path(here.spec["data"]["npz"]).read_bytes() == b"npz"
    assert task.spec["code"] == str(head / "s/code/abc/mine")


def test_a_worker_waits_for_a_store_that_is_away(
    s3_address: str, s3_server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYMRAY_HOME", str(tmp_path / "node"))
    task, copy = Workplace(Place(str(tmp_path / "head"), s3_address)).begin(
        a_task(tmp_path / "head")
    )
    run = TaskRun(task, copy=copy)
    run.advance()
    s3_server.pause()
    threading.Timer(12, s3_server.go_on).start()
    while run.advance().outcome == "running":
        pass
    store = Store(s3_address)
    assert [line["epoch"] for line in recorded(store, tmp_path / "seen")] == [1, 2, 3]


def test_a_node_that_does_not_see_the_study_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("symray.scheduling.assignment.SHOWS", 0.1)
    task = a_task(tmp_path / "head")
    actor = TaskTrainable({"task": task, "place": Place(str(tmp_path / "head"), None)})
    result = actor.step()
    assert result["done"]
    ((_, report),) = result["reports"]
    assert report.outcome == "failed"
    assert "doesn't see" in str(report.reason)
    assert "SYMRAY_HOME" in str(report.reason)
    assert "SYMRAY_STORE" in str(report.reason)
    assert not (tmp_path / "head").exists()


def test_an_actor_trains_through_the_store(place: Place, tmp_path: Path) -> None:
    make: Callable[[str], TaskTrainable] = lambda folder: TaskTrainable(  # noqa: E731
        {"task": a_task(Path(place.home), folder), "place": place}
    )
    actor = make(FOLDER)
    while not actor.step()["done"]:
        pass
    actor.reset_config({"task": a_task(Path(place.home), "s/trials/0001"), "place": place})
    assert actor.step()["reports"][0][1].outcome == "running"
    actor.stop()
    store = Store(str(place.store))
    for folder, epochs in ((FOLDER, EPOCHS), ("s/trials/0001", 1)):
        lines = (store.read(f"{folder}/metrics.jsonl") or b"").splitlines()
        assert len(lines) == epochs
        assert store.read(f"{folder}/output.log") is not None or "output.log" not in folder
