"""Checkpoints of trials that have ended go, but for those of the best."""

import shutil
from collections.abc import Callable

from symray.record.study_record import StudyRecord
from symray.record.trials import ENDED, TrialState
from symray.search.leaderboard import candidate_of, rank


class Retention:
    """Keeps the checkpoints of the best ``checkpoints.keep`` trials of a study.

    Args:
        record: the study.
        discard: called with the number of each trial whose checkpoints are gone here.
    """

    def __init__(self, record: StudyRecord, discard: Callable[[int], None]) -> None:
        self._record = record
        self._discard = discard
        self._removed: set[int] = set()
        self._looked_at = 0

    def sweep(self) -> None:
        """Remove what needn't be kept of the trials that have ended since the last time.

        Only these and the best of then are compared: what was worse than so many others stays so.
        """
        ended = self._record.trials(*ENDED)
        if len(ended) == self._looked_at:
            return
        self._looked_at = len(ended)
        left = [trial for trial in ended if trial.number not in self._removed]
        complete = [trial for trial in left if trial.state == TrialState.COMPLETE]
        file = self._record.file
        ranked = rank(file, (candidate_of(file, trial) for trial in complete))
        kept = {candidate.number for candidate in ranked[: file.checkpoints.keep]}
        for number in {trial.number for trial in left} - kept:
            folder = self._record.trial_folder(number) / "checkpoints"
            shutil.rmtree(folder, ignore_errors=True)
            self._discard(number)
            self._removed.add(number)

    def sweep_all(self) -> None:
        """The same of all trials: a worker that was stopped may have written after its end."""
        self._removed.clear()
        self._looked_at = -1
        self.sweep()
