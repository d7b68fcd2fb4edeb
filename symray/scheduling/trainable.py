"""The Tune trainable: one task, or a pack of them, in an actor that is reused."""

import contextlib
import gc
import time
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from ray import tune

from symray.scheduling.assignment import Assignment, printing_to
from symray.scheduling.full_disk import HOLD, error_with_node, is_full
from symray.tasks.gpu_memory import is_usable
from symray.tasks.packs import Packs
from symray.tasks.task import Report, Task


class TaskTrainable(tune.Trainable):
    """Runs the task in ``config["task"]``; its prints go to the task's ``output.log``.

    With ``config["slots"]``, of a pack, it is an engine: its first step trains nothing and asks
    the driver for company, and from then on each step is an epoch of all tasks that it has been
    given by :meth:`take`.

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
        self._config = config
        self._slots: int = config.get("slots", 0)
        self._packs = Packs(self._slots)
        self._assignments: dict[str, Assignment] = {}
        self._to_leave: list[str] = []
        self._asks = self._slots > 1
        self.take([config["task"]], [])

    def take(self, tasks: Sequence[Task], leave: Sequence[str]) -> None:
        """What the driver wants of the next step: more ``tasks``, and some ended, by name."""
        place, drivers = self._config.get("place"), self._config.get("drivers", 0)
        for task in tasks:
            self._assignments[task.name] = Assignment(task, place, drivers, self._slots)
        self._to_leave += leave

    def step(self) -> dict[str, Any]:
        """One epoch; what goes wrong before the first is its report, so that it fails once."""
        if self._asks:
            self._asks = False
            return {"reports": [], "done": False, "reusable": True}
        with self._held_when_full():
            for name in self._to_leave:
                self._assignments.pop(name).leave()
            self._to_leave = []
            reports = self._advance()
        for name, report in reports.items():
            if report.outcome != "running":
                self._assignments.pop(name).leave()
        failed = any(report.outcome == "failed" for report in reports.values())
        return {
            "reports": list(reports.items()),
            "done": not self._assignments,
            "reusable": not failed or is_usable(),
        }

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Start the next task in this process; what the last one had not written is written."""
        self.cleanup()
        self.setup(new_config)
        return True

    def cleanup(self) -> None:
        """Lose no epoch when the study is stopped between two checkpoints."""
        for assignment in self._assignments.values():
            assignment.leave()
        self._assignments = {}
        self._packs = Packs(0)
        if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
            gc.collect()  # a model that is part of a cycle keeps its memory until then
            torch.cuda.empty_cache()  # for whoever shares the GPU

    def _advance(self) -> dict[str, Report]:
        """An epoch of every task; gives the report of each by name."""
        begun = {name: assignment.begin() for name, assignment in self._assignments.items()}
        reports = {name: report for name, report in begun.items() if report is not None}
        assignments = {
            name: assignment
            for name, assignment in self._assignments.items()
            if name not in reports
        }
        runs = {
            assignment.task.name: assignment.run
            for assignment in assignments.values()
            if assignment.run is not None
        }
        with printing_to([run.task for run in runs.values()]):
            outcomes = self._packs.train(list(runs.values()))
        for name, run in runs.items():
            reports[name] = assignments[name].advance(outcomes.get(run.trainer))
        return reports

    @contextlib.contextmanager
    def _held_when_full(self) -> Iterator[None]:
        """A full disk is the node's fault; the tasks go on elsewhere from their checkpoints."""
        try:
            yield
        except OSError as error:
            if not is_full(error):
                raise
            first: Task = self._config["task"]
            self._assignments = {}  # whoever goes on mends what was written in part
            time.sleep(HOLD)
            raise error_with_node(error, first.folder) from error
