"""A study on a machine with neither Ray nor MLflow: this process trains, and nothing is tracked.

The record is the same, so that the study goes on anywhere, and `symray reconcile` shows MLflow what
happened here.
"""

import os
import threading
from pathlib import Path

from symray.data import load_data
from symray.driver.disk_space import check_disk_space
from symray.driver.driver import Driver
from symray.driver.held import Held, held_study
from symray.errors import UserError
from symray.record.home import make_study_folder
from symray.record.study_record import StudyRecord
from symray.record.task_folder import drivers_of
from symray.scheduling.this_process import ThisProcess
from symray.search.progress import Progress
from symray.study_file import StudyFile


class Untracked:
    """Shows a study nowhere."""

    def start(self) -> None:
        """Nothing to begin with."""

    def on_change(self, name: str) -> None:
        """Nobody to tell."""

    def close(self, complete: bool, stopping: threading.Event) -> None:
        """Nothing to show."""


def open_folder(folder: Path) -> StudyRecord:
    """The study in ``folder``, wherever that lies now; its parent becomes ``SYMRAY_HOME``.

    What is pretrained for the study lies there, too.

    Raises:
        UserError: it is no study's folder.
    """
    folder = folder.resolve()
    if not (folder / "study.yaml").is_file():
        raise UserError(
            f"{folder} is no study's folder: it has no study.yaml; give the folder of a study "
            "below SYMRAY_HOME, or a study file, which begins one"
        )
    os.environ["SYMRAY_HOME"] = str(folder.parent)
    return StudyRecord(folder)


def launch_here(file: StudyFile, progress: Progress, stopping: threading.Event) -> StudyRecord:
    """Start a new study in this process, as :func:`symray.driver.launch.launch` does on Ray.

    Raises:
        UserError: the name is taken, the data won't do, the disk has no room, or the first trials
            all fail.
    """
    StudyRecord.check_name_is_free(file.study)
    load_data(file.data_spec())
    folder = make_study_folder(file.study)
    check_disk_space(file, ThisProcess.count, progress)
    with held_study(folder, progress) as held:
        return _drive(held, held.create_record(file), progress, stopping)


def resume_here(
    folder: Path, progress: Progress, stopping: threading.Event, accept_code_change: bool = False
) -> StudyRecord:
    """Continue the study in ``folder`` in this process.

    Raises:
        UserError: another driver runs it, or its code has changed since and that is not accepted.
    """
    with held_study(folder, progress) as held:
        return _drive(held, held.reopen_record(accept_code_change), progress, stopping)


def _drive(
    held: Held, record: StudyRecord, progress: Progress, stopping: threading.Event
) -> StudyRecord:
    workers = ThisProcess(drivers_of(record.events()))
    Driver(record, held.lease, workers, Untracked(), progress, stopping, held.mirror).run()
    return record
