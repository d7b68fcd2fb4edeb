"""What MLflow is to show of each task, read from the record."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from symray.record import task_folder as folders
from symray.record.home import folder_of
from symray.record.study_record import StudyRecord, milliseconds
from symray.record.trials import FrozenTrial, TrialState
from symray.search.confirmation import read_confirmation, statistics_of
from symray.search.leaderboard import Candidate, candidate_of, leaderboard, sort_text
from symray.search.pretraining import pretraining_folders
from symray.tasks.task import Task
from symray.tasks.udr import udr_of
from symray.tracking.names import SETTING, TASK, setting_title, title, told

ORDER = "symray.order"
"""The tag that the table of a study's runs is sorted by."""

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
        confirmed: what fresh seeds have found of a trial's setting, as metrics.
        confirmed_at: when the last of them had ended, in milliseconds since the epoch.
    """

    name: str
    task: Task
    status: str
    start: int | None
    end: int | None
    tags: dict[str, str]
    searched: dict[str, Any]
    confirmed: dict[str, float] = field(default_factory=dict)
    confirmed_at: int = 0

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

    Its tag ``symray.order`` sorts as ranks do. Ranks themselves are not among its tags: each trial
    that ends moves those of all others.
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
        row = candidate_of(record.file, trial)
        tags |= {"symray.feasible": _yes(row.feasible), ORDER: sort_text(record.file, row)}
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

    A pretraining is a run of the study that was the first to ask for it. While no driver is at
    work, trials that were trained to their end have their rank, and what fresh seeds found of them.
    """
    board = [] if live else leaderboard(record)
    ranked = {row.number: (place, row) for place, row in enumerate(board, start=1)}
    confirmation = (None if live else read_confirmation(record)) or {"candidates": []}
    confirmed = [entry["number"] for entry in confirmation["candidates"]]
    for trial in record.trials():
        contents = _trial_contents(record, trial, live)
        if contents is None:
            continue
        if trial.number in ranked:
            contents.tags.update(_rank_tags(record, *ranked[trial.number]))
        if trial.number in confirmed:
            contents = _with_seeds(record, contents, confirmation)
        yield contents
    for folder in [*pretraining_folders(record.name), *record.confirmation_folders()]:
        contents = _training_contents(record, folder, live)
        if contents.task.kind == "confirmation" and contents.task.number in confirmed:
            place = confirmed.index(contents.task.number)
            contents.tags[ORDER] = f"2-{place:04d}"  # after all trials, the best setting first
        yield contents


def _rank_tags(record: StudyRecord, place: int, row: Candidate) -> dict[str, str]:
    tags = {"symray.rank": f"{place:04d}"}  # sorted as text
    if len(record.file.objectives) > 1:
        tags[ORDER] = sort_text(record.file, row, place)
    return tags


def _with_seeds(
    record: StudyRecord, contents: RunContents, confirmation: Mapping[str, Any]
) -> RunContents:
    """A trial's run with what the confirmation found of its setting, at its last seed's end."""
    number = contents.task.number
    found = statistics_of(confirmation, number)
    seeds = record.folder.glob(f"confirmation/{number:04d}-*")
    ended = [outcome["time"] for folder in seeds if (outcome := folders.outcome_of(folder))]
    at = round(1000 * max(ended, default=0.0))
    return replace(contents, confirmed=found, confirmed_at=at)


def _status(state: str, live: bool) -> str:
    status = MLFLOW_STATUS[state]
    return "SCHEDULED" if status == "RUNNING" and not live else status


def _tags(record: StudyRecord, task: Task) -> dict[str, str]:
    searched = _searched(record, task)
    fixed = {k: v for k, v in sorted(task.spec["settings"].items()) if k not in searched}
    tags = {
        "mlflow.runName": title(task, searched),
        TASK: task.name,
        "symray.study": task.study,
        "symray.kind": task.kind,
        "symray.number": str(task.number),
        "symray.fixed": told(fixed),
        "symray.seed": str(task.spec["seed"]),
        "symray.model": str(task.spec["model"]),
        "symray.data": str(task.spec["data"]),
    }
    if task.kind == "confirmation":
        tags[SETTING] = setting_title(task, searched)
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
