"""A study as a storage of Optuna's that can only be read, with what its dashboard has room for."""

import copy
import threading
import time
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial, TrialState

from symray.errors import UserError
from symray.record.study_record import StudyRecord
from symray.report.dashboard.attributes import Files, note_attributes
from symray.report.dashboard.trial_note import TrialNotes, figures_of
from symray.report.study_page import Links, study_text
from symray.search.leaderboard import candidate_of, leaderboard, metrics_of

FRESH = 2.0
"""Seconds for which what was read is shown again; the dashboard asks many times for a page."""

SHARE = 10
"""So many times as long as the reading took it is shown at least."""

METRIC_NAMES = "study:metric_names"
"""Optuna's attribute for what its objectives are called."""


@dataclass(frozen=True)
class _Shown:
    """What was read at one time, and until when it is shown."""

    until: float
    trials: list[FrozenTrial]
    attributes: dict[str, Any]
    best: int | None


def _refuse(*args: Any, **kwargs: Any) -> NoReturn:
    raise UserError("the record of a study is only shown here; its driver alone writes to it")


class ShownStudy(BaseStorage):
    """The study of ``record``, read again as it runs; whatever would write raises.

    Trials have their metrics as attributes of their own, constraints as the dashboard reads them,
    and figures; the study has notes for itself and for each trial.

    Args:
        record: the study.
        run_link: the address of an MLflow run by its id; None where no server shows one.

    Attributes:
        study_id: Optuna's, in the storage of the record.
        path: of the study's page on the dashboard.
        files: that the dashboard shows.
    """

    def __init__(self, record: StudyRecord, run_link: Callable[[str], str | None]) -> None:
        self.record = record
        self.study_id: int = record.optuna._study_id
        self.path = f"/dashboard/studies/{self.study_id}"
        self.files = Files()
        self._notes = TrialNotes(record, run_link)
        self._shown: _Shown | None = None
        self._reading = threading.Lock()

    def get_study_id_from_name(self, study_name: str) -> int:
        """As any storage."""
        if study_name != self.record.name:
            raise KeyError(study_name)
        return self.study_id

    def get_study_name_from_id(self, study_id: int) -> str:
        """As any storage."""
        self._check(study_id)
        return self.record.name

    def get_study_directions(self, study_id: int) -> list[StudyDirection]:
        """As any storage."""
        self._check(study_id)
        return list(self.record.optuna.directions)

    def get_study_user_attrs(self, study_id: int) -> dict[str, Any]:
        """What a study is, in a few words."""
        self._check(study_id)
        file = self.record.file
        return {
            "model": file.model,
            "data": Path(file.data_name).name,
            "constraints": ", ".join(map(str, file.constraints)),
            "state": self.record.state(),
        }

    def get_study_system_attrs(self, study_id: int) -> dict[str, Any]:
        """Notes, figures, names of objectives."""
        self._check(study_id)
        return self._read().attributes

    def get_all_studies(self) -> list[FrozenStudy]:
        """The one."""
        return [
            FrozenStudy(
                study_name=self.record.name,
                direction=None,
                directions=self.get_study_directions(self.study_id),
                user_attrs=self.get_study_user_attrs(self.study_id),
                system_attrs=self.get_study_system_attrs(self.study_id),
                study_id=self.study_id,
            )
        ]

    def get_trial(self, trial_id: int) -> FrozenTrial:
        """As any storage."""
        found = next((t for t in self._read().trials if t._trial_id == trial_id), None)
        if found is None:
            raise KeyError(trial_id)
        return found

    def get_all_trials(
        self,
        study_id: int,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        """As any storage."""
        self._check(study_id)
        found = [t for t in self._read().trials if states is None or t.state in states]
        return copy.deepcopy(found) if deepcopy else found

    def get_best_trial(self, study_id: int) -> FrozenTrial:
        """The first of the leaderboard, which keeps the constraints if any trial does."""
        self._check(study_id)
        shown = self._read()
        if shown.best is None:
            raise ValueError("No trials are completed yet.")
        return shown.trials[shown.best]

    create_new_study = delete_study = _refuse
    set_study_user_attr = set_study_system_attr = _refuse
    create_new_trial = set_trial_param = set_trial_state_values = _refuse
    set_trial_intermediate_value = set_trial_user_attr = set_trial_system_attr = _refuse

    def _check(self, study_id: int) -> None:
        if study_id != self.study_id:
            raise KeyError(study_id)

    def _read(self) -> _Shown:
        with self._reading:
            shown = self._shown
            if shown is None or time.monotonic() > shown.until:
                shown = self._shown = self._read_again()
            return shown

    def _read_again(self) -> _Shown:
        record, begun = self.record, time.monotonic()
        trials = record.trials()
        board = leaderboard(record)
        attributes: dict[str, Any] = {METRIC_NAMES: list(record.file.objectives)}
        text, files = self._page()
        attributes |= note_attributes(None, text) | self.files.show(files)
        for trial, note in self._notes.of(board):
            attributes |= note_attributes(trial._trial_id, note)
        shown = [self._as_shown(trial) for trial in trials]
        now = time.monotonic()
        return _Shown(
            until=now + max(FRESH, SHARE * (now - begun)),
            trials=shown,
            attributes=attributes,
            best=board[0].number if board else None,
        )

    def _page(self) -> tuple[str, list[Path]]:
        """The study's note, and the files that it has links to."""
        record, files = self.record, list[Path]()

        def address(path: Path) -> str:
            files.append(path)
            return f"/artifacts/{self.study_id}/{self.files.key(path)}"

        links = Links(
            run=lambda name: f"{self.path}/trials?numbers={int(name.removeprefix('trial-'))}",
            report=lambda file: address(record.folder / "report" / file),
            picture=lambda path: address(record.folder / "report" / path),
        )
        return study_text(record, links), files

    def _as_shown(self, trial: FrozenTrial) -> FrozenTrial:
        shown = copy.copy(trial)
        own = {key: value for key, value in trial.user_attrs.items() if key != "metrics"}
        shown._user_attrs = own | metrics_of(trial)
        violations: Mapping[str, float] = {}
        if metrics_of(trial):
            violations = candidate_of(self.record.file, trial).violations
        shown._system_attrs = trial._system_attrs | {"constraints": list(violations.values())}
        shown._system_attrs |= self.files.show(figures_of(self.record, trial.number))
        return shown
