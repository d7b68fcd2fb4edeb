"""Launch and resume: everything that must hold before the driver drives, in order."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import NamedTuple

from symray.driver.driver import Driver
from symray.driver.mirror import Mirror
from symray.driver.preflight import check_launch
from symray.errors import UserError
from symray.record.fingerprints import code_of
from symray.record.home import make_study_folder
from symray.record.lease import Lease
from symray.record.storage import mend, take_lease
from symray.record.studies import find_study
from symray.record.study_record import StudyRecord
from symray.search.progress import Progress
from symray.study_file import StudyFile
from symray.tracking.address import check_tracking_address
from symray.tracking.projector import reconcile


def launch(file: StudyFile, progress: Progress, stopping: threading.Event) -> StudyRecord:
    """Start a new study and run it until it is complete or ``stopping`` is set.

    Raises:
        UserError: the name is taken, the data or the machine won't do, or the first trials all
            fail.
    """
    check_launch(file, progress)
    with _held(make_study_folder(file.study), progress) as held:
        record = StudyRecord.create(file, held.lease)
        source = str(file.code) if file.code else None
        record.add_event("launch", code=code_of(record.file), code_source=source)
        Driver(record, held.lease, progress, stopping, held.mirror).run()
    return record


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
    with _held(folder, progress, take_over) as held:
        mend(held.folder)
        record = StudyRecord(held.folder, held.lease)
        code = record.check_code(accept_code_change)
        for sentence in _reconciled(record):
            progress.message(sentence)
        record.add_event("resume", code=code)
        Driver(record, held.lease, progress, stopping, held.mirror).run()
    return record


class _Held(NamedTuple):
    """A study that this process alone may write to."""

    folder: Path
    lease: Lease
    mirror: Mirror | None


@contextmanager
def _held(folder: Path, progress: Progress, take_over: bool = False) -> Iterator[_Held]:
    """Hold the study in ``folder``: its lease and, where it is kept on a store, the store's too."""
    with take_lease(folder, progress.message, take_over) as lease:
        mirror = Mirror.make(folder, lease, progress, take_over)
        with mirror or nullcontext():
            yield _Held(folder, lease, mirror)


def _reconciled(record: StudyRecord) -> list[str]:
    """What of the last driver's work MLflow didn't have and has now, or why it still hasn't."""
    try:
        return reconcile(record)
    except UserError as error:
        return [str(error)]
