"""Tasks that are trained in one process as one program: each is recorded as it would be alone."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from symray.record import jsonl
from symray.record.task_folder import metric_lines, task_events
from symray.tasks import packs as packs_module
from symray.tasks.packs import Packs
from symray.tasks.task import Report, Task
from symray.tasks.worker import TaskRun, load_trained
from symray.training.packed import PackedTrainer

MakeTask = Callable[..., Task]
NEVER = 1e9
CLOSE = 1e-3
"""Twelve steps in float32; tests/training/packed/test_equal.py says what rounding does."""


def with_seed(task: Task, seed: int) -> Task:
    return replace(task, spec=task.spec | {"seed": seed})


def advance(packs: Packs, runs: list[TaskRun]) -> list[Report]:
    outcomes = packs.train(runs)
    return [run.advance(outcomes.get(run.trainer)) for run in runs]


def finish(packs: Packs, runs: list[TaskRun]) -> list[Report]:
    """Train ``runs`` to their ends, each leaving when it has come to it."""
    last: dict[TaskRun, Report] = {}
    while left := [run for run in runs if run not in last]:
        for run, report in zip(left, advance(packs, left), strict=True):
            if report.outcome != "running":
                last[run] = report
    return [last[run] for run in runs]


def assert_recorded_alike(ours: Task, alone: Task) -> None:
    """The same epochs, keys and, to rounding, numbers; and weights."""
    a, b = (metric_lines(Path(task.folder)) for task in (ours, alone))
    assert [line["epoch"] for line in a] == [line["epoch"] for line in b]
    for x, y in zip(a, b, strict=True):
        stable = {k: v for k, v in y["values"].items() if not k.startswith(("mi_", "probe"))}
        assert x["values"].keys() == y["values"].keys()
        assert {k: x["values"][k] for k in stable} == pytest.approx(stable, rel=CLOSE, abs=CLOSE)
    x, y = (load_trained(task, "cpu").state().model for task in (ours, alone))
    for name, value in y.items():
        if "adversary" not in name:
            torch.testing.assert_close(x[name], value, rtol=CLOSE, atol=CLOSE)


def test_each_is_recorded_as_alone(make_task: MakeTask) -> None:
    tasks = [with_seed(make_task(beta=10.0**k, epochs=3 + k), k) for k in range(3)]
    runs = [TaskRun(task, "cpu", slots=3) for task in tasks]
    assert [r.outcome for r in finish(Packs(3), runs)] == ["complete"] * 3
    for k, task in enumerate(tasks):
        alone = with_seed(make_task(beta=10.0**k, epochs=3 + k), k)
        finish(Packs(0), [TaskRun(alone, "cpu")])
        assert_recorded_alike(task, alone)
        (start,) = task_events(Path(task.folder))
        assert start["pack"] == 3
        assert "pack" not in task_events(Path(alone.folder))[0]


@pytest.mark.parametrize("first", [0, 2])
def test_a_checkpoint_goes_on_in_a_pack_or_alone(make_task: MakeTask, first: int) -> None:
    task = make_task(task={"checkpoint_every": 0.0})
    other = with_seed(make_task(), 1)
    for slots, epochs in ((first, 2), (2 - first, 2)):
        runs = [TaskRun(task, "cpu", slots=slots), TaskRun(other, "cpu", slots=slots)]
        packs = Packs(slots)
        for _ in range(epochs):
            advance(packs, runs)
    alone = make_task()
    finish(Packs(0), [TaskRun(alone, "cpu")])
    assert_recorded_alike(task, alone)


def test_one_that_diverges_fails_with_its_term_and_hurts_no_other(make_task: MakeTask) -> None:
    lost = make_task(lambda_initial=1e308, lambda_max=1e308)
    kept = with_seed(make_task(), 1)
    reports = finish(Packs(2), [TaskRun(task, "cpu", slots=2) for task in (lost, kept)])
    assert [r.outcome for r in reports] == ["failed", "complete"]
    alone = make_task(lambda_initial=1e308, lambda_max=1e308)
    (expected,) = finish(Packs(0), [TaskRun(alone, "cpu")])
    assert reports[0].reason == expected.reason
    assert "diverged" in str(expected.reason)


def test_each_program_has_a_pack_of_its_own(make_task: MakeTask) -> None:
    tasks = [make_task(), make_task(batch_size=8), make_task(), make_task(hidden_width=4)]
    runs = [TaskRun(task, "cpu", slots=4) for task in tasks]
    packs = Packs(4)
    advance(packs, runs)
    sizes = sorted(len(pack.members) for pack in packs._packs.values())
    assert sizes == [1, 1, 2]
    advance(packs, runs[:1])  # whoever is not there any more leaves room
    assert [len(pack.members) for pack in packs._packs.values()] == [1]


def test_a_pack_is_as_large_as_what_is_in_it(make_task: MakeTask) -> None:
    tasks = [with_seed(make_task(epochs=6), k) for k in range(5)]
    runs = [TaskRun(task, "cpu", slots=5) for task in tasks]
    packs = Packs(5)
    sizes = []
    for members in (5, 2, 1, 1, 3, 5):
        for report in advance(packs, runs[:members]):
            assert report.outcome in ("running", "complete")
        (pack,) = packs._packs.values()
        sizes.append(pack.slots)
    assert sizes == [5, 2, 2, 2, 4, 5]
    alone = with_seed(make_task(epochs=6), 0)
    finish(Packs(0), [TaskRun(alone, "cpu")])
    assert_recorded_alike(tasks[0], alone)


def test_all_have_one_data_set_and_a_file_that_has_changed_another(
    make_task: MakeTask, tmp_path: Path
) -> None:
    file = tmp_path / "own.npz"
    x = np.random.default_rng(0).normal(size=(1000, 2))
    np.savez(file, x=x, y=x.sum(axis=1, keepdims=True))
    task = make_task()
    task.spec["data"] = {"npz": str(file), "x": "x", "y": "y"}
    a, b = (TaskRun(replace(task, folder=str(tmp_path / name)), "cpu") for name in "ab")
    assert a.trainer.data is b.trainer.data
    np.savez(file, x=2 * x, y=x.sum(axis=1, keepdims=True))
    c = TaskRun(replace(task, folder=str(tmp_path / "c")), "cpu")
    assert c.trainer.data.key != a.trainer.data.key


def test_repeats_follow_each_other_in_a_pack(make_task: MakeTask) -> None:
    task, alone = make_task(task={"repeats": 2}), make_task(task={"repeats": 2})
    other = with_seed(make_task(epochs=6), 1)
    finish(Packs(2), [TaskRun(task, "cpu", slots=2), TaskRun(other, "cpu", slots=2)])
    finish(Packs(0), [TaskRun(alone, "cpu")])
    a, b = (metric_lines(Path(t.folder)) for t in (task, alone))
    assert len(a) == len(b) == 8
    assert a[-1]["values"].keys() == b[-1]["values"].keys()
    assert a[-1]["values"]["x_mae"] == pytest.approx(b[-1]["values"]["x_mae"], rel=CLOSE)


def test_a_pack_that_raises_is_given_up_and_each_goes_on_alone(
    make_task: MakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was trained since the checkpoint is trained again, and recorded once."""
    run_epoch, calls = PackedTrainer.run_epoch, iter(range(9))

    def failing(pack: PackedTrainer) -> object:
        outcome = run_epoch(pack)
        if next(calls) == 2:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 1 GiB")
        return outcome

    monkeypatch.setattr(PackedTrainer, "run_epoch", failing)
    tasks = [with_seed(make_task(task={"checkpoint_every": every}), 1) for every in (0.0, NEVER)]
    runs = [TaskRun(task, "cpu", slots=2) for task in tasks]
    assert [r.outcome for r in finish(Packs(2), runs)] == ["complete"] * 2
    alone = with_seed(make_task(), 1)
    finish(Packs(0), [TaskRun(alone, "cpu")])
    for task, kept in zip(tasks, (2, 0), strict=True):
        assert_recorded_alike(task, alone)
        lines = jsonl.read(Path(task.folder) / "metrics.jsonl")
        assert [line["epoch"] for line in lines] == [1, 2, 3, 4]
        _, left = task_events(Path(task.folder))
        assert (left["event"], left["epoch"]) == ("left its pack", kept)
        assert left["reason"].startswith("out of GPU memory")


def test_an_error_that_loses_the_gpu_ends_the_process(
    make_task: MakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(pack: PackedTrainer) -> object:
        raise RuntimeError("CUDA error: device-side assert triggered")

    monkeypatch.setattr(PackedTrainer, "run_epoch", failing)
    monkeypatch.setattr(packs_module, "is_usable", lambda: False)
    with pytest.raises(RuntimeError, match="device-side assert"):
        Packs(1).train([TaskRun(make_task(), "cpu", slots=1)])
