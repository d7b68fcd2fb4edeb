"""A Tune trainable is a task's worker from its first step on, and no sooner."""

import gc
import subprocess
import weakref
from pathlib import Path
from typing import Any

import pytest
import ray
import torch

from symray.data.base import VECTORS
from symray.models.design import Design
from symray.models.registry import model_class
from symray.record import jsonl
from symray.record.task_folder import metric_lines, task_events
from symray.scheduling import trainable
from symray.scheduling.cluster.attached import start_ray
from symray.scheduling.full_disk import full_node_of
from symray.scheduling.trainable import TaskTrainable
from symray.scheduling.workplace import Place
from symray.tasks.task import Report, Task
from symray.tasks.worker import SupersededError
from symray.training.settings import resolve_settings

SMALL = {"epochs": 2, "steps_per_epoch": 2, "batch_size": 16, "hidden_width": 8}


def task_in(folder: Path, model: str = "stib") -> Task:
    settings = resolve_settings(Design(model_class("stib"), VECTORS), {}, SMALL)
    spec = {"model": model, "data": "artificial", "settings": settings, "seed": 0, "code": None}
    return Task("s", "trial-0000", "trial", 0, str(folder), spec, checkpoint_every=1e9)


def report_of(result: dict[str, Any]) -> Report:
    """The report of the one task that an actor has."""
    ((_, report),) = result["reports"]
    assert isinstance(report, Report)
    return report


def test_an_actor_that_never_steps_leaves_no_trace(tmp_path: Path) -> None:
    # Tune starts one for a task that it then gives to an actor that has become free.
    task = task_in(tmp_path / "0000")
    task.save()
    before = {path.name for path in Path(task.folder).iterdir()}
    unused = TaskTrainable({"task": task})
    unused.stop()
    assert {path.name for path in Path(task.folder).iterdir()} == before


def test_an_actor_goes_from_task_to_task(tmp_path: Path) -> None:
    first, second = task_in(tmp_path / "0000"), task_in(tmp_path / "0001")
    actor = TaskTrainable({"task": first})
    assert report_of(actor.step()).outcome == "running"
    assert actor.reset_config({"task": second})
    # What the first had trained and not yet written is not lost.
    assert [line["epoch"] for line in metric_lines(Path(first.folder))] == [1]
    results = [actor.step() for _ in range(2)]
    assert [result["done"] for result in results] == [False, True]
    assert [line["epoch"] for line in metric_lines(Path(second.folder))] == [1, 2]
    assert len(task_events(Path(second.folder))) == 1


def test_what_a_task_had_on_a_gpu_is_free_for_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: freed.append(model() is None))
    freed: list[bool] = []
    actor = TaskTrainable({"task": task_in(tmp_path / "0000")})
    gc.disable()  # nobody else does it in between
    try:
        actor.step()
        run = actor._engine._assignments["trial-0000"].run
        assert run is not None
        model = weakref.ref(run.trainer.model)
        run.trainer.model.in_a_cycle = run.trainer  # as an own model may be
        del run
        actor.reset_config({"task": task_in(tmp_path / "0001")})
    finally:
        gc.enable()
    assert freed == [True]


def test_a_task_that_cannot_begin_fails_with_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    task = task_in(tmp_path / "0000", model="nothing")
    result = TaskTrainable({"task": task}).step()
    assert result["done"]
    assert report_of(result).outcome == "failed"
    assert report_of(result).reason.startswith("there is no model 'nothing'")
    assert capsys.readouterr().out == ""


def test_a_full_disk_is_told_with_the_node_and_with_room_a_worker_goes_on(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainable, "HOLD", 0.0)
    start_ray()
    (node,) = ray.nodes()  # type: ignore[no-untyped-call]
    task = task_in(small_disk / "0000")
    task.save()
    actor = TaskTrainable({"task": task})
    assert report_of(actor.step()).outcome == "running"
    with pytest.raises(OSError, match=r"no room on the disk of .*: '/.*0000") as told:
        actor.step()  # its last epoch, which writes a checkpoint
    assert full_node_of(str(told.value)) == node["NodeID"]
    actor.stop()
    subprocess.run(["mount", "-o", "remount,size=10m", str(small_disk)], check=True)
    again = TaskTrainable({"task": task})
    outcomes = [report_of(again.step()).outcome for _ in range(2)]
    assert outcomes == ["running", "complete"]
    assert [line["epoch"] for line in metric_lines(Path(task.folder))] == [1, 2]


def test_a_replaced_drivers_worker_begins_nothing(tmp_path: Path) -> None:
    """Neither in a shared folder nor on a store; one of the newest driver does."""
    events = [{"event": "launch"}, {"event": "extend", "trials": 1}, {"event": "resume"}]
    (tmp_path / "store").mkdir()
    for store in (None, f"file://{tmp_path / 'store'}"):
        kept = tmp_path / "store" if store else tmp_path / "home"
        task = task_in(tmp_path / "home" / "s" / "trials" / "0000")
        (kept / "s").mkdir(parents=True)
        jsonl.append(kept / "s" / "events.jsonl", events)
        if store is None:
            task.save()
        place = Place(str(tmp_path / "home"), store)
        before = sorted(kept.rglob("*"))
        replaced = TaskTrainable({"task": task, "place": place, "drivers": 1})
        with pytest.raises(SupersededError, match="study 's' has another driver"):
            replaced.step()
        assert sorted(kept.rglob("*")) == before
        newest = TaskTrainable({"task": task, "place": place, "drivers": 2})
        assert report_of(newest.step()).outcome == "running"


def test_a_worker_that_is_superseded_ends_without_a_word(tmp_path: Path) -> None:
    task = task_in(tmp_path / "0000")
    old, new = TaskTrainable({"task": task}), TaskTrainable({"task": task})
    old.step()
    new.step()
    old.stop()
    assert metric_lines(Path(task.folder)) == []
