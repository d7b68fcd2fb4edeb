"""Where tasks come from and where their reports go: what the Tune seam asks of a study."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from symray.record.lease import LeaseCheck
from symray.study_file import Resources
from symray.tasks.task import Report, Task


class TaskSource(Protocol):
    """Hands out tasks and takes their reports. All calls come from one thread."""

    def next(self) -> Task | None:
        """The next task, or None when there is none now."""

    @property
    def exhausted(self) -> bool:
        """Whether no task will come any more."""

    def report(self, task: Task, report: Report) -> bool:
        """Take the report of an epoch; True stops the task."""

    def finish(self, task: Task, report: Report | None, error: str | None) -> None:
        """Take the end of a task.

        ``error`` is set when its process died more often than it may. Without an error and with a
        report that says ``running``, the task ended because :meth:`report` said so.
        """


class InTurn:
    """Sources one after another, each made when the one before has ended with all its tasks.

    One run of Tune serves them all, so that workers are started, and import, once.

    Args:
        stages: make the sources; one that returns None is passed over.
    """

    def __init__(self, stages: Sequence[Callable[[], TaskSource | None]]) -> None:
        self._stages = list(stages)
        self._current: TaskSource | None = None
        self._live = 0
        self._advance()

    def next(self) -> Task | None:
        """The next task of the stage at hand."""
        self._advance()
        task = self._current.next() if self._current else None
        self._live += task is not None
        return task

    @property
    def exhausted(self) -> bool:
        """Whether all stages have ended."""
        self._advance()
        return self._current is None

    def report(self, task: Task, report: Report) -> bool:
        """Pass a report on to the stage at hand."""
        assert self._current is not None
        return self._current.report(task, report)

    def finish(self, task: Task, report: Report | None, error: str | None) -> None:
        """Pass an end on to the stage at hand."""
        assert self._current is not None
        self._live -= 1
        self._current.finish(task, report, error)

    def _advance(self) -> None:
        while self._current is None or (self._current.exhausted and not self._live):
            if not self._stages:
                self._current = None
                return
            self._current = self._stages.pop(0)()


class MoreMemory:
    """Hands out again, with ``retry_gpu``, what ran out of a GPU's memory.

    Args:
        source: of the tasks.
        resources: what a task takes.
        notify: called with a sentence about it.
    """

    def __init__(
        self, source: TaskSource, resources: Resources, notify: Callable[[str], None]
    ) -> None:
        self._source = source
        self._resources = resources
        self._notify = notify
        self._again: list[Task] = []

    def next(self) -> Task | None:
        """The next task."""
        return self._again.pop(0) if self._again else self._source.next()

    @property
    def exhausted(self) -> bool:
        """Whether no task will come any more."""
        return not self._again and self._source.exhausted

    def report(self, task: Task, report: Report) -> bool:
        """Pass a report on."""
        return self._source.report(task, report)

    def finish(self, task: Task, report: Report | None, error: str | None) -> None:
        """Pass an end on, where it is one."""
        more = self._resources.retry_gpu
        had = self._resources.gpu if task.gpu is None else task.gpu
        if report is None or not report.out_of_memory or more is None or had >= more:
            self._source.finish(task, report, error)
            return
        again = replace(task, gpu=more)
        again.save()  # so that a resume, or a trial's confirmation, begins with as much
        self._again.append(again)
        self._notify(f"{task.name}: {report.reason}; it is tried again with gpu: {more:g}")


class Fenced:
    """Passes everything on to ``source`` for as long as the driver holds its lease.

    All calls raise :class:`~symray.record.lease.LeaseLostError` once it doesn't.
    """

    def __init__(self, source: TaskSource, lease: LeaseCheck) -> None:
        self._source = source
        self._lease = lease

    def next(self) -> Task | None:
        """The next task."""
        self._lease.check()
        return self._source.next()

    @property
    def exhausted(self) -> bool:
        """Whether no task will come any more."""
        self._lease.check()
        return self._source.exhausted

    def report(self, task: Task, report: Report) -> bool:
        """Pass a report on."""
        self._lease.check()
        return self._source.report(task, report)

    def finish(self, task: Task, report: Report | None, error: str | None) -> None:
        """Pass an end on."""
        self._lease.check()
        self._source.finish(task, report, error)
