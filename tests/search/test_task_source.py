"""Tasks that need more of a GPU than they were given."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest

from symray.search.task_source import MoreMemory
from symray.study_file import Resources
from symray.tasks.task import Report, Task
from symray.training.spec import TrialSpec

FULL = Report(1, 4, {}, "failed", "out of GPU memory on gpu1", out_of_memory=True)


class Few:
    """A source of given tasks that keeps what it hears."""

    def __init__(self, *tasks: Task) -> None:
        self.tasks = list(tasks)
        self.ended: list[tuple[str, str | None]] = []

    def next(self) -> Task | None:
        return self.tasks.pop(0) if self.tasks else None

    @property
    def exhausted(self) -> bool:
        return not self.tasks

    def report(self, task: Task, report: Report) -> bool:
        return report.epoch > 1

    def finish(self, task: Task, report: Report | None, error: str | None) -> None:
        self.ended.append((task.name, error or (report and report.reason)))


MakeTask = Callable[..., Task]


@pytest.fixture
def make_task(tmp_path: Path) -> MakeTask:
    def make(
        kind: Literal["trial", "pretraining", "confirmation"] = "trial", gpu: float | None = None
    ) -> Task:
        spec = TrialSpec("stib", "artificial", {}, seed=0).to_json()
        return Task("s", f"{kind}-0", kind, 0, str(tmp_path / kind), spec, gpu=gpu)

    return make


@pytest.mark.parametrize("kind", ["trial", "pretraining", "confirmation"])
def test_what_ran_out_of_memory_gets_more_once(
    kind: Literal["trial", "pretraining", "confirmation"], make_task: MakeTask
) -> None:
    few, said = Few(make_task(kind)), []
    growing = MoreMemory(few, Resources(gpu=0.25, retry_gpu=0.5), said.append)
    task = growing.next()
    assert task is not None
    assert growing.exhausted
    growing.finish(task, FULL, None)
    assert few.ended == []
    assert said == [
        f"{kind}-0: out of GPU memory on gpu1; it is tried again with gpu: 0.5",
    ]
    assert not growing.exhausted
    again = growing.next()
    assert again is not None
    assert (again.name, again.gpu) == (task.name, 0.5)
    assert Task.load(Path(task.folder)) == again  # for who comes after this driver
    assert growing.exhausted
    growing.finish(again, FULL, None)
    assert few.ended == [(task.name, "out of GPU memory on gpu1")]
    assert growing.next() is None


@pytest.mark.parametrize(
    ("resources", "gpu", "report", "error"),
    [
        (Resources(gpu=0.25), None, FULL, None),
        (Resources(gpu=0.25, retry_gpu=0.5), 0.5, FULL, None),
        (Resources(gpu=0.25, retry_gpu=0.5), None, Report(1, 4, {}, "failed", "diverged"), None),
        (Resources(gpu=0.25, retry_gpu=0.5), None, Report(4, 4, {}, "complete"), None),
        (Resources(gpu=0.25, retry_gpu=0.5), None, None, "lost its worker"),
    ],
)
def test_every_other_end_is_one(
    resources: Resources,
    gpu: float | None,
    report: Report | None,
    error: str | None,
    make_task: MakeTask,
) -> None:
    few, said = Few(make_task(gpu=gpu)), []
    growing = MoreMemory(few, resources, said.append)
    task = growing.next()
    assert task is not None
    assert growing.report(task, Report(2, 4, {}))
    growing.finish(task, report, error)
    assert few.ended == [("trial-0", error or (report and report.reason))]
    assert (said, growing.next()) == ([], None)
