"""Optuna's storage of a study as a journal file beside the trials' folders."""

from pathlib import Path

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock

from symray.errors import UserError, shortened
from symray.record import jsonl
from symray.record.lease import Lease
from symray.record.storage.sole_writer import SoleWriter
from symray.record.study_folder import JOURNAL


class _FencedLock(JournalFileSymlinkLock):
    """Optuna's lock around each write; within it a driver sees whether it still may."""

    def __init__(self, path: str, lease: Lease) -> None:
        super().__init__(path)
        self._lease = lease

    def acquire(self) -> bool:
        got = super().acquire()
        try:
            self._lease.check()
        except BaseException:
            self.release()
            raise
        return got


class _DriversStorage(SoleWriter, JournalStorage):
    """Optuna's, for who writes alone."""


def open_journal(folder: Path, lease: Lease | None) -> JournalStorage:
    """Open the journal for reading and, with the study's lease, for writing.

    Raises:
        UserError: it is damaged as no kill leaves it.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    path = str(folder / JOURNAL)
    try:
        if lease is None:
            return JournalStorage(JournalFileBackend(path))
        return _DriversStorage(JournalFileBackend(path, lock_obj=_FencedLock(path, lease)))
    except OSError:
        raise
    except Exception as error:
        # Replaying a damaged line may raise anything.
        said = shortened(f"{type(error).__name__}: {' '.join(str(error).split())}", 100)
        raise UserError(f"{path} is damaged ({said}); restore the file") from None


def mend_journal(folder: Path) -> None:
    """Undo what a driver killed in the middle of a write leaves behind.

    Its unfinished last line would run into the next one and make the whole journal unreadable;
    its lock file would delay the next write by Optuna's grace period. Only the holder of the
    study's lease may call it.
    """
    journal = folder / JOURNAL
    jsonl.trim(journal)
    journal.with_name(f"{JOURNAL}.lock").unlink(missing_ok=True)
