"""A driver in this process, with Ray's workers, or with this process for its only one."""

import threading

from symray.driver.driver import Driver
from symray.driver.held import Held, held_study
from symray.driver.launch import launch, resume
from symray.record.home import make_study_folder
from symray.record.studies import find_study
from symray.record.study_record import StudyRecord
from symray.record.task_folder import drivers_of
from symray.scheduling.this_process import ThisProcess
from symray.search.progress import Progress
from symray.study_file import StudyFile
from symray.tracking.projector import Projector


def run(file: StudyFile, progress: Progress | None = None) -> StudyRecord:
    return launch(file, progress or Progress(), threading.Event())


def again(name: str, progress: Progress | None = None, accept: bool = False) -> StudyRecord:
    return resume(name, progress or Progress(), threading.Event(), accept)


def run_here(file: StudyFile, progress: Progress | None = None) -> StudyRecord:
    """As :func:`run` without Ray, whose workers take longer to start than such studies to train."""
    progress = progress or Progress()
    with held_study(make_study_folder(file.study), progress) as held:
        return _drive(held, held.create_record(file), progress)


def again_here(name: str, progress: Progress | None = None) -> StudyRecord:
    """As :func:`again` without Ray."""
    progress = progress or Progress()
    with held_study(find_study(name), progress) as held:
        return _drive(held, held.reopen_record(accept_code_change=False), progress)


def _drive(held: Held, record: StudyRecord, progress: Progress) -> StudyRecord:
    workers = ThisProcess(drivers_of(record.events()))
    projector = Projector(record, held.mirror or held.lease, progress)
    stopping = threading.Event()
    Driver(record, held.lease, workers, projector, progress, stopping, held.mirror).run()
    return record
