"""A task on a worker: recorded once, bit-equal, whatever kills it and whenever."""

import shutil
import statistics
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from symray.data.base import VECTORS
from symray.errors import UserError
from symray.metrics import METRICS
from symray.models.design import Design
from symray.models.registry import model_class
from symray.record import jsonl
from symray.record.task_folder import metric_lines, task_events
from symray.tasks.task import Report, Task, derive_seed
from symray.tasks.worker import SupersededError, TaskRun, load_trained
from symray.training.checkpoint import newest_checkpoint
from symray.training.evaluation import metric_names

NEVER = 1e9
HAS = metric_names(Design(model_class("stib"), VECTORS))
OWN = {name for name in HAS if not METRICS[name].costly}


MakeTask = Callable[..., Task]


def finish(task: Task) -> Report:
    """Train ``task`` to its end."""
    run = TaskRun(task, "cpu")
    while (report := run.advance()).outcome == "running":
        pass
    return report


def recorded(task: Task) -> list[Any]:
    """Epochs and their values, number by number, as ``metric_lines`` has them."""
    return [
        (line["epoch"], {name: value.hex() for name, value in line["values"].items()})
        for line in metric_lines(Path(task.folder))
    ]


def raw_epochs(task: Task) -> list[int]:
    """Epochs in the order of the file, repetitions included."""
    return [line["epoch"] for line in jsonl.read(Path(task.folder) / "metrics.jsonl")]


def assert_equal_end(task: Task, whole: Task) -> None:
    assert recorded(task) == recorded(whole)
    found, expected = (load_trained(t, "cpu").state().model for t in (task, whole))
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)


@pytest.fixture(scope="module")
def whole(make_task: MakeTask) -> Task:
    """A task that nothing has interrupted."""
    task = make_task()
    assert finish(task).outcome == "complete"
    return task


def test_an_uninterrupted_task_is_recorded_epoch_by_epoch(make_task: MakeTask) -> None:
    task = make_task()
    run = TaskRun(task, "cpu")
    reports = [run.advance() for _ in range(4)]
    assert [(r.epoch, r.epochs) for r in reports] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert [r.outcome for r in reports] == ["running"] * 3 + ["complete"]
    lines = metric_lines(Path(task.folder))
    assert raw_epochs(task) == [1, 2, 3, 4]
    assert [line["values"] for line in lines] == [r.values for r in reports]
    assert all(name in line["values"] for line in lines for name in ("x_mae", "lambda"))
    assert set(lines[-1]["values"]) >= OWN
    times = [line["time"] for line in lines]
    assert times == sorted(times)


# The moments of a kill: after so many epochs; with records and checkpoints written each epoch, on
# request, or never; in the middle of writing a checkpoint, or of the records that follow it.
KILLS = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.sampled_from([0.0, NEVER]),
        st.sampled_from(["", "saved", "half a checkpoint", "half of the records"]),
    ),
    max_size=4,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(kills=KILLS)
def test_whenever_it_is_killed_every_epoch_is_recorded_once_and_the_end_is_equal(
    kills: list[tuple[int, float, str]], make_task: MakeTask, whole: Task
) -> None:
    task = make_task()
    metrics = Path(task.folder) / "metrics.jsonl"
    for epochs, checkpoint_every, moment in kills:
        run = TaskRun(replace(task, checkpoint_every=checkpoint_every), "cpu")
        for _ in range(epochs):
            before = metrics.read_bytes() if metrics.exists() else b""
            newest = newest_checkpoint(metrics.parent / "checkpoints")
            run.advance()
        if moment == "saved":
            run.save()
        elif moment and epochs and checkpoint_every == 0 and metrics.read_bytes() != before:
            written = metrics.read_bytes()
            metrics.write_bytes(written[: (len(before) + len(written)) // 2])
            if moment == "half a checkpoint":  # the records come after it
                metrics.write_bytes(before)
                last = newest_checkpoint(metrics.parent / "checkpoints")
                assert last not in (None, newest)
                (last / "manifest.json").unlink()
    assert finish(task).outcome == "complete"
    assert raw_epochs(task) == [1, 2, 3, 4]
    assert_equal_end(task, whole)


def test_records_cut_off_at_any_byte_come_back_from_the_checkpoint(
    make_task: MakeTask, whole: Task
) -> None:
    task = make_task()
    folder, metrics = Path(task.folder), Path(task.folder) / "metrics.jsonl"
    run = TaskRun(replace(task, checkpoint_every=NEVER), "cpu")
    run.advance()
    run.save()
    old = metrics.stat().st_size
    run.advance()
    run.advance()
    run.save()
    content = metrics.read_bytes()
    for length in [*range(old, len(content), 97), len(content) - 1, len(content)]:
        metrics.write_bytes(content[:length])
        again = TaskRun(task, "cpu")
        assert raw_epochs(task) == [1, 2, 3]
        assert again.epoch == 3
    assert finish(task).outcome == "complete"
    assert_equal_end(task, whole)
    assert [e["event"] for e in task_events(folder)].count("start") == again.attempt + 1


def test_no_record_runs_ahead_of_its_checkpoint(make_task: MakeTask, whole: Task) -> None:
    task = make_task()
    run = TaskRun(replace(task, checkpoint_every=NEVER), "cpu")
    run.advance()
    obstacle = Path(task.folder) / "checkpoints"
    obstacle.touch()  # as a full disk: no checkpoint can be written
    with pytest.raises(OSError, match="checkpoints"):
        run.save()
    assert raw_epochs(task) == []
    obstacle.unlink()
    assert finish(task).outcome == "complete"
    assert_equal_end(task, whole)


@pytest.mark.parametrize("damaged", ["model.safetensors", "optimiser.safetensors", "state.json"])
def test_a_damaged_checkpoint_costs_its_epochs_and_nothing_else(
    make_task: MakeTask, whole: Task, damaged: str
) -> None:
    task = make_task()
    run = TaskRun(replace(task, checkpoint_every=0.0), "cpu")
    for _ in range(3):
        run.advance()
    newest = newest_checkpoint(Path(task.folder) / "checkpoints")
    assert newest is not None
    file = newest / damaged
    file.write_bytes(bytes([file.read_bytes()[0] ^ 1]) + file.read_bytes()[1:])
    again = TaskRun(task, "cpu")
    assert again.epoch == 2
    assert finish(task).outcome == "complete"
    assert_equal_end(task, whole)


def test_every_checkpoint_damaged_means_from_the_beginning(
    make_task: MakeTask, whole: Task
) -> None:
    task = make_task()
    run = TaskRun(replace(task, checkpoint_every=0.0), "cpu")
    run.advance()
    run.advance()
    for manifest in Path(task.folder).glob("checkpoints/*/manifest.json"):
        manifest.write_text("{}")
    assert TaskRun(task, "cpu").epoch == 0
    assert finish(task).outcome == "complete"
    assert_equal_end(task, whole)


def test_a_finished_task_is_not_trained_again(make_task: MakeTask, whole: Task) -> None:
    task = make_task()
    shutil.copytree(whole.folder, task.folder)
    before = (Path(task.folder) / "metrics.jsonl").read_bytes()
    run = TaskRun(task, "cpu")
    reports = [run.advance(), run.advance()]
    assert [(r.epoch, r.outcome) for r in reports] == [(4, "complete")] * 2
    assert reports[0].values == metric_lines(Path(whole.folder))[-1]["values"]
    assert (Path(task.folder) / "metrics.jsonl").read_bytes() == before


def test_two_checkpoints_are_kept(whole: Task, make_task: MakeTask) -> None:
    task = replace(make_task(), checkpoint_every=0.0)
    finish(task)
    names = sorted(path.name for path in (Path(task.folder) / "checkpoints").iterdir())
    assert names == ["000003-01", "000004-01"]
    assert_equal_end(task, whole)


def test_starts_are_counted_and_say_where(make_task: MakeTask) -> None:
    task = make_task()
    run = TaskRun(task, "cpu")
    run.advance()
    run.save()
    with (Path(task.folder) / "events.jsonl").open("a") as file:
        file.write('{"event": "fail')  # what a kill leaves
    assert TaskRun(task, "cpu").attempt == 2
    events = task_events(Path(task.folder))
    assert [(e["event"], e["attempt"], e["epoch"]) for e in events] == [
        ("start", 1, 0),
        ("start", 2, 1),
    ]
    assert all(e["device"] == "cpu" and e["host"] and e["pid"] for e in events)


def test_repeats_are_averaged_over_seeds_of_their_own(make_task: MakeTask) -> None:
    task = make_task(task={"repeats": 3}, epochs=2)
    report = finish(task)
    assert (report.epoch, report.epochs) == (6, 6)
    finals = []
    for repeat in range(3):
        single = make_task(epochs=2)
        seed = derive_seed(5, "repeat", repeat) if repeat else 5
        finals.append(finish(replace(single, spec=single.spec | {"seed": seed})).values)
    for name in OWN:
        column = [final[name] for final in finals]
        assert report.values[name] == statistics.fmean(column)
        if f"{name}_sd" not in METRICS:
            assert report.values[f"{name}_sd"] == pytest.approx(np.std(column, ddof=1), rel=1e-9)
    lines = metric_lines(Path(task.folder))
    assert [line["epoch"] for line in lines] == [1, 2, 3, 4, 5, 6]
    assert lines[1]["values"] == finals[0]  # what is known after the first
    trained = [name for name in finals[2] if name.startswith("train/")]
    assert {name: report.values[name] for name in trained} == {n: finals[2][n] for n in trained}


@pytest.mark.parametrize("epochs", range(1, 6))
def test_repeats_go_on_where_they_were(make_task: MakeTask, epochs: int) -> None:
    changed = {"task": {"repeats": 3, "checkpoint_every": 0.0}, "epochs": 2}
    expected = make_task(**changed)
    finish(expected)
    task = make_task(**changed)
    run = TaskRun(task, "cpu")
    for _ in range(epochs):
        run.advance()
    assert finish(task).outcome == "complete"
    assert raw_epochs(task) == [1, 2, 3, 4, 5, 6]
    assert_equal_end(task, expected)


def test_metrics_are_evaluated_when_they_are_due(make_task: MakeTask) -> None:
    task = make_task(task={"metrics": ("mi_z0_y",)}, epochs=5, evaluate_every=2)
    finish(task)
    evaluated = {
        line["epoch"]: set(line["values"]) & set(METRICS)
        for line in metric_lines(Path(task.folder))
    }
    each = {"mi_z0_y", *(name for name in OWN if METRICS[name].cheap)}
    assert evaluated == {1: set(), 2: each, 3: set(), 4: each, 5: OWN}


def test_costly_metrics_are_for_confirmations_and_for_studies_that_name_them(
    make_task: MakeTask,
) -> None:
    confirmation = finish(make_task(task={"kind": "confirmation"}, epochs=1))
    assert set(confirmation.values) & set(METRICS) == HAS
    named = finish(make_task(task={"metrics": ("mi_z0_y_neural",)}, epochs=1))
    assert set(named.values) & set(METRICS) == OWN | {"mi_z0_y_neural"}


def test_a_model_that_cannot_predict_y_is_evaluated_without(make_task: MakeTask) -> None:
    task = make_task("cvae", task={"metrics": ("y_mae",)})
    values = finish(task).values
    assert set(values) & set(METRICS) == {name for name in OWN if not METRICS[name].needs_y}


def test_without_a_checkpoint_a_trained_model_cannot_be_loaded(make_task: MakeTask) -> None:
    with pytest.raises(UserError) as error:
        load_trained(make_task())
    assert str(error.value) == (
        "trial-0007 of study 'small' has no whole checkpoint any more; "
        "`symray rerun small 7` trains it again"
    )


def test_a_loaded_model_is_the_trained_one(whole: Task) -> None:
    trainer = load_trained(whole, "cpu")
    values = metric_lines(Path(whole.folder))[-1]["values"]
    assert trainer.evaluate("validation", OWN) == {name: values[name] for name in OWN}


@pytest.mark.parametrize("checkpoint_every", [0.0, NEVER])
def test_a_worker_whose_task_another_one_has_begun_writes_and_claims_nothing(
    make_task: MakeTask, checkpoint_every: float
) -> None:
    task = replace(make_task(), checkpoint_every=checkpoint_every)
    old = TaskRun(task, "cpu")
    old.advance()
    TaskRun(task, "cpu")
    folder = Path(task.folder)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    def to_the_end() -> None:
        while old.advance().outcome == "running":
            pass

    for _ in range(2):
        with pytest.raises(SupersededError, match=f"taken {task.name} over"):
            to_the_end()
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
