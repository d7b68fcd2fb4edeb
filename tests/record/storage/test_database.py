"""Optuna's storage in a database: a server that goes away for a while, and what is told of it."""

import threading
import time
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState
from sqlalchemy import event

from services import Postgres
from symray.errors import UserError
from symray.record.storage import database, open_storage, take_lease
from symray.record.storage.address import database_address, is_in_database, mark_in_database, shown


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "moons"
    made.mkdir()
    return made


def test_a_driver_waits_for_a_server_that_restarts_and_loses_nothing(
    folder: Path, server: Postgres
) -> None:
    said: list[str] = []
    with take_lease(folder, said.append) as lease:
        study = optuna.create_study(study_name="moons", storage=open_storage(folder, lease))
        trials = [study.ask() for _ in range(3)]
        study.tell(trials[0], 0.0)
        server.stop(crash=True)
        restart = threading.Timer(3.0, server.start)
        restart.start()
        study.tell(trials[1], 1.0)
        restart.join()
        study.tell(trials[2], state=TrialState.FAIL)
        assert study.ask().number == 3
        lease.check()
    assert [trial.state.name for trial in study.trials] == [
        *("COMPLETE", "COMPLETE", "FAIL", "RUNNING")
    ]
    assert [s for s in said if s.endswith("does not answer; waiting for it")]
    assert server.password not in " ".join(said)


def test_a_write_that_was_committed_when_the_connection_broke_is_no_error(
    folder: Path, server: Postgres
) -> None:
    with take_lease(folder) as lease:
        storage = open_storage(folder, lease)
        study = optuna.create_study(study_name="moons", storage=storage)
        trial = study.ask()
        storage.set_trial_state_values(trial._trial_id, TrialState.COMPLETE, [1.0])
        # The answer was lost, so it is sent again.
        assert storage.set_trial_state_values(trial._trial_id, TrialState.COMPLETE, [1.0])
        with pytest.raises(optuna.exceptions.UpdateFinishedTrialError):
            storage.set_trial_state_values(trial._trial_id, TrialState.COMPLETE, [2.0])


def test_patience_has_an_end(
    folder: Path, server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "PATIENCE", 1.0)
    with take_lease(folder) as lease:
        study = optuna.create_study(study_name="moons", storage=open_storage(folder, lease))
        server.stop(crash=True)
        start = time.monotonic()
        with pytest.raises(optuna.exceptions.StorageInternalError):
            study.ask()
        assert time.monotonic() - start < 30


def test_who_only_looks_is_told_at_once(folder: Path, server: Postgres) -> None:
    server.stop(crash=True)
    with pytest.raises(UserError, match=r"the database postgresql://postgres@127.0.0.1") as refused:
        open_storage(folder)
    assert "does not answer" in str(refused.value)
    assert server.password not in str(refused.value)


def test_reading_is_not_fenced(folder: Path, server: Postgres) -> None:
    with take_lease(folder) as lease:
        storage = open_storage(folder, lease)
        study = optuna.create_study(study_name="moons", storage=storage)
        asked: list[str] = []
        engine = storage._backend.engine  # type: ignore[attr-defined]
        event.listen(engine, "before_cursor_execute", lambda *a: asked.append(a[2]))
        study.get_trials()
        assert not any("symray_leases" in statement for statement in asked)
        study.set_user_attr("a", 1)
        assert any("symray_leases" in statement for statement in asked)


def test_a_study_says_which_database_it_needs(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYMRAY_DATABASE", "postgresql://ann:secret@db.lab:5433/studies?sslmode=no")
    assert is_in_database(folder)
    mark_in_database(folder)
    monkeypatch.delenv("SYMRAY_DATABASE")
    assert is_in_database(folder)
    with pytest.raises(UserError) as refused:
        open_storage(folder)
    assert str(refused.value) == (
        "the trials of study 'moons' are in the database postgresql://ann@db.lab:5433/studies: "
        "set SYMRAY_DATABASE"
    )
    assert "secret" not in (folder / "database").read_text()


@pytest.mark.parametrize(
    ("address", "driver", "printed"),
    [
        ("postgresql://ann:pw@h/db", "postgresql+psycopg", "postgresql://ann@h/db"),
        ("postgres://h/db", "postgresql+psycopg", "postgresql://h/db"),
        ("postgresql+psycopg2://h/db", "postgresql+psycopg2", "postgresql://h/db"),
        ("sqlite:////tmp/x.db", "sqlite", "sqlite:////tmp/x.db"),
    ],
)
def test_addresses_are_read_as_people_write_them_and_printed_without_secrets(
    folder: Path, monkeypatch: pytest.MonkeyPatch, address: str, driver: str, printed: str
) -> None:
    monkeypatch.setenv("SYMRAY_DATABASE", address)
    url = database_address(folder)
    assert url.drivername == driver
    assert shown(url) == printed


def test_nonsense_is_refused_in_a_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYMRAY_DATABASE", "the one in the basement")
    with pytest.raises(UserError, match="write it as postgresql://USER@HOST/NAME"):
        open_storage(folder)
