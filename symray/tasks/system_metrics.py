"""How busy a worker and its machine are while it trains, by the names that MLflow's UI looks for.

A machine's CPU and memory and the process's own come from psutil. GPUs are asked through NVML, by
torch's functions, which know those that the process may see. CUDA itself is not asked: the thread
that samples would disturb another one that captures a graph.
"""

import contextlib
import functools
import threading
import time
from collections import deque
from typing import Any

import psutil
import torch

EVERY = 10.0
"""Seconds between samples, which are means over them or, of memory and GPUs, what is there then."""

_KEPT = 10_000
"""Samples of a process at most that no task has recorded yet: a day's."""

MEGABYTE = 1e6

Sample = dict[str, Any]
"""``{"time": seconds since the epoch, "values": by name}``, a line of ``system.jsonl``."""


class Sampler(threading.Thread):
    """Samples this process and its machine as long as the process lives.

    Args:
        every: seconds between samples.
    """

    def __init__(self, every: float) -> None:
        super().__init__(name="system-metrics", daemon=True)
        self._every = every
        self._process = psutil.Process()
        self._samples: deque[Sample] = deque(maxlen=_KEPT)

    def run(self) -> None:
        """The thread's loop."""
        self._values()  # a share of the time since the call before
        while True:
            time.sleep(self._every)
            self._samples.append({"time": time.time(), "values": self._values()})

    def since(self, moment: float) -> list[Sample]:
        """The samples after ``moment``, in seconds since the epoch."""
        return [sample for sample in list(self._samples) if sample["time"] > moment]

    def _values(self) -> dict[str, float]:
        memory = psutil.virtual_memory()
        values = {
            "cpu_utilization_percentage": psutil.cpu_percent(),
            "system_memory_usage_megabytes": memory.used / MEGABYTE,
            "system_memory_usage_percentage": 100 * memory.used / memory.total,
            "process_cpu_utilization_percentage": self._process.cpu_percent(),
            "process_memory_usage_megabytes": self._process.memory_info().rss / MEGABYTE,
        }
        return {f"system/{name}": round(v, 1) for name, v in (values | _gpus()).items()}


def _gpus() -> dict[str, float]:
    """Of each GPU that this process uses; of none where NVML doesn't answer."""
    values: dict[str, float] = {}
    if not torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        return values
    with contextlib.suppress(Exception):  # whatever a driver says is no reason to stop training
        for i in range(torch.cuda.device_count()):
            used = torch.cuda.device_memory_used(i)
            total = torch.cuda.get_device_properties(i).total_memory
            values |= {
                f"gpu_{i}_utilization_percentage": torch.cuda.utilization(i),
                f"gpu_{i}_memory_usage_megabytes": used / MEGABYTE,
                f"gpu_{i}_memory_usage_percentage": 100 * used / total,
                f"gpu_{i}_power_usage_watts": torch.cuda.power_draw(i) / 1000,
            }
    return values


@functools.cache
def sampler() -> Sampler:
    """This process's, which begins with the first call: all tasks of a worker share it."""
    started = Sampler(EVERY)
    started.start()
    return started
