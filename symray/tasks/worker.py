"""The life of one task on a worker: train, evaluate, record, checkpoint, continue after a kill.

Nothing here knows Ray: a Tune trainable, ``symray try`` and ``symray rerun`` all drive it.
"""

import os
import socket
import statistics
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any, Protocol

import torch

from symray.errors import UserError
from symray.metrics import METRICS
from symray.record import forms, jsonl
from symray.record.object_store.copies import newest_checkpoint_of
from symray.record.task_folder import SYSTEM
from symray.tasks.failure import reason_of
from symray.tasks.gpu_count import count_gpus
from symray.tasks.gpu_memory import is_out_of_memory
from symray.tasks.processor import processor
from symray.tasks.system_metrics import Sampler, sampler
from symray.tasks.task import Report, Task, derive_seed
from symray.training.build import build_trainer, load_initial_weights
from symray.training.checkpoint import (
    newest_checkpoint,
    read_checkpoint,
    remove_old_checkpoints,
    write_checkpoint,
)
from symray.training.diverged import Diverged
from symray.training.evaluation import metric_names
from symray.training.packed import pack_key
from symray.training.packed.trainer import Outcome
from symray.training.spec import TrialSpec
from symray.training.trainer import Trainer

LEFT_PACK = "left its pack"
"""The event of a task whose pack has raised."""

DRAWS_ANEW = "draws other numbers"
"""The event of a task that goes on with a checkpoint of another kind of device."""

KEPT = 2
"""Checkpoints of a task that are kept while it is trained."""


class SupersededError(Exception):
    """Another worker has the task, or its study another driver: this one writes nothing more."""


class Copy(Protocol):
    """The durable copy of a task's folder, where that isn't the folder itself."""

    def newest_attempt(self) -> int:
        """The newest start of the task that anyone has recorded there."""

    def checkpoint_written(self, checkpoint: Path) -> None:
        """Copy a checkpoint."""

    def lines_written(self) -> None:
        """Copy the files of lines."""

    def remove_old_checkpoints(self, keep: int) -> None:
        """Remove all but the newest there."""


class TaskRun:
    """Trains a task from its newest whole checkpoint on, an epoch per call of :meth:`advance`.

    The record of an epoch is written after the checkpoint that holds it, and the checkpoint holds
    the records that are not yet in ``metrics.jsonl``: whenever the process is killed, every epoch
    is recorded once, and none is trained again that was recorded.

    Args:
        task: what to train.
        device: where.
        copy: of its folder, which then is this process's own and was filled from there.
        slots: of the pack that it is to be trained in, if it can be; 0 where it is trained alone.

    Attributes:
        program: equal for runs that can be in one pack; None for one that is trained alone.
    """

    def __init__(
        self, task: Task, device: str = "auto", copy: Copy | None = None, slots: int = 0
    ) -> None:
        self.task = task
        self.folder = Path(task.folder)
        self._copy = copy
        self._spec = TrialSpec.from_json(task.spec)
        self._epochs_each = int(self._spec.settings["epochs"])
        self.epochs = self._epochs_each * task.repeats
        self._device = device
        self.program = pack_key(self._spec) if slots else None
        self._unwritten: list[dict[str, Any]] = []
        self._finals: list[dict[str, float]] = []
        self._last: dict[str, Any] = {"epoch": 0, "values": {}}
        self._saved_at = time.monotonic()
        self._sampler: Sampler | None = None if task.sample_after is None else sampler()
        self._sampled_until = time.time() + (task.sample_after or 0.0)
        torch.set_num_threads(task.threads)
        os.environ["LOKY_MAX_CPU_COUNT"] = str(task.threads)  # what RDKit's processes go by

        self.folder.mkdir(parents=True, exist_ok=True)
        for name in ("metrics.jsonl", "events.jsonl", SYSTEM):
            jsonl.trim(self.folder / name)
        self.attempt = 1 + self._newest_attempt()
        self._drawn_on = ""
        self.trainer = self._restore()
        where = {"device": str(self.trainer.device), "gpus": count_gpus(), "processor": processor()}
        if self.program is not None:
            where["pack"] = slots
        self._event("start", epoch=self.epoch, **where)
        if self._drawn_on:
            reason = (
                f"its checkpoint is from another kind of device, {self._drawn_on}, whose random "
                "numbers can't go on here: a seed that follows from it begins anew"
            )
            self._event(DRAWS_ANEW, epoch=self.epoch, reason=reason)
        if self._copy:
            self._copy.remove_old_checkpoints(keep=KEPT)  # where the last one was killed at it

    @property
    def epoch(self) -> int:
        """Finished epochs, over all repeats."""
        return int(self._last["epoch"])

    @property
    def ended(self) -> bool:
        """Whether nothing is left to train."""
        return len(self._finals) == self.task.repeats

    def advance(self, trained: Outcome | None = None) -> Report:
        """Train one more epoch; never raises for what training does wrong.

        Args:
            trained: what came of the epoch where a pack has already trained it.

        Raises:
            SupersededError: another worker has begun where this one was.
        """
        if self.ended:
            self.save()
            return self._report("complete")
        try:
            if isinstance(trained, Diverged):
                raise trained
            values = self.trainer.run_epoch() if trained is None else trained
            if self.trainer.finished or self._evaluates_now():
                values |= self._evaluate()
        except Exception as error:
            # Whatever an own model raises fails this trial and no other.
            return self._fail(reason_of(error), is_out_of_memory(error))
        if self.trainer.finished:
            self._finals.append({name: values[name] for name in values if name in METRICS})
            values |= _aggregate(self._finals)
        self._last = {"epoch": self.epoch + 1, "time": time.time(), "values": values}
        if self.trainer.traces and self.epoch <= self._epochs_each:  # of the first seed only
            traces = {k: [float(f"{x:.6g}") for x in v] for k, v in self.trainer.traces.items()}
            self._last["steps"] = traces
        self._unwritten.append(self._last)
        done = self.ended
        if done or time.monotonic() - self._saved_at >= self.task.checkpoint_every:
            self.save()
        if self.trainer.finished and not done:
            self.trainer = self._begin(len(self._finals))
        return self._report("complete" if done else "running")

    def save(self) -> None:
        """Write a checkpoint and then the records of the epochs it holds.

        A worker that was cut off from its driver, or whose driver was replaced, finds that another
        one has begun where it was itself, and writes nothing.

        Raises:
            SupersededError: it is so.
        """
        if not self._unwritten:
            return
        self._check_not_superseded()
        extra = {"finals": self._finals, "lines": self._unwritten}
        checkpoints = self.folder / "checkpoints"
        state = self.trainer.state()
        written = write_checkpoint(checkpoints, state, self.epoch, self.attempt, extra)
        if self._copy:
            self._copy.checkpoint_written(written)
        jsonl.append(self.folder / "metrics.jsonl", self._unwritten)
        self._record_samples()
        self._unwritten = []
        self._saved_at = time.monotonic()
        remove_old_checkpoints(checkpoints, keep=KEPT)
        if self._copy:
            self._copy.lines_written()
            self._copy.remove_old_checkpoints(keep=KEPT)

    def leave_pack(self, reason: str) -> None:
        """Be trained alone from the newest checkpoint on: the pack has raised, amid an epoch."""
        self.program = None
        self._unwritten, self._finals, self._last = [], [], {"epoch": 0, "values": {}}
        self.trainer = self._restore()
        self._event(LEFT_PACK, epoch=self.epoch, reason=reason)

    def _restore(self) -> Trainer:
        path = newest_checkpoint(self.folder / "checkpoints")
        if path is None:
            return self._begin(0)
        state, extra = read_checkpoint(path)
        self._finals = extra["finals"]
        done = self.ended
        if not done and state.epoch == self._epochs_each:
            trainer = self._begin(len(self._finals))
        else:
            trainer = self._build(len(self._finals) - done)
            if not trainer.load(state):
                self._drawn_on = state.drawn_on
        written = {line["epoch"] for line in jsonl.read(self.folder / "metrics.jsonl", forms.epoch)}
        missing = [line for line in extra["lines"] if line["epoch"] not in written]
        jsonl.append(self.folder / "metrics.jsonl", missing)
        self._last = extra["lines"][-1]
        return trainer

    def _begin(self, repeat: int) -> Trainer:
        """The trainer at epoch 0 of a repeat."""
        trainer = self._build(repeat)
        if self._spec.begins_with is not None:
            load_initial_weights(trainer.model, Path(self._spec.begins_with))
        return trainer

    def _build(self, repeat: int) -> Trainer:
        spec = self._spec
        if repeat:
            spec = spec.with_seed(derive_seed(spec.seed, "repeat", repeat))
        return build_trainer(spec, self._device)

    def _check_not_superseded(self) -> None:
        if self._newest_attempt() > self.attempt:
            raise SupersededError(f"another worker has taken {self.task.name} over")

    def _newest_attempt(self) -> int:
        if self._copy:
            return self._copy.newest_attempt()
        events = jsonl.read(self.folder / "events.jsonl", forms.event)
        return max((event["attempt"] for event in events), default=0)

    def _evaluates_now(self) -> bool:
        return self.trainer.epoch % int(self._spec.settings["evaluate_every"]) == 0

    def _evaluate(self) -> dict[str, float]:
        has = metric_names(self.trainer.design, self._spec.pretrains)
        if self.trainer.finished:
            return self.trainer.evaluate("validation", metrics_at_the_end(self.task, has))
        return self.trainer.evaluate("validation", metrics_on_the_way(self.task, has))

    def _fail(self, reason: str, out_of_memory: bool) -> Report:
        self._check_not_superseded()
        jsonl.append(self.folder / "metrics.jsonl", self._unwritten)
        self._record_samples()
        self._unwritten = []
        self._event("failed", epoch=self.epoch, reason=reason)
        return self._report("failed", reason, out_of_memory)

    def _record_samples(self) -> None:
        samples = self._sampler.since(self._sampled_until) if self._sampler else []
        if samples:
            jsonl.append(self.folder / SYSTEM, samples)
            self._sampled_until = samples[-1]["time"]

    def _event(self, event: str, **details: Any) -> None:
        line = {"event": event, "time": time.time(), "attempt": self.attempt} | details
        line |= {"host": socket.gethostname(), "pid": os.getpid()}
        jsonl.append(self.folder / "events.jsonl", [line])
        if self._copy:
            self._copy.lines_written()

    def _report(
        self, outcome: Any, reason: str | None = None, out_of_memory: bool = False
    ) -> Report:
        return Report(
            epoch=self.epoch,
            epochs=self.epochs,
            values=self._last["values"],
            outcome=outcome,
            reason=reason,
            out_of_memory=out_of_memory,
            host=socket.gethostname(),
            device=str(self.trainer.device),
        )


def metrics_on_the_way(task: Task, has: Collection[str]) -> set[str]:
    """Those of the metrics that a model ``has`` which epochs before the last evaluate."""
    asked = {name for name in task.metrics if not METRICS[name].costly}
    return {name for name in has if METRICS[name].cheap or name in asked}


def metrics_at_the_end(task: Task, has: Collection[str]) -> set[str]:
    """Those of the metrics that a model ``has`` which the last epoch of ``task`` evaluates."""
    return {name for name in has if not METRICS[name].costly or name in task.metrics}


def _aggregate(finals: list[dict[str, float]]) -> dict[str, float]:
    """Means over the repeats so far, and their standard deviations where there are several."""
    if len(finals) == 1:
        return {}
    columns = {name: [final[name] for final in finals] for name in finals[0]}
    spreads = {f"{name}_sd": statistics.stdev(column) for name, column in columns.items()}
    # The means last: mi_z0_y_floor_sd is a metric and not the spread of mi_z0_y_floor.
    return spreads | {name: statistics.fmean(column) for name, column in columns.items()}


def load_trained(task: Task, device: str = "auto") -> Trainer:
    """The trainer of a task as its newest checkpoint left it.

    Raises:
        UserError: the checkpoint is gone or damaged, or the store that has it doesn't answer.
    """
    path = newest_checkpoint_of(Path(task.folder))
    if path is None:
        raise UserError(
            f"{task.name} of study '{task.study}' has no whole checkpoint any more; "
            f"`symray rerun {task.study} {task.number}` trains it again"
        )
    trainer = build_trainer(TrialSpec.from_json(task.spec), device)
    trainer.load(read_checkpoint(path)[0])
    return trainer
