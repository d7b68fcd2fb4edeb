"""How many trials of a study one worker trains as one program."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from symray.search.first_trials import first_params, first_spec
from symray.study_file import StudyFile
from symray.tasks.pack_speed import PackSpeed, measure_packs
from symray.training.build import build_trainer
from symray.training.packed.key import packs, program
from symray.training.packed.support import missing_from_torch
from symray.training.spec import TrialSpec

SHORT = 50_000
"""Steps of a study, all trials together, below which measuring costs more than it could gain."""

Measure = Callable[[TrialSpec, int, int, float], PackSpeed]


@dataclass(frozen=True)
class Packing:
    """What was decided.

    Attributes:
        slots: trials of a pack; 0 where each is trained by itself.
        sentence: what was chosen and why.
        gain: steps that a worker makes with it, over those of one trial alone; None where that was
            not measured.
        lacks: whether the installed PyTorch or Ray hasn't what packs are made with.
    """

    slots: int
    sentence: str
    gain: float | None = None
    lacks: bool = False


def choose_packing(
    file: StudyFile, workers: int, measure: Measure = measure_packs, lacks: str | None = None
) -> Packing:
    """What ``resources.pack`` comes to.

    Args:
        file: the study's.
        workers: that there are at a time.
        measure: measures where a worker would be.
        lacks: what workers lack that packs need, as a clause.
    """
    asked = file.resources.pack
    if asked == "off":
        return Packing(0, "no pack, as the study file says")
    if lack := missing_from_torch() or lacks:
        return Packing(0, f"no pack: {lack}", lacks=True)
    if isinstance(asked, int):
        return Packing(asked, f"packs of {asked}, as the study file says")
    if not packs(file.design()):
        return Packing(0, f"no pack: {file.model} on {file.data_name} can't be packed")
    spec = first_spec(file)
    programs = _programs(file)
    at_a_time = min(file.trials, file.concurrency or file.trials)
    most = math.ceil(at_a_time / (workers * math.prod(programs.values())))
    if most == 1 and programs:
        names = " and ".join(programs)
        return Packing(0, f"no pack: each value of {names} is a program of too few trials")
    if most == 1 and not (file.resources.gpu or file.design().networks.recurrent):
        # a pack of one is worth it where its step is captured, or its units are quicker
        return Packing(0, "no pack: each trial at a time has a worker of its own")
    steps = file.trials * file.repeats * file.epochs * build_trainer(spec, "cpu").steps_per_epoch
    if steps < SHORT:
        return Packing(0, f"no pack: {steps} steps are too few to measure whether one pays")
    found = measure(spec, file.threads, most, file.resources.gpu)
    slots = found.slots * math.prod(programs.values())
    each = f"; one for each {' and '.join(programs)}" if programs and slots else ""
    return Packing(slots, found.sentence + each, found.gain)


def _programs(file: StudyFile) -> dict[str, int]:
    """How many values the search has of each setting that changes the program."""
    changing = program(file.design(), file.settings(first_params(file)))
    return {
        name: len(entry.values()) or file.trials
        for name, entry in file.search.items()
        if name in changing
    }
