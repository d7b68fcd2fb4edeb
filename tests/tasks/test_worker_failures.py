"""What fails a task, and what its record then says."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from symray.data.base import VECTORS
from symray.models.design import Design
from symray.models.registry import model_class
from symray.record import jsonl
from symray.record.task_folder import metric_lines, task_events
from symray.tasks.task import Report, Task
from symray.tasks.worker import TaskRun
from symray.training.checkpoint import read_checkpoint, write_checkpoint
from symray.training.evaluation import metric_names

NEVER = 1e9


OWN = metric_names(Design(model_class("stib"), VECTORS))


OWN_MODELS = """
import torch
from symray.errors import UserError
from symray.models.vae import VAE


class Broken(VAE):
    def loss(self, phase, batches, noise, hp):
        raise ZeroDivisionError("the loss of a broken model")


class Refusing(VAE):
    def loss(self, phase, batches, noise, hp):
        raise UserError("give this model another batch size")


class Poisoned(VAE):
    def loss(self, phase, batches, noise, hp):
        loss, logs = super().loss(phase, batches, noise, hp)
        return loss, logs | {"poison": torch.where(hp["lambda"] > 1.15, torch.nan, 0.0)}
"""


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


@pytest.fixture(scope="module")
def own_code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    package = tmp_path_factory.mktemp("own") / "worker_lab"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "models.py").write_text(OWN_MODELS)
    return package


def test_an_own_model_that_raises_fails_its_task(
    make_task: MakeTask, own_code: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    task = make_task("worker_lab.models:Broken", own_code)
    report = TaskRun(task, "cpu").advance()
    assert (report.outcome, report.epoch) == ("failed", 0)
    assert report.reason == "ZeroDivisionError: the loss of a broken model"
    output = capsys.readouterr().err
    assert "Traceback" in output
    assert str(own_code / "models.py") in output
    assert task_events(Path(task.folder))[-1]["reason"] == report.reason


def test_a_sentence_for_the_user_is_the_reason_as_it_is(
    make_task: MakeTask, own_code: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = TaskRun(make_task("worker_lab.models:Refusing", own_code), "cpu").advance()
    assert report.reason == "give this model another batch size"
    assert capsys.readouterr().err == ""


def test_a_diverging_task_fails_with_the_term_and_keeps_what_came_before(
    make_task: MakeTask, own_code: Path
) -> None:
    task = make_task("worker_lab.models:Poisoned", own_code, task={"checkpoint_every": NEVER})
    report = finish(task)
    assert report.outcome == "failed"
    assert report.reason == "diverged: poison is no longer finite in epoch 3"
    assert raw_epochs(task) == [1, 2]
    assert report.values == metric_lines(Path(task.folder))[-1]["values"]


def test_a_loss_too_large_for_float32_diverges(make_task: MakeTask) -> None:
    report = finish(make_task("vae", lambda_initial=1e38, lambda_growth=1e3))
    assert report.outcome == "failed"
    assert report.reason is not None
    assert report.reason.startswith("diverged: ")


def test_a_checkpoint_of_a_gpu_goes_on_here_with_other_numbers_and_says_so(
    make_task: MakeTask,
) -> None:
    def begun() -> Task:
        """A task that has lost its GPU after an epoch."""
        task = make_task(task={"checkpoint_every": 0})
        run = TaskRun(task, "cpu")
        run.advance()
        state = replace(run.trainer.state(), generator=torch.arange(16).byte(), drawn_on="cuda")
        (folder,) = (Path(task.folder) / "checkpoints").iterdir()
        _, extra = read_checkpoint(folder)
        write_checkpoint(folder.parent, state, 1, 1, extra)
        return task

    losses = []
    for task in (begun(), begun()):
        run = TaskRun(task, "cpu")
        assert [event["event"] for event in task_events(Path(task.folder))][1:] == [
            "start",
            "draws other numbers",
        ]
        assert run.epoch == 1
        losses.append(run.advance().values["train/minimise/loss"])
    assert losses[0] == losses[1]
    usual = TaskRun(make_task(), "cpu")
    assert losses[0] != [usual.advance(), usual.advance()][1].values["train/minimise/loss"]
