"""The Tune trainable: a :class:`TaskRun` in an actor that is reused from task to task."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from ray import tune

from symray.study.task import Report, Task
from symray.study.worker import TaskRun, memory_sentence


class TaskTrainable(tune.Trainable):
    """Runs the task in ``config["task"]``; its prints go to the task's ``output.log``.

    Tune's own checkpoints are not used: a new actor finds the newest whole checkpoint in the
    task's folder, after the loss of a node just as after a resume.
    """

    def setup(self, config: dict[str, Any]) -> None:
        """Take the task and leave its folder alone: only the first step begins.

        Tune sets a new actor up for a task and, when an older one is free before it has started,
        gives that one the task and ends the new one.
        """
        self._task: Task = config["task"]
        self._run: TaskRun | None = None

    def step(self) -> dict[str, Any]:
        """One epoch; what goes wrong before the first is its report, so that it fails once."""
        with self._output():
            report = self._advance()
        return {"report": report, "done": report.outcome != "running"}

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Start the next task in this process; what the last one had not written is written."""
        self.cleanup()
        self.setup(new_config)
        return True

    def cleanup(self) -> None:
        """Lose no epoch when the study is stopped between two checkpoints."""
        if self._run is not None:
            self._run.save()
        self._run = None
        torch.cuda.empty_cache()  # for whoever shares the GPU; without one it does nothing

    def _advance(self) -> Report:
        if self._run is None:
            try:
                self._run = TaskRun(self._task)
            except torch.OutOfMemoryError as error:
                return Report(0, 0, {}, "failed", memory_sentence(error), out_of_memory=True)
            except Exception as error:
                return Report(0, 0, {}, "failed", f"{type(error).__name__}: {error}")
        return self._run.advance()

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
