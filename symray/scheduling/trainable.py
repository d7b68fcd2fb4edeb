"""The Tune trainable: a :class:`TaskRun` in an actor that is reused from task to task."""

import contextlib
import gc
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from ray import tune

from symray.errors import UserError
from symray.record import jsonl
from symray.record.object_store.objects import StoreAwayError
from symray.record.task_folder import drivers_of
from symray.scheduling.full_disk import HOLD, error_with_node, is_full
from symray.scheduling.workplace import Place, Workplace
from symray.tasks.failure import reason_of
from symray.tasks.gpu_memory import is_out_of_memory, is_usable
from symray.tasks.task import Report, Task
from symray.tasks.worker import Copy, SupersededError, TaskRun

SHOWS = 15.0
"""Seconds in which a shared folder shows on one node what another one has written."""


class TaskTrainable(tune.Trainable):
    """Runs the task in ``config["task"]``; its prints go to the task's ``output.log``.

    ``config["place"]`` says where the driver keeps the study: on a store, or in a folder that is
    to be seen here. ``config["drivers"]`` says how many the study has had, that one included: a
    driver that was replaced, and comes back, begins nothing.

    Tune's own checkpoints are not used: a new actor finds the newest whole checkpoint in the
    task's folder, after the loss of a node just as after a resume.
    """

    def setup(self, config: dict[str, Any]) -> None:
        """Take the task and leave its folder alone: only the first step begins.

        Tune sets a new actor up for a task and, when an older one is free before it has started,
        gives that one the task and ends the new one.
        """
        self._task: Task = config["task"]
        self._place: Place | None = config.get("place")
        self._drivers: int = config.get("drivers", 0)
        self._run: TaskRun | None = None
        self._copy: Copy | None = None
        self._ready = False

    def step(self) -> dict[str, Any]:
        """One epoch; what goes wrong before the first is its report, so that it fails once."""
        with self._held_when_full():
            try:
                self._prepare()
            except StoreAwayError:
                raise  # no fault of the trial: it is started again
            except UserError as error:
                return _result(Report(0, 0, {}, "failed", str(error)))
            with self._output():
                return _result(self._advance())

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Start the next task in this process; what the last one had not written is written."""
        self.cleanup()
        self.setup(new_config)
        return True

    def cleanup(self) -> None:
        """Lose no epoch when the study is stopped between two checkpoints."""
        if self._run is not None:
            with contextlib.suppress(SupersededError):
                self._run.save()
        self._run = None
        if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
            gc.collect()  # a model that is part of a cycle keeps its memory until then
            torch.cuda.empty_cache()  # for whoever shares the GPU

    def _prepare(self) -> None:
        """Have the task's folder here, before anything is written to it."""
        if self._ready or self._place is None:
            return
        study = self._task.study
        if self._place.store is None:
            _wait_for_task_file(Path(self._task.folder))
            self._check_driver_is_current(jsonl.read(Path(self._place.home, study, "events.jsonl")))
        else:
            workplace = _workplace(self._place)
            self._check_driver_is_current(workplace.events_of(study))
            self._task, self._copy = workplace.begin(self._task)
        self._ready = True

    def _check_driver_is_current(self, events: list[dict[str, Any]]) -> None:
        if drivers_of(events) > self._drivers:
            raise SupersededError(f"study '{self._task.study}' has another driver")

    def _advance(self) -> Report:
        if self._run is None:
            try:
                self._run = TaskRun(self._task, copy=self._copy)
            except StoreAwayError:
                raise
            except Exception as error:
                if is_full(error):
                    raise
                reason, no_memory = reason_of(error), is_out_of_memory(error)
                return Report(0, 0, {}, "failed", reason, out_of_memory=no_memory)
        return self._run.advance()

    @contextlib.contextmanager
    def _held_when_full(self) -> Iterator[None]:
        """A full disk is the node's fault; the task goes on elsewhere from its last checkpoint."""
        try:
            yield
        except OSError as error:
            if not is_full(error):
                raise
            self._run = None  # whoever goes on mends what was written in part
            time.sleep(HOLD)
            raise error_with_node(error, self._task.folder) from error

    @contextlib.contextmanager
    def _output(self) -> Iterator[None]:
        Path(self._task.folder).mkdir(parents=True, exist_ok=True)
        with (Path(self._task.folder) / "output.log").open("a", buffering=1) as log:
            out, err = sys.stdout, sys.stderr
            sys.stdout = sys.stderr = log
            try:
                yield
            finally:
                sys.stdout, sys.stderr = out, err


def _result(report: Report) -> dict[str, Any]:
    reusable = report.outcome != "failed" or is_usable()
    return {"report": report, "done": report.outcome != "running", "reusable": reusable}


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
