"""What a study tells while it runs; the command line draws it."""

from symray.tasks.task import Report, Task


class Progress:
    """Hears of a study's course; this one keeps silent."""

    def message(self, text: str) -> None:
        """One sentence for the user."""

    def searching(self, done: int, total: int) -> None:
        """The search begins with ``done`` of ``total`` trials finished."""

    def confirming(self, done: int, total: int) -> None:
        """The confirmation begins with ``done`` of ``total`` trainings finished."""

    def started(self, task: Task) -> None:
        """A task was handed to a worker."""

    def epoch(self, task: Task, report: Report) -> None:
        """A task finished an epoch."""

    def ended(self, task: Task, report: Report | None, state: str, reason: str | None) -> None:
        """A task ended as COMPLETE, PRUNED or FAIL."""
