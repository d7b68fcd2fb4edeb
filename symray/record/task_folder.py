"""What a task's folder tells, and a study's, to anyone who can read it."""

import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from symray.metrics import METRICS
from symray.record import forms, jsonl

LOSSES = "losses.jsonl"

SYSTEM = "system.jsonl"
"""How busy a task's worker was: a line of each time at which that was looked at."""


def metric_lines(folder: Path) -> list[dict[str, Any]]:
    """The recorded epochs in order, ``{"epoch", "time", "values"}``; an epoch's last line wins.

    The first ones may also have ``steps``: by name, a value for each of their steps.
    """
    newest = {line["epoch"]: line for line in jsonl.read(folder / "metrics.jsonl", forms.epoch)}
    return [newest[epoch] for epoch in sorted(newest)]


def system_lines(folder: Path) -> list[dict[str, Any]]:
    """The samples of the task's workers and their machines in order, ``{"time", "values"}``."""
    return jsonl.read(folder / SYSTEM, forms.sample)


def last_line(folder: Path) -> Mapping[str, Any]:
    """The newest recorded epoch; epoch 0 without values before the first."""
    return (metric_lines(folder) or [{"epoch": 0, "time": 0.0, "values": {}}])[-1]


def newest_metrics(folder: Path) -> dict[str, float]:
    """The newest recorded value of each metric: not every epoch is evaluated."""
    values = {
        name: value for line in metric_lines(folder) for name, value in line["values"].items()
    }
    return {name: values[name] for name in METRICS.among(values)}


def traces(folder: Path) -> dict[str, list[float]]:
    """What was logged at each of the first steps, by name; empty where nothing is traced."""
    found: dict[str, list[float]] = {}
    for line in metric_lines(folder):
        for name, values in line.get("steps", {}).items():
            found.setdefault(name, []).extend(values)
    return found


def task_events(folder: Path) -> list[dict[str, Any]]:
    """Starts, failures and lost workers of the task's attempts, in order.

    Workers write the former and the driver the latter, each into a file of its own: they may be on
    different machines.
    """
    events = [
        line for name in ("events.jsonl", LOSSES) for line in jsonl.read(folder / name, forms.event)
    ]
    return sorted(events, key=lambda event: float(event["time"]))


def drivers_of(events: Iterable[Mapping[str, Any]]) -> int:
    """How many drivers a study has had, by its events: a fencing number for its workers."""
    return sum(event["event"] in ("launch", "resume") for event in events)


def run_id(folder: Path) -> str | None:
    """The task's MLflow run, once it has one."""
    path = folder / "mlflow_run_id"
    return path.read_text().strip() if path.exists() else None


def outcome_of(folder: Path) -> dict[str, Any] | None:
    """How a training that isn't a trial ended, state, reason and time; None while it hasn't."""
    outcomes = jsonl.read(folder / "outcome.jsonl", forms.outcome)
    return outcomes[-1] if outcomes else None


def write_outcome(folder: Path, reason: str | None) -> str:
    """Record that such a training has ended, and why if it failed; returns its state."""
    state = "FAIL" if reason else "COMPLETE"
    outcome = {"state": state, "reason": reason, "time": time.time()}
    jsonl.append(folder / "outcome.jsonl", [outcome])
    return state
