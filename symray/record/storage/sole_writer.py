"""Optuna's storage as a study's driver may see it: what it has written itself is all that changes.

Optuna's own storages look for what others have written whenever they are asked, many times for each
trial; the lease of a study rules that out.
"""

import copy
import threading
from collections.abc import Callable, Container
from typing import Any

from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState


class SoleWriter(BaseStorage):
    """Put before a storage of one study, reads of it only those trials that were written to."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._trials_now: list[FrozenTrial] | None = None
        self._numbers: dict[int, int] = {}
        self._written: set[int] = set()
        self._reading = threading.RLock()

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        """As the storage's own."""
        trial_id: int = self._own("create_new_trial")(study_id, template_trial)
        self._note(trial_id)
        return trial_id

    def get_trial(self, trial_id: int) -> FrozenTrial:
        """As the storage's own."""
        with self._reading:
            if trial_id in self._numbers and self._trials_now is not None:
                self._refresh()
                return self._trials_now[self._numbers[trial_id]]
        found: FrozenTrial = self._own("get_trial")(trial_id)
        return found

    def get_all_trials(
        self,
        study_id: int,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        """As the storage's own."""
        with self._reading:
            if self._trials_now is None or not self._refresh():
                self._written.clear()
                self._trials_now = self._own("get_all_trials")(study_id, deepcopy=False)
                self._numbers = {trial._trial_id: trial.number for trial in self._trials_now}
            found = [t for t in self._trials_now if states is None or t.state in states]
        return copy.deepcopy(found) if deepcopy else found

    def _refresh(self) -> bool:
        """Read again what was written; False where trials are there that this doesn't know."""
        assert self._trials_now is not None
        for trial_id in sorted(self._written):
            trial: FrozenTrial = self._own("get_trial")(trial_id)
            if trial.number > len(self._trials_now):
                return False
            self._trials_now[trial.number : trial.number + 1] = [trial]
            self._numbers[trial_id] = trial.number
            self._written.discard(trial_id)
        return True

    def _note(self, trial_id: int) -> None:
        with self._reading:
            self._written.add(trial_id)

    def _own(self, name: str) -> Callable[..., Any]:
        method: Callable[..., Any] = getattr(super(), name)
        return method


def _noting(name: str) -> Callable[..., Any]:
    def write(storage: SoleWriter, trial_id: int, *args: Any, **kwargs: Any) -> Any:
        try:
            return storage._own(name)(trial_id, *args, **kwargs)
        finally:
            storage._note(trial_id)

    return write


for _name in (
    *("set_trial_param", "set_trial_state_values", "set_trial_intermediate_value"),
    *("set_trial_user_attr", "set_trial_system_attr"),
):
    setattr(SoleWriter, _name, _noting(_name))
