"""What trainings took: epochs, hours of workers, and what these occupy."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from symray.record.study_record import StudyRecord
from symray.record.task_folder import metric_lines, task_events

Interval = tuple[float, float]


@dataclass(frozen=True)
class Spent:
    """What a study's trainings took.

    Attributes:
        trainings: that have begun.
        epochs: recorded by all of them.
        seconds: of workers, each from a start to the last that it recorded; trainings that share
            a worker, as those of a pack do, share its time.
        cpu_hours: those seconds by what a worker occupies.
        gpu_hours: the same of GPUs.
    """

    trainings: int
    epochs: int
    seconds: float
    cpu_hours: float
    gpu_hours: float


def spent(record: StudyRecord, folders: Iterable[Path]) -> Spent:
    """What the trainings in ``folders``, all of ``record``, took."""
    begun = epochs = 0
    busy: dict[tuple[str, int], list[Interval]] = defaultdict(list)
    for folder in folders:
        attempts = list(_attempts(folder))
        begun += bool(attempts)
        epochs += len(metric_lines(folder))
        for worker, interval in attempts:
            busy[worker].append(interval)
    seconds = sum(_covered(intervals) for intervals in busy.values())
    needs = record.file.resources
    hours = seconds / 3600
    return Spent(begun, epochs, seconds, hours * needs.cpu, hours * needs.gpu)


def _attempts(folder: Path) -> Iterator[tuple[tuple[str, int], Interval]]:
    """Host and process of each start, and the time from there to its last recorded epoch."""
    starts = [event for event in task_events(folder) if event["event"] == "start"]
    times = [line["time"] for line in metric_lines(folder)]
    ends = [*(start["time"] for start in starts), float("inf")][1:]  # none before the first start
    for start, end in zip(starts, ends, strict=True):
        own = [time for time in times if start["time"] <= time < end]
        worker = (str(start.get("host", "unknown")), int(start.get("pid", 0)))
        yield worker, (start["time"], max(own, default=start["time"]))


def _covered(intervals: list[Interval]) -> float:
    """The length of the intervals' union."""
    total, until = 0.0, float("-inf")
    for start, end in sorted(intervals):
        total += max(0.0, end - max(start, until))
        until = max(until, end)
    return total
