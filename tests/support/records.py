"""Searches without workers, and trials as workers leave them."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from optuna.trial import TrialState

from symray.record import jsonl
from symray.record.home import home
from symray.record.study_record import StudyRecord
from symray.search.progress import Progress
from symray.search.samplers import distributions
from symray.search.search import Search
from symray.study_file import load_study_file
from symray.tasks.task import Task
from symray.training.spec import TrialSpec

TEXT = """\
study: searched
model: stib
data: artificial
training: {epochs: 4}
search:
  beta: {low: 1, high: 1000, log: true}
  lambda_growth: {low: 1.0, high: 1.2}
objectives: {mi_z0_y: minimize}
constraints: ["x_mae <= 0.8", "y_mae <= 1.2"]
trials: 6
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a few pages: room for a folder or two and no checkpoint."""
    if os.geteuid() != 0:
        pytest.skip("a disk of a test's own needs root to be mounted")
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("tmpfs can't be mounted here")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
def make_record(study_home: Path, tmp_path: Path) -> Callable[..., StudyRecord]:
    """Makes the record of a new study; overrides as after ``--set``."""

    def make(*overrides: str) -> StudyRecord:
        path = tmp_path / "searched.yaml"
        path.write_text(TEXT)
        (file,) = load_study_file(path, overrides)
        (home() / file.study).mkdir(parents=True)
        record = StudyRecord.create(file)
        record.add_event("launch", code="test", code_source=None)
        return record

    return make


@pytest.fixture
def make_search() -> Callable[[StudyRecord], Search]:
    """Starts a search over a record, as each new driver does."""
    return lambda record: Search(record, {}, Progress(), lambda number: None, lambda: False)


AddTrial = Callable[..., Task]


def untrained(
    record: StudyRecord,
    state: TrialState = TrialState.COMPLETE,
    epochs: int = 3,
    **metrics: float,
) -> Task:
    """Add a trial to a record as workers and the search would leave it, without training.

    Epoch n is recorded n s after a fixed moment; its metrics rise by 1 up to those given.
    """
    trial = record.optuna.ask(distributions(record.file))
    folder = record.trial_folder(trial.number)
    spec = TrialSpec(
        record.file.model, "artificial", record.file.settings(trial.params), seed=trial.number
    )
    task = Task(
        study=record.name,
        name=f"trial-{trial.number:04d}",
        kind="trial",
        number=trial.number,
        folder=str(folder),
        spec=spec.to_json(),
        tags={"symray.code": "abc"},
    )
    task.save()
    lines = [
        {
            "epoch": epoch,
            "time": 1_700_000_000.25 + epoch,
            "values": {name: value - epochs + epoch for name, value in metrics.items()},
        }
        for epoch in range(1, epochs + 1)
    ]
    jsonl.append(folder / "metrics.jsonl", lines)
    if state == TrialState.RUNNING:
        return task
    trial.set_user_attr("metrics", metrics)
    if state == TrialState.FAIL:
        trial.set_user_attr("reason", "diverged")
    values = [metrics[name] for name in record.file.objectives]
    done = state == TrialState.COMPLETE
    record.optuna.tell(trial, values if done else None, state=state)
    return task


@pytest.fixture
def add_trial() -> AddTrial:
    """:func:`untrained`."""
    return untrained
