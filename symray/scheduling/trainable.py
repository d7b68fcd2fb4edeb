"""The Tune trainable: one task, or a pack of them, in an actor that is reused."""

import contextlib
import gc
import time
from collections.abc import Iterator, Sequence
from typing import Any

import ray
import torch
from ray import tune

from symray.scheduling.engine import Engine
from symray.scheduling.full_disk import HOLD, error_with_node, is_full
from symray.tasks.gpu_memory import is_usable
from symray.tasks.task import Task


class TaskTrainable(tune.Trainable):
    """Runs the task in ``config["task"]``.

    With ``config["slots"]``, of a pack, its first step trains nothing and asks the driver for
    company, and from then on each step is an epoch of all tasks that it has been given by
    :meth:`take`.

    ``config["place"]`` says where the driver keeps the study: on a store, or in a folder that is
    to be seen here. ``config["drivers"]`` says how many the study has had, that one included: a
    driver that was replaced, and comes back, begins nothing.

    Tune's own checkpoints are not used: a new actor finds the newest whole checkpoint in the
    task's folder, after the loss of a node just as after a resume.
    """

    engine: type[Engine] = Engine

    def setup(self, config: dict[str, Any]) -> None:
        """Take the task and leave its folder alone: only the first step begins.

        Tune sets a new actor up for a task and, when an older one is free before it has started,
        gives that one the task and ends the new one.
        """
        self._first: Task = config["task"]
        slots: int = config.get("slots", 0)
        self._engine = self.engine(slots, config.get("place"), config.get("drivers", 0))
        self._asks = slots > 1
        self.take([self._first], [])

    def take(self, tasks: Sequence[Task], leave: Sequence[str]) -> None:
        """What the driver wants of the next step: more ``tasks``, and some ended, by name."""
        self._engine.take(tasks, leave)

    def step(self) -> dict[str, Any]:
        """One epoch of each task."""
        if self._asks:
            self._asks = False
            return {"reports": [], "done": False, "reusable": True}
        with self._held_when_full():
            reports = self._engine.step()
        failed = any(report.outcome == "failed" for _, report in reports)
        return {
            "reports": reports,
            "done": self._engine.idle,
            "reusable": not failed or is_usable(),
        }

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Start the next task in this process; what the last one had not written is written."""
        self.cleanup()
        self.setup(new_config)
        return True

    def cleanup(self) -> None:
        """Lose no epoch when the study is stopped between two checkpoints."""
        self._engine.close()
        if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
            gc.collect()  # a model that is part of a cycle keeps its memory until then
            torch.cuda.empty_cache()  # for whoever shares the GPU

    @contextlib.contextmanager
    def _held_when_full(self) -> Iterator[None]:
        """A full disk is the node's fault; the tasks go on elsewhere from their checkpoints."""
        try:
            yield
        except OSError as error:
            if not is_full(error):
                raise
            self._engine.forget()
            time.sleep(HOLD)
            node = ray.get_runtime_context().get_node_id()
            raise error_with_node(error, self._first.folder, node) from error
