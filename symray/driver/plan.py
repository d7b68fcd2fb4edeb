"""What a launch would do, computed before anything runs."""

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from symray.data import DataReport, load_data
from symray.driver.cost import Cost, measure
from symray.driver.disk_space import checkpoint_room
from symray.driver.packing import Packing, choose_packing
from symray.scheduling.tuning import missing_from_tune
from symray.search.first_trials import first_task, first_trials
from symray.search.pretraining import pretraining_of
from symray.study_file import Resources, StudyFile
from symray.tracking.address import Reached, check_tracking_address


@dataclass(frozen=True)
class Plan:
    """A study that has not been launched.

    Attributes:
        file: resolved, with all defaults.
        first: parameters of the trials that are asked for first. The search asks for exactly these
            as long as its sampler draws at random, as TPE does at first; later suggestions depend
            on results.
        decisions: epochs after which the pruner decides; empty without one.
        trial_epochs: the most epochs that the search trains, over all trials and repeats.
        confirmation_epochs: the same of the confirmation.
        workers: of this machine, each with one trial or a pack of them at a time.
        packing: how many that are.
        cost: of a trial, as measured here.
        pretraining: the same of what must be trained before trial 0; None where nothing must.
        data: what was read of the study's data.
        tracking: what is at MLflow's address.
    """

    file: StudyFile
    first: list[dict[str, Any]]
    decisions: list[int]
    trial_epochs: int
    confirmation_epochs: int
    workers: int
    packing: Packing
    cost: Cost
    pretraining: Cost | None
    data: DataReport
    tracking: Reached

    @property
    def concurrency(self) -> int:
        """Trials at a time on this machine."""
        slots = self.packing.slots
        fit = min(self.file.trials, self.workers * slots) if slots else self.workers
        return min(self.file.concurrency or fit, fit)

    @property
    def seconds(self) -> float:
        """Seconds of one worker that trains and evaluates everything, when nothing is pruned."""
        trainings = (self.trial_epochs + self.confirmation_epochs) / self.file.epochs
        return self.seconds_before + trainings * self.cost.seconds / (self.packing.gain or 1.0)

    @property
    def seconds_before(self) -> float:
        """Those of the pretraining, for which the first trial waits."""
        return self.pretraining.seconds if self.pretraining else 0.0

    @property
    def cpu_hours(self) -> float:
        """Hours of all CPU cores that the trials reserve."""
        return self.seconds * self.file.resources.cpu / 3600

    @property
    def gpu_hours(self) -> float:
        """The same of GPUs."""
        return self.seconds * self.file.resources.gpu / 3600

    @property
    def hours(self) -> float:
        """Hours that this machine takes."""
        busy = min(self.workers, math.ceil(self.concurrency / max(1, self.packing.slots)))
        together = (self.seconds - self.seconds_before) / busy
        return (self.seconds_before + together) / 3600

    @property
    def disk_bytes(self) -> int:
        """The most that checkpoints occupy at a time."""
        return checkpoint_room(self.file, self.concurrency, self.cost.checkpoint_bytes)

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "study": self.file.study,
            "file": self.file.model_dump(mode="json"),
            "data": self.data.to_json(),
            "mlflow": self.tracking._asdict(),
            "first_trials": self.first,
            "pruner_decides_after_epochs": self.decisions,
            "most_epochs": {"search": self.trial_epochs, "confirmation": self.confirmation_epochs},
            "measured_here": {
                "device": self.cost.device,
                "seconds_per_epoch": self.cost.epoch_seconds,
                "seconds_of_last_evaluation": self.cost.last_seconds,
                "checkpoint_bytes": self.cost.checkpoint_bytes,
            },
            "seconds_of_pretraining": self.seconds_before,
            "cpu_hours": self.cpu_hours,
            "gpu_hours": self.gpu_hours,
            "hours_on_this_machine": self.hours,
            "trials_at_a_time": self.concurrency,
            "pack": {"slots": self.packing.slots, "because": self.packing.sentence},
            "checkpoint_disk_bytes": self.disk_bytes,
        }


def plan(file: StudyFile) -> Plan:
    """The plan of ``file``; trains its first trial for a few steps to measure what they cost.

    So it does with a pretraining that the trial waits for.

    Raises:
        UserError: the data, the model or MLflow's address can't be used.
    """
    confirmation = file.confirmation
    workers = _workers(file.resources)
    top = min(confirmation.top, file.trials)
    tracking = check_tracking_address()
    first = first_task(file, Path())
    before = pretraining_of(file, first)
    return Plan(
        file=file,
        first=first_trials(file),
        decisions=decisions(file),
        trial_epochs=file.trials * file.repeats * file.epochs,
        confirmation_epochs=top * confirmation.seeds * file.epochs,
        workers=workers,
        packing=_packing(file, workers),
        cost=measure(first),
        pretraining=measure(before) if before else None,
        data=load_data(file.data_spec()).report(),
        tracking=tracking,
    )


def _workers(resources: Resources) -> int:
    """Workers that this machine has room for at a time."""
    fits = (os.cpu_count() or 1) / resources.cpu
    if resources.gpu and torch.cuda.is_available():
        fits = min(fits, torch.cuda.device_count() / resources.gpu)
    return max(1, int(fits))


def _packing(file: StudyFile, workers: int) -> Packing:
    """What is measured here where workers would be on a device of the kind that is here."""
    if file.resources.pack == "auto" and file.resources.gpu and not torch.cuda.is_available():
        return Packing(0, "measured when the study starts, where there is a GPU: here is none")
    return choose_packing(file, workers, lacks=missing_from_tune())


def decisions(file: StudyFile) -> list[int]:
    """Evaluated epochs after which the pruner may end a trial.

    Successive halving (Li et al. 2020, ASHA) has a rung at ``min_resource * reduction_factor^k``
    epochs; the brackets of Hyperband start on different ones of the same rungs. A rung is decided
    at the first evaluation from there on and after the warm-up.
    """
    pruner, last = file.pruner, file.epochs
    if pruner.name == "none":
        return []
    every = int(file.usual("evaluate_every") or 1)
    evaluated = sorted({*range(every, last + 1, every), last})
    open_to = [epoch for epoch in evaluated if epoch > pruner.warmup_epochs]
    if pruner.name == "median":
        return open_to
    first, factor = max(1, pruner.warmup_epochs), pruner.reduction_factor
    rungs = [first * factor**k for k in range(1 + int(math.log(last, factor)))]
    found = {next((epoch for epoch in open_to if epoch >= rung), None) for rung in rungs}
    return sorted(epoch for epoch in found if epoch is not None)
