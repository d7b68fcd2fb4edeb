"""What a training costs on this machine, measured on a few steps of it."""

import tempfile
import time
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from symray.search.first_trials import first_spec
from symray.study_file import StudyFile
from symray.tasks.task import Task
from symray.tasks.worker import metrics_at_the_end, metrics_on_the_way
from symray.training.build import build_trainer
from symray.training.checkpoint import write_checkpoint
from symray.training.evaluation import metric_names
from symray.training.spec import TrialSpec
from symray.training.trainer import Trainer

STEPS = 20
"""Steps that are timed."""


@dataclass(frozen=True)
class Cost:
    """Measured here.

    Attributes:
        device: what it ran on.
        epochs: of the whole training.
        epoch_seconds: an epoch with its share of the evaluations.
        last_seconds: the evaluation of all metrics at the end of a training.
        checkpoint_bytes: one checkpoint on disk.
    """

    device: str
    epochs: int
    epoch_seconds: float
    last_seconds: float
    checkpoint_bytes: int

    @property
    def seconds(self) -> float:
        """The whole training."""
        return self.epochs * self.epoch_seconds + self.last_seconds


def measure(task: Task) -> Cost:
    """Train ``task`` for a few steps, evaluate it and write a checkpoint, all on the side."""
    spec = TrialSpec.from_json(task.spec)
    whole = build_trainer(spec).steps_per_epoch
    steps = min(STEPS, whole)
    short = replace(spec, settings=spec.settings | {"steps_per_epoch": steps})
    threads = torch.get_num_threads()
    torch.set_num_threads(task.threads)
    try:
        trainer = build_trainer(short)
        has = metric_names(trainer.design, spec.pretrains)
        trainer.run_epoch()  # allocates, and compiles on a GPU
        start = time.perf_counter()
        trainer.run_epoch()
        epoch = (time.perf_counter() - start) * whole / steps
        _evaluate(trainer, metrics_on_the_way(task, has))  # compiles the estimators
        evaluation = _evaluate(trainer, metrics_on_the_way(task, has))
        last = _evaluate(trainer, metrics_at_the_end(task, has))
        return Cost(
            device=str(trainer.device),
            epochs=int(spec.settings["epochs"]),
            epoch_seconds=epoch + evaluation / int(spec.settings["evaluate_every"]),
            last_seconds=last,
            checkpoint_bytes=_checkpoint_bytes(trainer),
        )
    finally:
        torch.set_num_threads(threads)


def checkpoint_bytes_of(file: StudyFile) -> int:
    """Bytes of a checkpoint of the first trial, without training it: Adam keeps two moments."""
    spec = first_spec(file)
    trainer = build_trainer(spec, "cpu")
    tensors = [*trainer.model.parameters(), *trainer.model.buffers()]
    weights = sum(tensor.numel() * tensor.element_size() for tensor in tensors)
    return max(3 * weights, _checkpoint_bytes(trainer))


def _evaluate(trainer: Trainer, names: Collection[str]) -> float:
    start = time.perf_counter()
    trainer.evaluate("validation", names)
    return time.perf_counter() - start


def _checkpoint_bytes(trainer: Trainer) -> int:
    with tempfile.TemporaryDirectory(prefix="symray-plan-") as folder:
        written = write_checkpoint(Path(folder), trainer.state(), 1, 1, {})
        return sum(path.stat().st_size for path in written.iterdir())
