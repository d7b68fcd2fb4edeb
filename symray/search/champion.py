"""The champion: the study's best model as a folder that can be registered and downloaded."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from symray.metrics import METRICS
from symray.record import forms
from symray.record.atomic import read_json, write_atomically
from symray.record.home import folder_of
from symray.record.study_record import StudyRecord
from symray.record.task_folder import last_line
from symray.search.confirmation import statistics_of
from symray.search.leaderboard import candidate, rank
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
        metrics |= statistics_of(confirmation, task.number)
    folder = record.folder / "champion" / "model"
    save_bundle(folder, load_trained(task), TrialSpec.from_json(task.spec), metrics)
    write_atomically(folder.parent / "task.txt", task.name)
    return folder


def champion_task(record: StudyRecord) -> str | None:
    """The name of the training that the champion is; None while there is none."""
    path = record.folder / "champion" / "task.txt"
    return path.read_text().strip() if path.exists() else None


def champion_training(record: StudyRecord) -> Task:
    """The training that the champion is."""
    name = champion_task(record)
    assert name is not None
    return Task.load(record.folder.parent / folder_of(record.name, name))


def read_metrics(record: StudyRecord) -> dict[str, float | None]:
    """The champion's metrics, None where one isn't finite."""
    path = record.folder / "champion" / "model" / "metrics.json"
    content: dict[str, float | None] = read_json(path, forms.metrics)
    return content


def registered(record: StudyRecord) -> dict[str, str] | None:
    """Name and version in the registry, and the version that is champion there; None before."""
    path = record.folder / "champion" / "registered.json"
    content: dict[str, str] = read_json(path, forms.registered) if path.exists() else {}
    if content.pop("sha256", None) != digest(record):
        return None
    return {ALIAS: content["version"]} | content


def digest(record: StudyRecord) -> str:
    """What tells one champion from another: the hash of its checksums; empty without one."""
    sums = record.folder / "champion" / "model" / "SHA256SUMS"
    return hashlib.sha256(sums.read_bytes()).hexdigest() if sums.exists() else ""


def better_than(
    record: StudyRecord, new: Mapping[str, Any], old: Mapping[str, Any]
) -> tuple[bool, str]:
    """Whether a model is better on the study's objectives than another, and the words for it.

    Args:
        record: the study.
        new: a bundle's metrics; what a confirmation found counts before a single training's.
        old: the other's.
    """
    file = record.file
    values = [_validation(metrics) for metrics in (new, old)]
    first, second = (candidate(file, i, {}, metrics) for i, metrics in enumerate(values))
    objective = next(iter(file.objectives))
    shown = [metrics.get(objective, float("nan")) for metrics in values]
    words = f"{objective} {shown[0]:.4g} against {shown[1]:.4g}"
    if first.feasible != second.feasible:
        words += f", {'only it' if first.feasible else 'it does not'} keep{'s' * first.feasible}"
        words += " the constraints"
    best = rank(file, [second, first])[0]  # of equal ones the older stays
    return best is first, words


def _validation(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Validation metrics by name; the mean over seeds where there is one."""
    found = {}
    for name in METRICS.among(key.split("/")[1] for key in metrics if "/" in key):
        value = metrics.get(f"validation/{name}/mean", metrics.get(f"validation/{name}"))
        if value is not None:
            found[name] = float(value)
    return found
