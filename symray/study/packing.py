"""How many trials of a study one worker trains as one program."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from symray.search.first_trials import first_task
from symray.study_file import StudyFile
from symray.tasks.pack_speed import PackSpeed, measure_packs
from symray.training.build import build_trainer
from symray.training.packed.key import packs
from symray.training.spec import TrialSpec

SHORT = 20_000
"""Steps of a study, all trials together, below which measuring costs more than it could gain."""

Measure = Callable[[TrialSpec, int, int, float], PackSpeed]


@dataclass(frozen=True)
class Packing:
    """What was decided.

    Attributes:
        slots: trials of a pack; 0 where each is trained by itself.
        gain: steps that a worker makes with it, over those of one trial alone; 1 if not measured.
        sentence: what was chosen and why.
        measured: whether it was.
    """

    slots: int
    gain: float
    sentence: str
    measured: bool = False


def choose_packing(file: StudyFile, workers: int, measure: Measure = measure_packs) -> Packing:
    """What ``resources.pack`` comes to.

    Args:
        file: the study's.
        workers: that there are at a time.
        measure: measures where a worker would be.
    """
    asked = file.resources.pack
    if isinstance(asked, int):
        return Packing(asked, 1.0, f"packs of {asked}, as the study file says")
    if asked == "off":
        return Packing(0, 1.0, "no pack, as the study file says")
    if not packs(file.design()):
        return Packing(0, 1.0, f"no pack: {file.model} on {file.data_name} can't be packed")
    at_a_time = min(file.trials, file.concurrency or file.trials)
    most = math.ceil(at_a_time / workers)
    if most == 1:
        return Packing(0, 1.0, "no pack: there is a worker for every trial at a time")
    task = first_task(file, Path())
    spec = TrialSpec.from_json(task.spec)
    steps = file.trials * file.repeats * file.epochs * build_trainer(spec, "cpu").steps_per_epoch
    if steps < SHORT:
        return Packing(0, 1.0, f"no pack: {steps} steps are too few to measure whether one pays")
    found = measure(spec, task.threads, most, file.resources.gpu)
    return Packing(found.slots, found.gain, found.sentence, measured=True)
