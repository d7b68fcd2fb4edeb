"""Timing several ways of one thing in turn, so that what else the machine does hits all alike."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence

Times = Mapping[str, Sequence[float]]


def interleaved(ways: Mapping[str, Callable[[], object]], rounds: int) -> Times:
    """Seconds of processor time of each way in each of ``rounds``, after one that isn't timed."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():
        way()
    for _ in range(rounds):
        for name, way in ways.items():
            start = time.process_time()
            way()
            times[name].append(time.process_time() - start)
    return times


def ratio(times: Times, name: str, over: str) -> float:
    """The median of a way's time over another's in the same round."""
    return statistics.median(a / b for a, b in zip(times[name], times[over], strict=True))
