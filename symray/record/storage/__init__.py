"""Where a study's trials are recorded, and who may write them.

By default a journal file in the study's folder; with ``SYMRAY_DATABASE`` a database that a team
shares. Either way one driver at a time holds the study's lease, and every write of a driver that
has lost it is refused.
"""

from collections.abc import Callable
from pathlib import Path

import optuna
from optuna.storages import BaseStorage

from symray.record.lease import Lease
from symray.record.storage.address import is_in_database, storage_name

__all__ = ["is_leased", "mend", "open_storage", "take_lease", "try_storage"]


def take_lease(
    folder: Path, say: Callable[[str], None] = lambda sentence: None, take_over: bool = False
) -> Lease:
    """Become the driver of the study in ``folder``.

    Args:
        folder: the study's.
        say: is told what is waited for.
        take_over: from a driver that is alive, or seems so; it then writes nothing more.

    Raises:
        UserError: another driver holds the lease, or another study of this name the database.
    """
    if is_in_database(folder):
        from symray.record.storage.database_lease import DatabaseLease

        return DatabaseLease(folder, say, take_over)
    from symray.record.storage.file_lease import FileLease

    return FileLease(folder, take_over)


def is_leased(folder: Path) -> bool:
    """Whether a driver holds the lease of the study in ``folder``."""
    if is_in_database(folder):
        from symray.record.storage.database_lease import is_leased_there

        return is_leased_there(folder)
    from symray.record.storage.file_lease import is_locked

    return is_locked(folder)


def open_storage(folder: Path, lease: Lease | None = None) -> BaseStorage:
    """Optuna's storage of the study in ``folder``.

    Args:
        folder: the study's.
        lease: the driver's, checked together with each write; None for who only reads.

    Raises:
        UserError: it is damaged, or doesn't answer.
    """
    if is_in_database(folder):
        from symray.record.storage.database import open_database
        from symray.record.storage.database_lease import DatabaseLease

        assert lease is None or isinstance(lease, DatabaseLease)
        return open_database(folder, lease)
    from symray.record.storage.journal import open_journal

    return open_journal(folder, lease)


def mend(folder: Path) -> None:
    """Undo what a driver killed in the middle of a write leaves; for the holder of the lease."""
    if not is_in_database(folder):
        from symray.record.storage.journal import mend_journal

        mend_journal(folder)


def try_storage(folder: Path) -> str:
    """Write a trial of a study that is thrown away, and read it; says where it was, in words.

    Raises:
        UserError: the storage doesn't answer.
    """
    storage = open_storage(folder)
    study = optuna.create_study(storage=storage)
    study.tell(study.ask(), 0.0)
    taken = len(study.trials)
    optuna.delete_study(study_name=study.study_name, storage=storage)
    return f"{storage_name(folder)} took {taken} trial"
