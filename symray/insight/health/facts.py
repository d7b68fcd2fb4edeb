"""A study's record, read once for everything that looks at it."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from symray.errors import UserError
from symray.insight.health.training import Pace, Training
from symray.record.study_record import StudyRecord
from symray.record.task_folder import metric_lines, outcome_of, task_events
from symray.record.trials import FrozenTrial, TrialState
from symray.search.leaderboard import Candidate, leaderboard
from symray.search.pretraining import pretraining_folders
from symray.study_file import StudyFile
from symray.tasks.task import Task


@dataclass(frozen=True)
class Facts:
    """What is known of a study at one moment.

    Attributes:
        record: the study.
        state: as :meth:`StudyRecord.state` has it.
        now: seconds since the epoch.
        trials: Optuna's, by number.
        trainings: all tasks that can be read, trials first.
        unreadable: of the others, by name, the sentence that says why.
    """

    record: StudyRecord
    state: str
    now: float
    trials: list[FrozenTrial]
    trainings: list[Training]
    unreadable: dict[str, str]

    @property
    def file(self) -> StudyFile:
        """The study's file."""
        return self.record.file

    @property
    def name(self) -> str:
        """The study's name."""
        return self.record.name

    @cached_property
    def board(self) -> list[Candidate]:
        """The completed trials, the best first."""
        return leaderboard(self.record)

    @cached_property
    def feasible(self) -> list[Candidate]:
        """Those of them that keep the constraints."""
        return [candidate for candidate in self.board if candidate.feasible]

    @cached_property
    def ended(self) -> list[FrozenTrial]:
        """The trials that have ended, whichever way."""
        return [trial for trial in self.trials if trial.state.is_finished()]

    @cached_property
    def paces(self) -> list[Pace]:
        """How long the epochs of all trainings took."""
        return [pace for training in self.trainings for pace in training.paces]

    @cached_property
    def of_trials(self) -> dict[int, Training]:
        """The trials' trainings by number."""
        return {training.number: training for training in self.trainings if training.is_trial}


def read_facts(record: StudyRecord, now: float | None = None) -> Facts:
    """Read everything that a study has recorded."""
    trials = record.trials()
    trainings, unreadable = [], {}
    for name, folder, trial in _folders(record, trials):
        try:
            trainings.append(_training(name, folder, trial))
        except UserError as error:
            unreadable[name] = str(error)
    return Facts(
        record=record,
        state=record.state(),
        now=time.time() if now is None else now,
        trials=trials,
        trainings=trainings,
        unreadable=unreadable,
    )


def _folders(
    record: StudyRecord, trials: list[FrozenTrial]
) -> Iterator[tuple[str, Path, FrozenTrial | None]]:
    for trial in trials:
        yield f"trial-{trial.number:04d}", record.trial_folder(trial.number), trial
    for folder in pretraining_folders(record.name):
        yield f"pretraining-{folder.name}", folder, None
    for folder in record.confirmation_folders():
        yield f"confirm-{folder.name}", folder, None


def _training(name: str, folder: Path, trial: FrozenTrial | None) -> Training:
    task = Task.load(folder) if (folder / "task.json").exists() else None
    lines, events = metric_lines(folder), task_events(folder)
    if trial is not None:
        failed = trial.state == TrialState.FAIL
        began, ended = trial.datetime_start, trial.datetime_complete
        return Training(
            name=name,
            number=trial.number,
            is_trial=True,
            task=task,
            lines=lines,
            events=events,
            asked_at=began.timestamp() if began else None,
            ended_at=ended.timestamp() if ended else None,
            ended=trial.state.is_finished() or trial.state == TrialState.WAITING,
            reason=str(trial.user_attrs.get("reason", "no reason")) if failed else None,
        )
    assert task is not None
    outcome = outcome_of(folder)
    return Training(
        name=task.name,
        number=task.number,
        is_trial=False,
        task=task,
        lines=lines,
        events=events,
        asked_at=(folder / "task.json").stat().st_mtime,
        ended_at=outcome["time"] if outcome else None,
        ended=outcome is not None,
        reason=outcome["reason"] if outcome else None,
    )
