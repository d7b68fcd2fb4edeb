"""A study's progress as a test hears it."""

from collections.abc import Callable

from symray.search.progress import Progress
from symray.tasks.task import Report, Task

AtEpoch = Callable[[Task, Report], None]


class Watching(Progress):
    """Keeps what it hears, and does what the test wants at an epoch.

    Attributes:
        messages: what users are told.
        epochs: tasks' names with the epochs that were trained, in order.
        ended_tasks: names of the tasks that have ended, in order.
    """

    def __init__(self, at_epoch: AtEpoch = lambda task, report: None) -> None:
        self.messages: list[str] = []
        self.epochs: list[str] = []
        self.ended_tasks: list[str] = []
        self._at_epoch = at_epoch

    def message(self, text: str) -> None:
        """Keep what users are told."""
        self.messages.append(text)

    def on_epoch(self, task: Task, report: Report) -> None:
        """Keep the epoch, then do what the test wants."""
        self.epochs.append(f"{task.name} {report.epoch}")
        self._at_epoch(task, report)

    def on_task_end(
        self, task: Task, report: Report | None, state: str, reason: str | None
    ) -> None:
        """Keep the task's name."""
        self.ended_tasks.append(task.name)


def after(epochs: int, do: Callable[[], None]) -> AtEpoch:
    """Does something once, after so many epochs of whatever tasks."""
    left = epochs

    def count(task: Task, report: Report) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            do()

    return count
