"""The champion: the study's best model as a folder that can be registered and downloaded."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from symray.metrics import METRICS
from symray.record import forms
from symray.record.atomic import read_json, write_atomically
from symray.record.study_record import StudyRecord
from symray.record.task_folder import last_line
from symray.tasks.task import Task
from symray.tasks.worker import load_trained
from symray.training.bundle import save_bundle
from symray.training.spec import TrialSpec

ALIAS = "champion"


def build_champion(record: StudyRecord, task: Task, confirmation: Mapping[str, Any] | None) -> Path:
    """Write the model of ``task`` to the study's ``champion`` folder.

    Args:
        record: the study.
        task: a training that ended, its figures drawn.
        confirmation: the content of ``confirmation.json``; None where there was none.
    """
    values = last_line(Path(task.folder))["values"]
    metrics = {f"validation/{name}": values[name] for name in METRICS.among(values)}
    if confirmation is not None:
        for name, stat in confirmation["test"].items():
            metrics |= {f"test/{name}/mean": stat["mean"]}
            if stat["sd"] is not None:
                metrics |= {f"test/{name}/sd": stat["sd"]}
        metrics["test/n"] = len(
            list(record.folder.glob(f"confirmation/{task.number:04d}-*/test.json"))
        )
    folder = record.folder / "champion" / "model"
    save_bundle(folder, load_trained(task), TrialSpec.from_json(task.spec), metrics)
    write_atomically(folder.parent / "task.txt", task.name)
    return folder


def champion_task(record: StudyRecord) -> str | None:
    """The name of the training that the champion is; None while there is none."""
    path = record.folder / "champion" / "task.txt"
    return path.read_text().strip() if path.exists() else None


def registered(record: StudyRecord) -> dict[str, str] | None:
    """Name and version in the registry, once the champion stands there."""
    path = record.folder / "champion" / "registered.json"
    content: dict[str, str] = read_json(path, forms.registered) if path.exists() else {}
    if content.pop("sha256", None) != digest(record):
        return None
    return content


def digest(record: StudyRecord) -> str:
    """What tells one champion from another: the hash of its checksums; empty without one."""
    sums = record.folder / "champion" / "model" / "SHA256SUMS"
    return hashlib.sha256(sums.read_bytes()).hexdigest() if sums.exists() else ""
