"""What a study tells while it runs; the command line draws it."""

from symray.tasks.task import Report, Task


class Progress:
    """Is told how a study goes; this one keeps silent."""

    def message(self, text: str) -> None:
        """One sentence for the user."""

    def on_search_start(self, done: int, total: int) -> None:
        """The search begins with ``done`` of ``total`` trials finished."""

    def on_confirmation_start(self, done: int, total: int) -> None:
        """The confirmation begins with ``done`` of ``total`` trainings finished."""

    def on_task_start(self, task: Task) -> None:
        """A task was handed to a worker."""

    def on_epoch(self, task: Task, report: Report) -> None:
        """A task finished an epoch."""

    def on_task_end(
        self, task: Task, report: Report | None, state: str, reason: str | None
    ) -> None:
        """A task ended as COMPLETE, PRUNED or FAIL."""
