"""Optuna's storage of a study: a journal file beside the trials' folders."""

from pathlib import Path

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from symray.errors import UserError
from symray.study import jsonl

JOURNAL = "optuna.journal"


def open_storage(folder: Path) -> JournalStorage:
    """Open the journal for reading and, by the holder of the study's lock, for writing.

    Raises:
        UserError: it is damaged as no kill leaves it.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        return JournalStorage(JournalFileBackend(str(folder / JOURNAL)))
    except ValueError as error:
        raise UserError(f"{folder / JOURNAL} is damaged ({error}); restore the file") from None


def mend_journal(folder: Path) -> None:
    """Undo what a driver killed in the middle of a write leaves behind.

    Its unfinished last line would run into the next one and make the whole journal unreadable;
    its lock file would delay the next write by Optuna's grace period. Only the holder of the
    study's lock may call it.
    """
    journal = folder / JOURNAL
    jsonl.trim(journal)
    journal.with_name(f"{JOURNAL}.lock").unlink(missing_ok=True)
