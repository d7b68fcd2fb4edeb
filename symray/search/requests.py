"""What a user asks of a study from outside its driver: stop, extend, retry."""

import time
from collections.abc import Callable

from symray.errors import UserError
from symray.record.studies import is_driven
from symray.record.study_record import StudyRecord
from symray.record.trials import TrialState
from symray.search.samplers import grid

LOOK = 0.3
"""Seconds between two looks at whether it has happened."""


def running(record: StudyRecord) -> bool:
    """Whether a driver is at work on the study."""
    return is_driven(record.folder)


def stop_study(record: StudyRecord, patience: float) -> bool:
    """Ask the study's driver to stop; False if it hasn't within ``patience`` seconds."""
    record.add_event("stop")
    return _wait(lambda: not running(record), patience)


def check_is_running(record: StudyRecord, number: int) -> None:
    """Refuse to stop a trial that doesn't run.

    Raises:
        UserError: says what runs instead.
    """
    state = record.trial(number).state
    if not running(record):
        raise UserError(
            f"trial {number} is not running, because no driver is at work on study "
            f"'{record.name}'; `symray resume {record.name}` starts one"
        )
    if state != TrialState.RUNNING:
        now = [str(trial.number) for trial in record.trials(TrialState.RUNNING)]
        which = f"running now: {', '.join(now)}" if now else "no trial is running now"
        raise UserError(
            f"trial {number} of study '{record.name}' is not running but {state.name}; {which}"
        )


def stop_trial(record: StudyRecord, number: int, patience: float) -> bool:
    """Ask the driver to stop trial ``number``; False if it runs on after ``patience`` seconds."""
    record.add_event("stop", number=number)
    return _wait(lambda: record.trial(number).state != TrialState.RUNNING, patience)


def extend(record: StudyRecord, trials: int) -> int:
    """Ask for ``trials`` more; returns how many the study is then to have.

    Raises:
        UserError: the study is a grid without so many points left.
    """
    if record.file.sampler.name == "grid":
        left = sum(1 for _ in grid(record.file)) - record.budget
        if trials > left:
            raise UserError(
                f"the grid of study '{record.name}' has {left or 'no'} more points; "
                "launch a study with finer steps under another name"
            )
    record.add_event("extend", trials=trials)
    return record.budget


def _wait(happened: Callable[[], bool], patience: float) -> bool:
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if happened():
            return True
        time.sleep(LOOK)
    return happened()
