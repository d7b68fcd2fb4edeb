"""Timing several ways of one thing in turn, so that what else the machine does hits all alike."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence

import torch

Times = Mapping[str, Sequence[float]]

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
"""Where steps are timed: a GPU where there is one."""

CLOCK = {"cpu": "processor time of one thread", "cuda": "by the clock on a GPU"}
"""What :func:`interleaved` measures there, in words."""


def interleaved(
    ways: Mapping[str, Callable[[], object]], rounds: int, device: str = "cpu"
) -> Times:
    """Seconds that each way takes in each of ``rounds``, after one that isn't timed.

    On the CPU of processor time, so that what else runs plays less of a role; on a GPU by the
    clock, until it has done all.
    """
    times: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():
        way()
    for _ in range(rounds):
        for name, way in ways.items():
            times[name].append(_seconds(way, device))
    return times


def on_device(make: Callable[..., Callable[[], object]], *given: object) -> Callable[[], object]:
    """A loop written for the CPU, made and run with all its tensors on :data:`DEVICE`."""
    with torch.device(DEVICE):
        loop = make(*given)

    def run() -> None:
        with torch.device(DEVICE):
            loop()

    return run


def ratio(times: Times, name: str, over: str) -> float:
    """The median of a way's time over another's in the same round."""
    return statistics.median(a / b for a, b in zip(times[name], times[over], strict=True))


def _seconds(way: Callable[[], object], device: str) -> float:
    if device == "cpu":
        start = time.process_time()
        way()
        return time.process_time() - start
    torch.cuda.synchronize()
    start = time.perf_counter()
    way()
    torch.cuda.synchronize()
    return time.perf_counter() - start
