"""The journal after a driver that was killed in the middle of a write."""

import json
from pathlib import Path

import optuna
import pytest
from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock
from optuna.trial import TrialState

from symray.errors import UserError
from symray.record.storage import open_storage
from symray.record.storage.journal import mend_journal
from symray.record.study_folder import JOURNAL


@pytest.fixture
def cut_journal(tmp_path: Path) -> Path:
    """A study of two finished trials whose last write was cut in the middle."""
    study = optuna.create_study(study_name="s", storage=open_storage(tmp_path))
    for value in (1.0, 2.0):
        study.tell(study.ask(), value)
    study.ask()
    journal = tmp_path / JOURNAL
    journal.write_bytes(journal.read_bytes()[:-7])
    return tmp_path


def test_without_mending_the_next_writes_make_the_journal_unreadable(cut_journal: Path) -> None:
    backend = JournalFileBackend(str(cut_journal / JOURNAL))
    for _ in range(2):
        backend.append_logs([{"op_code": 0}])
    with pytest.raises(json.JSONDecodeError):
        list(backend.read_logs(0))


def test_a_mended_journal_loses_only_what_was_being_written(cut_journal: Path) -> None:
    mend_journal(cut_journal)
    study = optuna.load_study(study_name="s", storage=open_storage(cut_journal))
    study.tell(study.ask(), 3.0)
    trials = optuna.load_study(study_name="s", storage=open_storage(cut_journal)).trials
    assert [trial.value for trial in trials] == [1.0, 2.0, 3.0]
    assert {trial.state for trial in trials} == {TrialState.COMPLETE}


def test_a_lock_left_by_a_dead_driver_is_taken_away(cut_journal: Path) -> None:
    dead = JournalFileSymlinkLock(str(cut_journal / JOURNAL))
    dead.acquire()
    lock = cut_journal / f"{JOURNAL}.lock"
    assert lock.is_symlink()  # Optuna would wait 30 s for it to change
    mend_journal(cut_journal)
    assert not lock.is_symlink()
    assert (cut_journal / JOURNAL).exists()


def test_a_whole_journal_is_left_alone_and_a_missing_one_is_not_made(tmp_path: Path) -> None:
    mend_journal(tmp_path)
    assert list(tmp_path.iterdir()) == []
    optuna.create_study(study_name="s", storage=open_storage(tmp_path))
    before = (tmp_path / JOURNAL).read_bytes()
    mend_journal(tmp_path)
    assert (tmp_path / JOURNAL).read_bytes() == before


def test_a_journal_damaged_in_the_middle_is_named(tmp_path: Path) -> None:
    optuna.create_study(study_name="s", storage=open_storage(tmp_path))
    journal = tmp_path / JOURNAL
    journal.write_text("damaged\n" + journal.read_text())
    with pytest.raises(UserError, match=r"optuna\.journal is damaged .*; restore the file"):
        open_storage(tmp_path)
