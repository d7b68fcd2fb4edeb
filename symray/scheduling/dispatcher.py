"""Which worker has which tasks: handed out of a source, reported to it, handed out again.

Nothing here knows Tune. A worker is what holds resources; it has one task, or as many as its
pack has slots.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from symray.errors import UserError
from symray.scheduling.full_disk import full_node_of
from symray.search.task_source import TaskSource
from symray.tasks.task import Report, Task

T = TypeVar("T")

WORKER_DEATHS = 3
"""A task may lose its worker so often without a new epoch; with the next loss it fails."""


class _Loss(NamedTuple):
    """The last loss of a task's worker."""

    times: int
    """Losses without a new epoch, this one included."""
    reason: str


class Orders(NamedTuple):
    """What a worker is to do before its next epoch."""

    begin: list[Task]
    leave: list[str]
    """Names of tasks that have been stopped."""


class Dispatcher:
    """Hands out the tasks of ``source`` and takes their reports.

    Args:
        source: of the tasks.
        stopping: set from anywhere to stop: nothing more is handed out.
        slots: tasks of a worker; 0 where tasks are trained one by one, outside a pack.
        most: tasks at a time; None for as many as workers have slots.
        on_loss: called with a task that has lost its worker, and why.

    Attributes:
        live: tasks by worker and name.
        slots_of: of a worker's pack; 0 for one whose task is trained outside a pack.
        failure: what has gone wrong with the record, and so has stopped everything.
    """

    def __init__(
        self,
        source: TaskSource,
        stopping: threading.Event,
        slots: int,
        most: int | None,
        on_loss: Callable[[Task, str], None],
    ) -> None:
        self.live: dict[str, dict[str, Task]] = {}
        self.slots_of: dict[str, int] = {}
        self.failure: Exception | None = None
        self._source = source
        self._stopping = stopping
        self._slots = slots
        self._most = most
        self._on_loss = on_loss
        self._reports: dict[str, Report] = {}
        self._losses: dict[str, _Loss] = {}
        self._furthest: dict[str, int] = {}
        self._again: list[Task] = []

    @property
    def exhausted(self) -> bool:
        """Whether no task will come any more."""
        done = self.stopping_on_error(lambda: self._source.exhausted, otherwise=True)
        return done and not self.live and not self._again

    def open(self, worker: str) -> Task | None:
        """The first task of a new worker; None where there is none now."""
        task = self._next(lambda task: True)
        if task is not None:
            self.live[worker] = {task.name: task}
            self.slots_of[worker] = self._slots if self._has_company(task) else 0
        return task

    def full_node_of(self, task: Task) -> str | None:
        """The node whose full disk ``task`` was lost to, if it was."""
        loss = self._losses.get(task.name)
        return full_node_of(loss.reason) if loss else None

    def take_reports(
        self, worker: str, reports: Sequence[tuple[str, Report]], may_have_more: bool
    ) -> Orders | None:
        """Pass on the reports of an epoch; None where the worker has no task any more.

        Args:
            worker: whose they are.
            reports: by name of the task.
            may_have_more: whether the worker's empty slots are to be filled.
        """
        tasks = self.live[worker]
        leave = []
        for name, report in reports:
            task = tasks[name]
            if report.outcome != "running":
                self._end(task, report)
                del tasks[name]
            elif self._stops(task, report):
                self._end(task, report)
                del tasks[name]
                leave.append(name)
        begin = []
        while may_have_more and tasks and len(tasks) < self.slots_of[worker]:
            more = self._next(self._has_company)
            if more is None:
                break
            tasks[more.name] = more
            begin.append(more)
        return Orders(begin, leave) if tasks else None

    def close(self, worker: str, reports: Mapping[str, Report]) -> None:
        """The end of a worker that has ended its tasks, or was stopped with them."""
        for task in self.live.pop(worker, {}).values():
            self._end(task, reports.get(task.name) or self._reports.get(task.name))

    def lose(self, worker: str, reason: str) -> None:
        """The end of a worker that has died; its tasks go on with others, or fail."""
        for task in self.live.pop(worker, {}).values():
            before = self._losses.get(task.name)
            loss = _Loss(before.times + 1 if before else 1, reason)
            self._losses[task.name] = loss
            self._after_loss(task, loss)

    def stopping_on_error(self, call: Callable[[], T], otherwise: T) -> T:
        """Stop everything when the record can't be written: Tune itself would log it and go on."""
        try:
            return call()
        except Exception as error:
            self._give_up(error)
            return otherwise

    def _next(self, fits: Callable[[Task], bool]) -> Task | None:
        """A task that has lost its worker, or a new one."""
        if self._stopping.is_set():
            return None
        if self._most is not None and sum(map(len, self.live.values())) >= self._most:
            return None
        for waiting in self._again:
            if fits(waiting):
                self._again.remove(waiting)
                return waiting
        task = self.stopping_on_error(self._source.next, otherwise=None)
        if task is None or fits(task):
            return task
        self._again.append(task)  # for a worker of its own
        return None

    def _has_company(self, task: Task) -> bool:
        """Whether ``task`` may share a worker.

        Not what needs more of a GPU than others, nor what has lost two workers: one task that
        kills its process must not take its neighbours with it for ever.
        """
        loss = self._losses.get(task.name)
        return bool(self._slots) and task.gpu is None and (loss is None or loss.times < 2)

    def _stops(self, task: Task, report: Report) -> bool:
        """Pass on the report of a task that goes on; whether it is to be stopped."""
        self._reports[task.name] = report
        if report.epoch > self._furthest.get(task.name, 0):
            # Progress: nodes may come and go for as long as there is some.
            self._furthest[task.name] = report.epoch
            self._losses.pop(task.name, None)
        return self.stopping_on_error(lambda: self._source.report(task, report), otherwise=True)

    def _end(self, task: Task, report: Report | None) -> None:
        if self._stopping.is_set() and not (report and report.outcome != "running"):
            return  # an interrupted task has not ended: the next driver goes on with it
        self._finish(task, report, None)

    def _finish(self, task: Task, report: Report | None, error: str | None) -> None:
        self._reports.pop(task.name, None)
        self.stopping_on_error(lambda: self._source.finish(task, report, error), otherwise=None)

    def _after_loss(self, task: Task, loss: _Loss) -> None:
        self.stopping_on_error(lambda: self._on_loss(task, loss.reason), otherwise=None)
        if self._stopping.is_set():
            return
        if loss.times <= WORKER_DEATHS:
            self._again.append(task)
        elif full_node_of(loss.reason):
            sentence = (
                f"{task.name} found no room wherever it was tried, at last {loss.reason}; make "
                f"room, then `symray resume {task.study}` goes on with it"
            )
            self._give_up(UserError(sentence))
        else:
            reason = f"lost its worker {loss.times} times, at last by: {loss.reason}"
            self._finish(task, self._reports.get(task.name), reason)

    def _give_up(self, error: Exception) -> None:
        """Stop everything; what has not ended stays so."""
        self.failure = self.failure or error
        self._stopping.set()
