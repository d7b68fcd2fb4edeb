"""Whether a pack pays on this machine, and of how many trials: measured on a few steps."""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import torch

from symray.training.build import build_trainer
from symray.training.packed import PackedTrainer
from symray.training.spec import TrialSpec
from symray.training.trainer import Trainer

STEPS = 10
"""Steps that are timed, where one takes milliseconds."""
LONG = 5.0
"""Seconds of an epoch from which on one is timed and no more; of half as long they should be."""
LONGEST = 20.0
"""Seconds of a pack's epoch from which on no larger pack is measured."""
WORTH = 1.2
"""A pack is chosen where it makes so many times the steps of one trial alone."""
MORE = 1.15
"""A larger one where it makes so many times those of the smaller one."""
SIZES = (4, 16, 64, 256)
SHARE = 0.5
"""Of the memory that is free, for a pack."""


class PackSpeed(NamedTuple):
    """What was measured.

    Attributes:
        device: where.
        slots: trials of the pack that is worth it; 0 where none is.
        gain: steps of all its trials together, over those of one alone in the same time.
        sentence: what was found.
    """

    device: str
    slots: int
    gain: float
    sentence: str


def measure_packs(spec: TrialSpec, threads: int, most: int, gpu: float) -> PackSpeed:
    """Train trials like ``spec`` alone and in packs of at most ``most``, a few steps each.

    Args:
        spec: of a trial that can be packed.
        threads: CPU threads.
        most: trials that there are for one pack.
        gpu: GPUs that the pack would have, or a share of one.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        return _measure(spec, most, gpu)
    finally:
        torch.set_num_threads(before)


def _measure(spec: TrialSpec, most: int, gpu: float) -> PackSpeed:
    short = _of_steps(spec, _steps(spec))
    alone = build_trainer(short)
    seconds = _seconds(alone.run_epoch, alone.device)
    best, gain, why = 0, 1.0, ""
    for slots in sorted({min(size, most) for size in SIZES}):
        if _bytes_of(alone, slots) > SHARE * _free(alone.device, gpu):
            why = f"more than {best or 1} don't fit into its memory"
            break
        try:
            packed = _seconds(_pack(short, slots).run_epoch, alone.device)
        except torch.OutOfMemoryError:
            why = f"{slots} don't fit into its memory"
            break
        found = slots * seconds / packed
        if found < (WORTH if not best else MORE * gain):
            what = f"{slots} as one program make" if slots > 1 else "one as a program makes"
            why = f"{what} {found:.1f} times the steps of one alone"
            break
        best, gain = slots, found
        if packed > LONGEST:
            why = "more would take minutes to measure"
            break
    device = str(alone.device)
    if not best:
        return PackSpeed(device, 0, 1.0, f"no pack on {device}: {why}")
    chosen = f"packs of {best} on {device}: {gain:.1f} times the steps of one trial alone"
    return PackSpeed(device, best, gain, f"{chosen}; {why}" if why else chosen)


def _of_steps(spec: TrialSpec, steps: int) -> TrialSpec:
    return replace(spec, settings=spec.settings | {"steps_per_epoch": steps})


def _steps(spec: TrialSpec) -> int:
    """How many to time."""
    one = build_trainer(_of_steps(spec, 1))
    if one.device.type == "cuda":
        one.run_epoch()  # loads kernels
    seconds = _timed(one.run_epoch, one.device)
    most = min(STEPS, build_trainer(spec).steps_per_epoch)
    return max(1, min(most, int(LONG / 2 / seconds)))


def _pack(spec: TrialSpec, slots: int) -> PackedTrainer:
    trainers = [build_trainer(spec.with_seed(spec.seed + k)) for k in range(slots)]
    pack = PackedTrainer(trainers[0], slots)
    for trainer in trainers:
        pack.join(trainer)
    return pack


def _seconds(run_epoch: Callable[[], object], device: torch.device) -> float:
    """Of an epoch after one that allocates, the better of two; or of that one, if it is long."""
    first = _timed(run_epoch, device)
    if first > LONG:
        return first
    return min(_timed(run_epoch, device) for _ in range(2))


def _timed(run_epoch: Callable[[], object], device: torch.device) -> float:
    _wait(device)
    start = time.perf_counter()
    run_epoch()
    _wait(device)
    return time.perf_counter() - start


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _bytes_of(trainer: Trainer, slots: int) -> int:
    """Weights, gradients and Adam's two moments of a pack; what layers keep comes on top."""
    weights = sum(p.numel() * p.element_size() for p in trainer.model.parameters())
    return 4 * slots * weights


def _free(device: torch.device, gpu: float) -> float:
    """Bytes that a pack may have."""
    if device.type == "cuda":
        free, total = torch.cuda.mem_get_info(device)
        return min(free, total * min(1.0, gpu or 1.0))
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
