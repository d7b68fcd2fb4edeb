"""A study that this process alone may write to, and its record at the begin of a driver's work."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import NamedTuple

from symray.driver.mirror import Mirror
from symray.record.fingerprints import code_of
from symray.record.lease import Lease
from symray.record.storage import mend, take_lease
from symray.record.study_record import StudyRecord
from symray.search.progress import Progress
from symray.study_file import StudyFile


class Held(NamedTuple):
    """What a driver holds while it drives.

    Attributes:
        folder: the study's.
        lease: on it.
        mirror: keeps the study's store equal; None where its folder is the only one.
    """

    folder: Path
    lease: Lease
    mirror: Mirror | None

    def create_record(self, file: StudyFile) -> StudyRecord:
        """The record of a new study."""
        record = StudyRecord.create(file, self.lease)
        source = str(file.code) if file.code else None
        record.add_event("launch", code=code_of(record.file), code_source=source)
        return record

    def reopen_record(self, accept_code_change: bool) -> StudyRecord:
        """The record of a study that another driver has left.

        Raises:
            UserError: its code has changed since and that is not accepted.
        """
        mend(self.folder)
        record = StudyRecord(self.folder, self.lease)
        record.add_event("resume", code=record.check_code(accept_code_change))
        return record


@contextmanager
def held_study(folder: Path, progress: Progress, take_over: bool = False) -> Iterator[Held]:
    """Hold the study in ``folder``: its lease and, where it is kept on a store, the store's too.

    Raises:
        UserError: another driver runs it and isn't taken over.
    """
    with take_lease(folder, progress.message, take_over) as lease:
        mirror = Mirror.make(folder, lease, progress, take_over)
        with mirror or nullcontext():
            yield Held(folder, lease, mirror)
