"""What a page tells of one study, gathered from its record once."""

from base64 import b64encode
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from symray.record.study_record import StudyRecord
from symray.record.task_folder import task_events
from symray.record.trials import ENDED, FrozenTrial
from symray.report.compare import Row
from symray.report.importances import importances
from symray.report.spent import Spent, spent
from symray.search.confirmation import read_confirmation
from symray.search.leaderboard import Candidate, leaderboard, metrics_of, pareto_front
from symray.study_file import Range
from symray.tasks.task import Task

LARGEST = 400_000
"""Bytes of a figure that is put into the page."""


@dataclass(frozen=True)
class Story:
    """One study.

    Attributes:
        record: its record.
        row: its row in the comparison.
        ended: trials by state.
        search: what its search took.
        confirmation: what its confirmation took.
        test_evaluations: settings that have ever seen the test split.
        board: completed trials, the best first.
        front: numbers of the undominated ones.
        importances: by objective and parameter, shares of 1; empty where there are too few trials.
        trials: all of them.
        where: hosts, devices and processors that trained it, with how many starts.
        tags: versions, commit and fingerprints of the training that stands for it.
        figures: pictures of its model by name, as data URIs.
    """

    record: StudyRecord
    row: Row
    ended: Mapping[str, int]
    search: Spent
    confirmation: Spent
    test_evaluations: int
    board: Sequence[Candidate]
    front: frozenset[int]
    importances: Mapping[str, Mapping[str, float]]
    trials: Sequence[FrozenTrial]
    where: Mapping[str, int]
    tags: Mapping[str, str]
    figures: Mapping[str, str]

    @property
    def chosen(self) -> Candidate | None:
        """The trial that stands for the study: confirmed, or else the best feasible one."""
        return next((row for row in self.board if row.number == self.row.number), None)

    def searched(self) -> list[tuple[str, str, Any]]:
        """Each searched setting: its name, where it was looked for, what the chosen trial has."""
        chosen: Mapping[str, Any] = self.chosen.params if self.chosen else {}
        return [
            (name, f"{entry}{', logarithmic' if _is_log(entry) else ''}", chosen.get(name))
            for name, entry in self.record.file.search.items()
        ]

    def is_log(self, name: str) -> bool:
        """Whether a setting was searched on a logarithmic scale."""
        return _is_log(self.record.file.search[name])

    def trial_table(self) -> tuple[list[str], list[list[Any]]]:
        """Names of columns and a row per trial."""
        params = list(self.record.file.search)
        metrics = [*self.record.file.metric_names()]
        feasible = {row.number for row in self.board if row.feasible}
        rows = [
            [trial.number, trial.state.name, "yes" if trial.number in feasible else "no"]
            + [trial.user_attrs.get("epochs")]
            + [trial.params.get(name) for name in params]
            + [metrics_of(trial).get(name) for name in metrics]
            + [trial.user_attrs.get("reason") or ""]
            for trial in self.trials
        ]
        return ["trial", "state", "feasible", "epochs", *params, *metrics, "reason"], rows


def story_of(record: StudyRecord, row: Row) -> Story:
    """Read a study."""
    board, trials = leaderboard(record), record.trials()
    confirmed = read_confirmation(record) or {"test_evaluations": 0, "champion": None}
    folder = _folder(record, row, confirmed["champion"])
    trial_folders = [record.trial_folder(trial.number) for trial in trials]
    confirmations = record.confirmation_folders()
    return Story(
        record=record,
        row=row,
        ended={state.name: sum(t.state == state for t in trials) for state in ENDED},
        search=spent(record, trial_folders),
        confirmation=spent(record, confirmations),
        test_evaluations=confirmed["test_evaluations"],
        board=board,
        front=frozenset(c.number for c in pareto_front(record.file, board)),
        importances=importances(record),
        trials=trials,
        where=_where([*trial_folders, *confirmations]),
        tags=Task.load(folder).tags if folder else {},
        figures=_figures(folder / "figures") if folder else {},
    )


def _is_log(entry: object) -> bool:
    return isinstance(entry, Range) and entry.log


def _folder(record: StudyRecord, row: Row, champion: str | None) -> Path | None:
    if champion is not None:
        return record.folder / "confirmation" / champion
    return None if row.number is None else record.trial_folder(row.number)


def _where(folders: Sequence[Path]) -> Counter[str]:
    """Hosts, devices and processors of all starts."""
    return Counter(
        ", ".join(
            [
                str(event.get("host", "unknown")),
                str(event.get("device", "cpu")),
                *([str(event["processor"])] if "processor" in event else []),
            ]
        )
        for folder in folders
        for event in task_events(folder)
        if event["event"] == "start"
    )


def _figures(folder: Path) -> dict[str, str]:
    return {
        path.stem: f"data:image/png;base64,{b64encode(path.read_bytes()).decode()}"
        for path in sorted(folder.glob("*.png"))
        if path.stat().st_size <= LARGEST
    }
