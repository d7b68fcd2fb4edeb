"""A run's metrics as MLflow has them: points of epochs and of samples, and its seeds' figures."""

import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from mlflow.entities import Metric

from symray.tracking.run_contents import RunContents

Line = Mapping[str, Any]

EPOCH = "epoch"
"""The last point of an epoch: it says that the epoch is whole."""

SAMPLED = "system/cpu_utilization_percentage"
"""The same of a sample, whose number is its step."""


def points_of_epochs(lines: Sequence[Line]) -> list[Metric]:
    """The points of epochs, in order."""
    return [
        Metric(name, value, round(line["time"] * 1000), line["epoch"])
        for line in lines
        for name, value in (line["values"] | {EPOCH: line["epoch"]}).items()
    ]


def points_of_samples(samples: Mapping[int, Line]) -> list[Metric]:
    """The points of samples by number, in order."""
    return [
        Metric(name, value, round(sample["time"] * 1000), number)
        for number, sample in samples.items()
        for name, value in sorted(sample["values"].items(), key=lambda item: item[0] == SAMPLED)
    ]


def points_of_seeds(latest: Mapping[str, float], contents: RunContents) -> list[Metric]:
    """What a setting's fresh seeds gave, as far as its run doesn't show it."""
    return [
        Metric(name, value, contents.confirmed_at, 0)
        for name, value in contents.confirmed.items()
        if name not in latest or not _is_kept_as(latest[name], value)
    ]


def has_strange_values(latest: Mapping[str, float], contents: RunContents) -> bool:
    """Whether the newest value of a curve, or a figure of seeds, is none that the record has."""
    recorded: dict[str, list[float]] = {}
    for line in [*contents.lines(), *contents.samples()]:
        for name, value in line["values"].items():
            recorded.setdefault(name, []).append(value)
    return any(
        not any(_is_kept_as(latest[name], value) for value in recorded[name])
        for name in recorded.keys() & latest.keys()
    ) or any(point.key in latest for point in points_of_seeds(latest, contents))


def _is_kept_as(kept: float, value: float) -> bool:
    """Whether MLflow, which has no infinity, shows ``value`` as ``kept``."""
    if math.isinf(value):
        value = math.copysign(sys.float_info.max, value)
    return kept == value or (math.isnan(kept) and math.isnan(value))
