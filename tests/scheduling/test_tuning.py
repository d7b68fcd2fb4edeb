"""Workers that die at moments at which Tune itself gives the trial up; and which are kept."""

import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest
import ray

from symray.scheduling import trainable
from symray.scheduling.engine import Engine
from symray.scheduling.trainable import TaskTrainable
from symray.scheduling.tuning import missing_from_tune, run_tasks
from symray.study_file.options import Resources
from symray.tasks.task import Outcome, Report, Task


class MortalEngine(Engine):
    """Reports twice without training, and kills its process as its task's tags say."""

    epochs: dict[str, int]

    def _advance(self) -> dict[str, Report]:
        return {
            name: self.report_of(assignment.task) for name, assignment in self._assignments.items()
        }

    def report_of(self, task: Task) -> Report:
        epoch = self.epochs[task.name] = self.epochs.get(task.name, 0) + 1
        if gpu := task.tags.get("fails"):
            trainable.is_usable = lambda: gpu == "usable"
            return Report(0, 2, {}, "failed", "for the test", host=str(os.getpid()))
        if epoch == 2:
            die("steps", task)
        outcome: Outcome = "complete" if epoch == 2 else "running"
        return Report(epoch, 2, {}, outcome, host=str(os.getpid()))


class Mortal(TaskTrainable):
    """Runs it.

    ``starts`` and ``steps``: how often it is killed there; ``fails``: with or without a GPU left.
    """

    engine = MortalEngine

    def setup(self, config: dict[str, Any]) -> None:
        super().setup(config)
        assert isinstance(self._engine, MortalEngine)
        self._engine.epochs = {}
        die("starts", config["task"])


def die(where: str, task: Task) -> None:
    marks = Path(task.folder)
    marks.mkdir(parents=True, exist_ok=True)
    deaths = len(list(marks.glob(f"{where}-*")))
    if deaths < int(task.tags.get(where, 0)):
        (marks / f"{where}-{deaths}").touch()
        os.kill(os.getpid(), signal.SIGKILL)


class Tasks:
    """A source of some tasks that keeps how each has ended."""

    def __init__(self, folder: Path, *tags: dict[str, str]) -> None:
        self.waiting = [
            Task("s", f"trial-{n:04d}", "trial", n, str(folder / f"{n:04d}"), {}, tags=some)
            for n, some in enumerate(tags)
        ]
        self.ended: list[tuple[str, str, str | None]] = []
        self.processes: list[str] = []

    def next(self) -> Task | None:
        return self.waiting.pop(0) if self.waiting else None

    @property
    def exhausted(self) -> bool:
        return not self.waiting

    def report(self, task: Task, report: Report) -> bool:
        return False

    def finish(self, task: Task, report: Report | None, error: str | None) -> None:
        self.ended.append((task.name, report.outcome if report else "none", error))
        self.processes += [report.host] if report else []


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a task for each set of tags, one at a time, or all in one engine with ``slots``."""
    monkeypatch.setenv("SYMRAY_HOME", str(tmp_path))

    def run(*tags: dict[str, str], slots: int = 0) -> tuple[Tasks, list[str]]:
        tasks, losses = Tasks(tmp_path, *tags), []
        run_tasks(
            tasks,
            Resources(cpu=1),
            max(1, slots),
            slots,
            threading.Event(),
            on_loss=lambda task, reason: losses.append(task.name),
            trainable=Mortal,
        )
        return tasks, losses

    return run


def test_a_task_goes_on_wherever_its_workers_die(run: Any) -> None:
    """The second one's first worker is that of the first, which is given to it anew."""
    tasks, losses = run({"steps": "1"}, {"starts": "2"}, {})
    assert tasks.ended == [(f"trial-000{n}", "complete", None) for n in range(3)]
    assert losses == ["trial-0000", "trial-0001", "trial-0001"]


def test_a_task_whose_workers_always_die_fails_with_the_reason(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("symray.scheduling.dispatcher.WORKER_DEATHS", 1)
    tasks, losses = run({"starts": "99"}, {"steps": "99"}, {})
    first, second, third = tasks.ended
    for (name, _, reason), expected in ((first, "trial-0000"), (second, "trial-0001")):
        assert name == expected
        assert "lost its worker 2 times, at last by: " in reason
    assert third == ("trial-0002", "complete", None)
    assert losses == ["trial-0000"] * 2 + ["trial-0001"] * 2


def test_a_worker_that_has_lost_its_gpu_takes_no_other_task(run: Any) -> None:
    tasks, losses = run({}, {"fails": "usable"}, {"fails": "lost"}, {})
    assert [outcome for _, outcome, _ in tasks.ended] == [
        "complete",
        "failed",
        "failed",
        "complete",
    ]
    first, second, third, fourth = tasks.processes
    assert first == second == third != fourth
    assert losses == []


def test_a_killed_engine_takes_no_task_with_it(run: Any) -> None:
    """The one that kills it twice goes on by itself, and the others without it."""
    tasks, losses = run({}, {"steps": "3"}, {}, {}, slots=2)
    assert sorted(tasks.ended) == [(f"trial-000{n}", "complete", None) for n in range(4)]
    assert losses.count("trial-0001") == 3
    assert len(losses) == 5  # it had a neighbour twice


def test_an_engine_is_one_process_that_is_filled_as_its_tasks_end(run: Any) -> None:
    tasks, losses = run({}, {"fails": "usable"}, {}, {}, {}, slots=3)
    assert sorted(outcome for _, outcome, _ in tasks.ended) == ["complete"] * 4 + ["failed"]
    assert len(set(tasks.processes)) == 1
    assert losses == []


def test_this_ray_has_what_gives_a_worker_more_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    assert missing_from_tune() is None
    monkeypatch.setattr("symray.scheduling.tuning._TELL", "_tell_trial")
    assert missing_from_tune() == (
        f"Ray {ray.__version__} has no TuneController._tell_trial, by which a pack gets its trials"
    )
