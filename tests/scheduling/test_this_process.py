"""Tasks trained in this process, one after another or as a pack."""

import threading

import pytest

from symray.errors import UserError
from symray.scheduling import this_process
from symray.scheduling.engine import Engine
from symray.scheduling.this_process import ThisProcess
from symray.tasks.task import Outcome, Report, Task


class Tasks:
    """A source of tasks that has one to hand out at every call, or at every other one."""

    def __init__(self, count: int, every: int = 1) -> None:
        self.waiting = [Task("s", f"trial-{n}", "trial", n, "", {}) for n in range(count)]
        self.ended: list[tuple[str, str]] = []
        self.every = every
        self.calls = 0

    def next(self) -> Task | None:
        self.calls += 1
        return self.waiting.pop(0) if self.waiting and self.calls % self.every == 0 else None

    @property
    def exhausted(self) -> bool:
        return not self.waiting

    def report(self, task: Task, report: Report) -> bool:
        return task.number == 1  # is stopped after its first epoch

    def finish(self, task: Task, report: Report | None, error: str | None) -> None:
        assert error is None
        self.ended.append((task.name, report.outcome if report else "none"))


class FreeEngine(Engine):
    """Two epochs of each task without training."""

    together = 0
    epochs: dict[str, int]

    def _advance(self) -> dict[str, Report]:
        FreeEngine.together = max(FreeEngine.together, len(self._assignments))
        return {name: self._epoch(name) for name in self._assignments}

    def _epoch(self, name: str) -> Report:
        epoch = FreeEngine.epochs[name] = FreeEngine.epochs.get(name, 0) + 1
        outcome: Outcome = "complete" if epoch == 2 else "running"
        return Report(epoch, 2, {}, outcome)


@pytest.fixture(autouse=True)
def _free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(this_process, "Engine", FreeEngine)
    monkeypatch.setattr(this_process, "PAUSE", 0.0)
    FreeEngine.together, FreeEngine.epochs = 0, {}


def run(tasks: Tasks, slots: int, stopping: threading.Event | None = None) -> int:
    """Run them; how often the driver could look around."""
    steps: list[None] = []
    ThisProcess().run(
        tasks, None, slots, stopping or threading.Event(), lambda: steps.append(None), _no_loss
    )
    return len(steps)


def _no_loss(task: Task, reason: str) -> None:
    raise AssertionError


@pytest.mark.parametrize(
    ("slots", "every", "together"), [(0, 1, 1), (0, 2, 1), (2, 1, 2), (2, 2, 2), (8, 1, 4)]
)
def test_all_tasks_are_trained(slots: int, every: int, together: int) -> None:
    tasks = Tasks(4, every)
    assert run(tasks, slots) >= 2
    ended = {"trial-0": "complete", "trial-1": "running", "trial-2": "complete"}
    assert dict(tasks.ended) == ended | {"trial-3": "complete"}
    assert len(tasks.ended) == 4
    assert FreeEngine.together == together


def test_what_is_stopped_stays_unfinished() -> None:
    tasks, stopping = Tasks(3), threading.Event()
    ThisProcess().run(tasks, None, 2, stopping, stopping.set, _no_loss)
    assert FreeEngine.epochs == {"trial-0": 1, "trial-1": 1}
    assert tasks.ended == [("trial-1", "running")]  # by its own source, before
    again = Tasks(3)
    assert run(again, 2, stopping) == 0
    assert again.calls == 0


def test_a_process_that_can_train_no_more_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lost(engine: Engine) -> dict[str, Report]:
        raise RuntimeError("CUDA error: unspecified launch failure")

    monkeypatch.setattr(FreeEngine, "_advance", lost)
    with pytest.raises(UserError, match=r"can train no more .*launch failure.* goes on"):
        run(Tasks(1), 0)


def test_a_record_that_cannot_be_written_ends_it() -> None:
    tasks = Tasks(2)

    def full(task: Task, report: Report | None, error: str | None) -> None:
        raise OSError(28, "No space left on device")

    tasks.finish = full  # type: ignore[method-assign]
    with pytest.raises(OSError, match="No space left"):
        run(tasks, 0)
