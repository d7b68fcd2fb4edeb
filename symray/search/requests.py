"""What a user asks of a study from outside its driver: stop, extend, retry."""

import os
import time
from collections.abc import Callable
from typing import Any

from symray.errors import UserError
from symray.record.object_store.copies import check_not_driven_elsewhere, send_events
from symray.record.object_store.objects import VARIABLE
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
    _ask(record, "stop")
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
    _ask(record, "stop", number=number)
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
    _ask(record, "extend", trials=trials)
    return record.budget


def retry(record: StudyRecord) -> list[int]:
    """Ask for the failed trials again, each as a new trial with the same parameters and seed.

    Returns:
        The numbers that will be retried; those already retried are left out.
    """
    retried = {n for event in record.events("retry") for n in event["numbers"]}
    failed: list[int] = [
        t.number for t in record.trials(TrialState.FAIL) if t.number not in retried
    ]
    if failed:
        _ask(record, "retry", numbers=failed)
    return failed


def _ask(record: StudyRecord, event: str, **details: Any) -> None:
    """Keep a request where the study's driver, or the next one, sees it.

    Raises:
        UserError: the study is on a store and a driver on another node is at work on it, or the
            store doesn't answer.
    """
    stored = bool(os.environ.get(VARIABLE))
    if stored:
        check_not_driven_elsewhere(record.folder)
    record.add_event(event, **details)
    if stored and not running(record):
        send_events(record.folder)


def _wait(happened: Callable[[], bool], patience: float) -> bool:
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if happened():
            return True
        time.sleep(LOOK)
    return happened()
