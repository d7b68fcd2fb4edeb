"""What trials begin with: trained once per architecture, found again, failed with."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from optuna.trial import TrialState

from symray.driver.launch import launch
from symray.driver.plan import plan
from symray.record.home import home
from symray.record.study_record import StudyRecord
from symray.record.task_folder import metric_lines, write_outcome
from symray.search.first_trials import first_task
from symray.search.pretraining import (
    PretrainFirst,
    pretraining_folders,
    pretraining_of,
    pretrainings,
)
from symray.search.progress import Progress
from symray.study_file import StudyFile, load_study_file
from symray.tasks.task import Report, Task
from symray.tasks.worker import TaskRun
from symray.tracking.run_contents import all_contents, contents_of
from symray.training.checkpoint import newest_checkpoint, read_checkpoint

STUDY = """\
study: {name}
model: {model}
data: artificial
pretraining:
  data: artificial
  training: {{epochs: 2, steps_per_epoch: 5, batch_size: 32, learning_rate: {rate}}}
training: {{epochs: 1, steps_per_epoch: 2, batch_size: 32, hidden_width: 8}}
search: {{hidden_layers: {{choice: [1, 2]}}}}
sampler: grid
constraints: {constraints}
confirmation: {{top: 0}}
concurrency: 1
"""

MakeFile = Callable[..., StudyFile]


@pytest.fixture
def make_file(embedded_store: object, tmp_path: Path) -> MakeFile:
    def make(name: str = "first", model: str = "stib", rate: float = 1e-3) -> StudyFile:
        path = tmp_path / f"{name}.yaml"
        bounds = ["x_mae <= 100"] + ([] if model in ("cvae", "cvib") else ["y_mae <= 100"])
        path.write_text(STUDY.format(name=name, model=model, rate=rate, constraints=bounds))
        (file,) = load_study_file(path)
        return file

    return make


class Listed:
    """Hands out tasks with the settings that the test wants, and keeps how they ended."""

    def __init__(self, file: StudyFile, layers: list[int]) -> None:
        self.waiting = [self._task(file, number, n) for number, n in enumerate(layers)]
        self.ended: dict[str, str | None] = {}

    @staticmethod
    def _task(file: StudyFile, number: int, layers: int) -> Task:
        settings = file.settings({"hidden_layers": layers})
        spec = {"model": file.model, "data": file.data, "settings": settings, "seed": 0}
        name = f"trial-{number:04d}"
        return Task(file.study, name, "trial", number, str(home() / name), spec)

    def next(self) -> Task | None:
        return self.waiting.pop(0) if self.waiting else None

    @property
    def exhausted(self) -> bool:
        return not self.waiting

    def report(self, task: Task, report: Report) -> bool:
        return True

    def finish(self, task: Task, report: Report | None, error: str | None) -> None:
        self.ended[task.name] = error


def first(file: StudyFile, layers: list[int]) -> tuple[PretrainFirst, Listed]:
    source = Listed(file, layers)
    return PretrainFirst(file, source, Progress(), lambda name: None), source


DONE = Report(2, 2, {}, "complete")


def test_a_trial_waits_for_its_pretraining_and_others_of_its_architecture_with_it(
    make_file: MakeFile,
) -> None:
    pretrain, _ = first(make_file(), [1, 1, 1])
    pretraining = pretrain.next()
    assert pretraining is not None
    assert pretraining.kind == "pretraining"
    assert pretrain.next() is None
    assert pretrain.next() is None
    assert not pretrain.exhausted
    assert pretrain.report(pretraining, DONE) is False
    pretrain.finish(pretraining, DONE, None)
    assert [task.name for _ in range(3) if (task := pretrain.next())] == [
        *("trial-0000", "trial-0001", "trial-0002")
    ]
    assert pretrain.exhausted


def test_architectures_are_pretrained_side_by_side(make_file: MakeFile) -> None:
    pretrain, _ = first(make_file(), [1, 2])
    begun = [pretrain.next(), pretrain.next(), pretrain.next()]
    assert [task.kind for task in begun if task] == ["pretraining", "pretraining"]
    assert begun[1] is not None
    pretrain.finish(begun[1], DONE, None)
    task = pretrain.next()
    assert task is not None
    assert task.name == "trial-0001"


def test_what_waits_for_a_pretraining_that_fails_fails_with_it(make_file: MakeFile) -> None:
    pretrain, source = first(make_file(), [1, 1])
    pretraining = pretrain.next()
    assert pretraining is not None
    pretrain.next()
    pretrain.finish(pretraining, Report(0, 2, {}, "failed", "diverged: loss"), None)
    reason = "its pretraining failed: diverged: loss"
    assert source.ended == {"trial-0000": reason, "trial-0001": reason}
    assert pretrain.exhausted


def test_a_plan_counts_a_pretraining_that_is_not_there_yet(make_file: MakeFile) -> None:
    file = make_file()
    made = plan(file)
    assert made.pretraining is not None
    assert made.pretraining.epochs == int(file.pretraining.training["epochs"])  # type: ignore[union-attr]
    trials = made.trial_epochs * made.cost.seconds  # of one epoch each
    assert made.seconds == pytest.approx(made.pretraining.seconds + trials)
    task = pretraining_of(file, first_task(file, home()))
    assert task is not None
    assert not Path(task.folder).exists()
    task.save()
    write_outcome(Path(task.folder), None)
    again = plan(file)
    assert again.pretraining is None
    assert again.seconds_before == 0


def test_a_pretraining_of_another_driver_is_waited_for(make_file: MakeFile) -> None:
    one, _ = first(make_file("one"), [1])
    other, _ = first(make_file("other"), [1])
    pretraining = one.next()
    assert pretraining is not None
    assert other.next() is None
    assert not other.exhausted
    one.close()  # as when its driver is stopped
    taken_over = other.next()
    assert taken_over is not None
    assert taken_over.folder == pretraining.folder
    assert taken_over.study == "one"  # whose run it stays
    other.finish(taken_over, DONE, None)
    task = other.next()
    assert task is not None
    assert task.study == "other"
    resumed = one.next()
    assert resumed is not None
    assert resumed.study == "one"


def test_models_of_a_family_share_one_and_others_do_not(make_file: MakeFile) -> None:
    keys = {}  # a family's first pretraining is under way while the others ask
    for model in ("stib", "vae", "stib_no_adversary", "cvae", "cvib"):
        pretrain, _ = first(make_file(model, model), [1])
        task = pretrain.next()
        keys[model] = "shared" if task is None else Path(task.folder).name
    assert keys["vae"] == keys["stib_no_adversary"] == keys["cvib"] == "shared"
    assert keys["stib"] != keys["cvae"] != "shared"


def test_a_trial_begins_with_the_weights_and_keeps_the_rest_of_its_own(
    make_file: MakeFile,
) -> None:
    file = make_file()
    pretrain, source = first(file, [1])
    pretraining = pretrain.next()
    assert pretraining is not None
    run = TaskRun(pretraining)
    while run.advance().outcome == "running":
        pass
    last = metric_lines(Path(pretraining.folder))[-1]["values"]
    assert {"x_mae", "kl_z0", "z0_gain"} < last.keys()
    assert not last.keys() & {"y_mae", "mi_z0_y", "probe_r2"}  # nothing of it is trained on Y
    pretrain.finish(pretraining, DONE, None)
    assert source.exhausted
    task = pretrain.next()
    assert task is not None
    weights = read_checkpoint(newest_checkpoint(Path(pretraining.folder) / "checkpoints"))[0].model
    fresh = TaskRun(task).trainer.state().model
    spec = task.spec | {"begins_with": str(Path(pretraining.folder) / "checkpoints")}
    begun = (
        TaskRun(Task(task.study, "t", "trial", 0, str(home() / "t"), spec)).trainer.state().model
    )
    for name, value in begun.items():
        taken = name.split(".")[0] in ("encoder", "log_sigma", "decoder_x")
        assert torch.equal(value, (weights if taken else fresh)[name]), name
    assert not torch.equal(begun["encoder.0.weight"], fresh["encoder.0.weight"])


def test_studies_with_real_workers(make_file: MakeFile) -> None:
    launch(make_file("first"), Progress(), threading.Event())
    folders = pretraining_folders("first")
    assert len(folders) == 2
    assert all(len(metric_lines(folder)) == 2 for folder in folders)
    record = StudyRecord.open("first")
    assert [trial.state for trial in record.trials()] == [TrialState.COMPLETE] * 2
    begun_with = {Task.load(record.trial_folder(n)).spec["begins_with"] for n in range(2)}
    assert begun_with == {str(folder / "checkpoints") for folder in folders}
    runs = [view for view in all_contents(record, live=False) if view.task.kind == "pretraining"]
    assert [view.status for view in runs] == ["FINISHED", "FINISHED"]
    assert contents_of(record, runs[0].name, live=False) == runs[0]
    assert all((folder / "mlflow_run_id").exists() for folder in folders)

    before = [path.stat().st_mtime for path in sorted(pretrainings().rglob("metrics.jsonl"))]
    launch(make_file("second"), Progress(), threading.Event())
    after = [path.stat().st_mtime for path in sorted(pretrainings().rglob("metrics.jsonl"))]
    assert before == after
    assert pretraining_folders("second") == []
    other = StudyRecord.open("second")
    assert {Task.load(other.trial_folder(n)).spec["begins_with"] for n in range(2)} == begun_with
