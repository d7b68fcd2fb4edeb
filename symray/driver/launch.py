"""Launch and resume: everything that must hold before the driver drives, in order."""

import threading

from symray.data import load_data
from symray.driver.disk_space import check_disk_space
from symray.driver.driver import Driver
from symray.driver.held import Held, held_study
from symray.errors import UserError
from symray.record.home import make_study_folder
from symray.record.studies import find_study
from symray.record.study_folder import identity
from symray.record.study_record import StudyRecord
from symray.record.task_folder import drivers_of
from symray.scheduling.ray_workers import RayWorkers
from symray.search.progress import Progress
from symray.study_file import StudyFile
from symray.tracking.address import check_tracking_address
from symray.tracking.client import check_experiment_is_free
from symray.tracking.projector import Projector, reconcile


def launch(file: StudyFile, progress: Progress, stopping: threading.Event) -> StudyRecord:
    """Start a new study and run it until it is complete or ``stopping`` is set.

    Once there is a study, its file can't be mended any more: what can be seen to is seen to before,
    what costs least first.

    Raises:
        UserError: the name is taken, the data, MLflow's address or the machine won't do, the disk
            has no room, or the first trials all fail.
    """
    StudyRecord.check_name_is_free(file.study)
    tracking = check_tracking_address()
    load_data(file.data_spec())
    folder = make_study_folder(file.study)
    if not tracking.away:
        check_experiment_is_free(file.study, identity(folder))
    workers = RayWorkers(file.resources, progress.message)
    check_disk_space(file, workers.count, progress)
    with held_study(folder, progress) as held:
        return _drive(held, held.create_record(file), workers, progress, stopping)


def resume(
    name: str,
    progress: Progress,
    stopping: threading.Event,
    accept_code_change: bool = False,
    take_over: bool = False,
) -> StudyRecord:
    """Continue study ``name`` until it is complete or ``stopping`` is set.

    Args:
        name: the study's.
        progress: is told what happens.
        stopping: stops it.
        accept_code_change: go on although the code has changed.
        take_over: from another driver, which then writes nothing more.

    Raises:
        UserError: no such study; MLflow can't be at its address; another driver runs it and isn't
            taken over; or its code has changed since and that is not accepted.
    """
    folder = find_study(name)
    check_tracking_address()
    with held_study(folder, progress, take_over) as held:
        record = held.reopen_record(accept_code_change)
        for sentence in _reconciled(record):
            progress.message(sentence)
        drivers = drivers_of(record.events())
        workers = RayWorkers(record.file.resources, progress.message, drivers)
        return _drive(held, record, workers, progress, stopping)


def _drive(
    held: Held,
    record: StudyRecord,
    workers: RayWorkers,
    progress: Progress,
    stopping: threading.Event,
) -> StudyRecord:
    """Run a study that is held, before MLflow's eyes."""
    projector = Projector(record, held.mirror or held.lease, progress)
    Driver(record, held.lease, workers, projector, progress, stopping, held.mirror).run()
    return record


def _reconciled(record: StudyRecord) -> list[str]:
    """What of the last driver's work MLflow didn't have and has now, or why it still hasn't."""
    try:
        return reconcile(record)
    except UserError as error:
        return [str(error)]
