"""What MLflow is to show of each task, read from the record."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from symray.record import task_folder as folders
from symray.record.home import folder_of
from symray.record.study_record import StudyRecord, milliseconds
from symray.record.trials import FrozenTrial, TrialState
from symray.search.leaderboard import candidate_of, leaderboard
from symray.search.pretraining import pretraining_folders
from symray.tasks.task import Task
from symray.tasks.udr import udr_of
from symray.tracking.names import TASK, title

MLFLOW_STATUS = {
    "WAITING": "SCHEDULED",
    "RUNNING": "RUNNING",  # SCHEDULED while no driver is at work
    "COMPLETE": "FINISHED",
    "PRUNED": "KILLED",
    "FAIL": "FAILED",
}


@dataclass(frozen=True)
class RunContents:
    """A task as an MLflow run should look.

    Attributes:
        name: the task's, unique in the study.
        task: what was trained.
        status: MLflow's status.
        start: milliseconds since the epoch.
        end: the same, None while it runs.
        tags: all tags.
        searched: the parameters that the study searches.
    """

    name: str
    task: Task
    status: str
    start: int | None
    end: int | None
    tags: dict[str, str]
    searched: dict[str, Any]

    @property
    def folder(self) -> Path:
        """The task's folder."""
        return Path(self.task.folder)

    def lines(self) -> list[dict[str, Any]]:
        """The recorded epochs."""
        return folders.metric_lines(self.folder)

    def samples(self) -> list[dict[str, Any]]:
        """What its workers' system metrics were."""
        return folders.system_lines(self.folder)


def contents_of(record: StudyRecord, name: str, live: bool) -> RunContents | None:
    """The run of task ``name``; None before a worker was asked to train it.

    Ranks are not among its tags: each trial that ends moves those of all others.
    """
    if name.startswith("trial-"):
        return _trial_contents(record, record.trial(int(name.removeprefix("trial-"))), live)
    folder = record.folder.parent / folder_of(record.name, name)
    return _training_contents(record, folder, live)


def _trial_contents(record: StudyRecord, trial: FrozenTrial, live: bool) -> RunContents | None:
    folder = record.trial_folder(trial.number)
    if not (folder / "task.json").exists():
        return None
    task = Task.load(folder)
    tags = _tags(record, task) | {"symray.state": trial.state.name, "symray.role": "search"}
    if trial.state == TrialState.COMPLETE:
        tags["symray.feasible"] = _yes(candidate_of(record.file, trial).feasible)
    for name in ("reason", "retry_of", "reference"):
        if name in trial.user_attrs:
            tags[f"symray.{name}"] = str(trial.user_attrs[name])
    if trial.user_attrs.get("reference"):
        tags["symray.role"] = "reference"
    return RunContents(
        name=task.name,
        task=task,
        status=_status(trial.state.name, live),
        start=milliseconds(trial.datetime_start),
        end=milliseconds(trial.datetime_complete),
        tags=tags,
        searched=_searched(record, task),
    )


def _training_contents(record: StudyRecord, folder: Path, live: bool) -> RunContents:
    task = Task.load(folder)
    outcome = folders.outcome_of(folder)
    state = outcome["state"] if outcome else "RUNNING"
    tags = _tags(record, task) | {"symray.state": state, "symray.role": task.kind}
    if outcome and outcome["reason"]:
        tags["symray.reason"] = outcome["reason"]
    if (agreement := udr_of(folder)) is not None:
        tags["symray.udr"] = f"{agreement:.6g}"
    began = folders.task_events(folder)
    return RunContents(
        name=task.name,
        task=task,
        status=_status(state, live),
        start=round(began[0]["time"] * 1000) if began else None,
        end=round(outcome["time"] * 1000) if outcome else None,
        tags=tags,
        searched=_searched(record, task),
    )


def all_contents(record: StudyRecord, live: bool) -> Iterator[RunContents]:
    """The runs of all tasks of a study, trials first; ``live`` while a driver is at work.

    A pretraining is a run of the study that was the first to ask for it. Trials that were trained
    to their end have their rank while no driver is at work.
    """
    board = [] if live else leaderboard(record)
    ranks = {row.number: place for place, row in enumerate(board, start=1)}
    for trial in record.trials():
        contents = _trial_contents(record, trial, live)
        if contents is not None:
            if trial.number in ranks:  # sorted as text
                contents.tags["symray.rank"] = f"{ranks[trial.number]:04d}"
            yield contents
    for folder in [*pretraining_folders(record.name), *record.confirmation_folders()]:
        yield _training_contents(record, folder, live)


def _status(state: str, live: bool) -> str:
    status = MLFLOW_STATUS[state]
    return "SCHEDULED" if status == "RUNNING" and not live else status


def _tags(record: StudyRecord, task: Task) -> dict[str, str]:
    tags = {
        "mlflow.runName": title(task, _searched(record, task)),
        TASK: task.name,
        "symray.study": task.study,
        "symray.kind": task.kind,
        "symray.number": str(task.number),
        "symray.seed": str(task.spec["seed"]),
        "symray.model": str(task.spec["model"]),
        "symray.data": str(task.spec["data"]),
    }
    if "symray.commit" in task.tags:
        tags["mlflow.source.git.commit"] = task.tags["symray.commit"]
    starts = [e for e in folders.task_events(Path(task.folder)) if e["event"] == "start"]
    if starts:
        tags |= {"symray.host": starts[-1]["host"], "symray.device": starts[-1]["device"]}
        tags["symray.attempts"] = str(len(starts))
    return tags | origin(record) | task.tags


def origin(record: StudyRecord) -> dict[str, str]:
    """MLflow's own tags for where a run comes from."""
    tags = {"mlflow.source.name": f"symray launch {record.name}", "mlflow.source.type": "LOCAL"}
    begun = record.events("launch")
    return tags | ({"mlflow.user": begun[0]["user"]} if begun else {})


def _searched(record: StudyRecord, task: Task) -> dict[str, Any]:
    settings = task.spec["settings"]
    return {name: settings[name] for name in record.file.search if name in settings}


def _yes(value: bool) -> str:
    return "yes" if value else "no"
