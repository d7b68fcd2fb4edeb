"""One of a worker's tasks: its folder brought here, its run, and where its prints go."""

import contextlib
import io
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from symray.errors import UserError
from symray.record import jsonl
from symray.record.object_store.objects import StoreAwayError
from symray.record.task_folder import drivers_of
from symray.scheduling.full_disk import is_full
from symray.scheduling.workplace import Place, Workplace
from symray.tasks.failure import reason_of
from symray.tasks.gpu_memory import is_out_of_memory
from symray.tasks.task import Report, Task
from symray.tasks.worker import Copy, SupersededError, TaskRun
from symray.training.packed.trainer import Outcome

SHOWS = 15.0
"""Seconds in which a shared folder shows on one node what another one has written."""


class Assignment:
    """A task from the moment at which a worker is given it; nothing is touched before it begins.

    Args:
        task: what is to be trained.
        place: where the driver keeps the study; None where ``task`` is all there is.
        drivers: that the study has had, the one included that hands the task out.
        slots: of the pack that it joins; 0 where it is trained alone.

    Attributes:
        task: with the paths that it has here, once it has begun.
        run: None before it has begun.
    """

    def __init__(self, task: Task, place: Place | None, drivers: int, slots: int) -> None:
        self.task = task
        self.run: TaskRun | None = None
        self._place = place
        self._drivers = drivers
        self._slots = slots
        self._workplace: Workplace | None = None

    def begin(self) -> Report | None:
        """Start or go on with the task; gives its report where it can't be trained.

        Raises:
            OSError: there is no room on a disk, or the store is away: no fault of the task.
            SupersededError: the study has a newer driver.
        """
        if self.run is not None:
            return None
        try:
            copy = self._prepare()
        except StoreAwayError:
            raise  # no fault of the trial: it is started again
        except UserError as error:
            return Report(0, 0, {}, "failed", str(error))
        with printing_to([self.task]):
            try:
                self.run = TaskRun(self.task, copy=copy, slots=self._slots)
            except StoreAwayError:
                raise
            except Exception as error:
                if is_full(error):
                    raise
                reason, no_memory = reason_of(error), is_out_of_memory(error)
                return Report(0, 0, {}, "failed", reason, out_of_memory=no_memory)
        return None

    def advance(self, trained: Outcome | None) -> Report:
        """One epoch, which a pack may have ``trained`` already."""
        assert self.run is not None
        with printing_to([self.task]):
            return self.run.advance(trained)

    def leave(self) -> None:
        """Lose no epoch when the task goes between two checkpoints."""
        if self.run is not None:
            with contextlib.suppress(SupersededError):
                self.run.save()
        self.run = None
        if self._workplace is not None:
            self._workplace.end(self.task)

    def _prepare(self) -> Copy | None:
        """Have the task's folder here, before anything is written to it."""
        if self._place is None:
            return None
        study = self.task.study
        if self._place.store is None:
            _wait_for_task_file(Path(self.task.folder))
            self._check_driver_is_current(jsonl.read(Path(self._place.home, study, "events.jsonl")))
            return None
        workplace = _workplace(self._place)
        self._check_driver_is_current(workplace.events_of(study))
        self.task, copy = workplace.begin(self.task)
        self._workplace = workplace
        return copy

    def _check_driver_is_current(self, events: list[dict[str, Any]]) -> None:
        if drivers_of(events) > self._drivers:
            raise SupersededError(f"study '{self.task.study}' has another driver")


@contextlib.contextmanager
def printing_to(tasks: Sequence[Task]) -> Iterator[None]:
    """Prints go to the ``output.log`` of each of ``tasks``."""
    with contextlib.ExitStack() as stack:
        logs: list[TextIO] = []
        for task in tasks:
            folder = Path(task.folder)
            folder.mkdir(parents=True, exist_ok=True)
            logs.append(stack.enter_context((folder / "output.log").open("a", buffering=1)))
        out, err = sys.stdout, sys.stderr
        sys.stdout = sys.stderr = logs[0] if len(logs) == 1 else _Together(logs)
        try:
            yield
        finally:
            sys.stdout, sys.stderr = out, err


class _Together(io.TextIOBase):
    """Writes to several files what is printed once."""

    def __init__(self, files: Sequence[TextIO]) -> None:
        self._files = files

    def write(self, text: str) -> int:
        for file in self._files:
            file.write(text)
        return len(text)


_workplaces: dict[Place, Workplace] = {}


def _workplace(place: Place) -> Workplace:
    """This process's, made when its first task begins."""
    if place not in _workplaces:
        _workplaces[place] = Workplace(place)
    return _workplaces[place]


def _wait_for_task_file(folder: Path) -> None:
    """See that the driver's files are seen here: it writes ``task.json`` before it hands out.

    Raises:
        UserError: they aren't.
    """
    end = time.monotonic() + SHOWS
    while not (folder / "task.json").exists():
        if time.monotonic() > end:
            raise UserError(
                f"{socket.gethostname()} doesn't see {folder.parent.parent}, where the study is "
                "kept: set SYMRAY_HOME to a folder that all nodes share, or SYMRAY_STORE to an "
                "object store"
            )
        time.sleep(0.5)
        for parent in (folder.parent.parent, folder.parent):
            with contextlib.suppress(OSError):
                next(parent.iterdir(), None)  # makes NFS look again
