"""What a run is called: for people in MLflow, and in the record."""

from collections.abc import Mapping
from typing import Any

from mlflow.entities import Run

from symray.tasks.task import Task

TASK = "symray.task"
"""The tag with a run's name in the record; older runs have that as their own name."""

SETTING = "symray.setting"
"""The tag that trainings of one setting under several seeds share."""

LONGEST = 120


def task_of(run: Run) -> str:
    """The task that a run shows; the study's name for its own run."""
    return str(run.data.tags.get(TASK) or run.info.run_name)


def title(task: Task, searched: Mapping[str, Any]) -> str:
    """``#041 beta=40 lambda_growth=1.03``; nesting is gone when a table is sorted."""
    if task.kind == "pretraining":
        return task.name
    if task.kind != "confirmation":
        return setting_title(task, searched)
    seed = task.name.rsplit("-", 1)[1]
    return f"#{task.number:03d} seed {seed} {told(searched)}"[:LONGEST]


def setting_title(task: Task, searched: Mapping[str, Any]) -> str:
    """The title of the trial whose setting a task trains: what seeds of one setting share."""
    return f"#{task.number:03d} {told(searched)}"[:LONGEST]


def told(settings: Mapping[str, Any]) -> str:
    """``beta=40 lambda_growth=1.03``."""
    return " ".join(f"{name}={_short(value)}" for name, value in settings.items())


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
