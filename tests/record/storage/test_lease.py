"""The lease of a study, of each kind: one driver writes, whatever the others think of it."""

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest

from services import Postgres
from symray.errors import UserError
from symray.record.lease import LeaseLostError
from symray.record.storage import database_lease, open_storage, take_lease
from symray.record.studies import is_driven
from symray.record.study_folder import identity

KINDS = ["file", "sqlite", "postgres"]

Hold = Callable[[Path], "subprocess.Popen[str]"]


@pytest.fixture(params=KINDS)
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study's folder, whose trials are to be recorded as the parameter says."""
    monkeypatch.delenv("SYMRAY_DATABASE", raising=False)
    if request.param == "sqlite":
        monkeypatch.setenv("SYMRAY_DATABASE", f"sqlite:///{tmp_path / 'studies.db'}")
    elif request.param == "postgres":
        server: Postgres = request.getfixturevalue("postgres")
        monkeypatch.setenv("SYMRAY_DATABASE", server.create_database("lease"))
        monkeypatch.setenv("PGPASSWORD", server.password)
    made = tmp_path / "moons"
    made.mkdir()
    return made


def answer(process: "subprocess.Popen[str]") -> str:
    """Let the other driver write; what came of it."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    return process.stdout.readline().strip()


def states(folder: Path) -> list[str]:
    study = optuna.load_study(study_name=folder.name, storage=open_storage(folder))
    return [trial.state.name for trial in study.trials]


def test_a_second_driver_is_refused_and_the_first_one_goes_on(folder: Path, hold: Hold) -> None:
    assert not is_driven(folder)
    holder = hold(folder)
    assert is_driven(folder)
    with pytest.raises(UserError, match=f"already being run by process {holder.pid}"):
        take_lease(folder).__enter__()
    assert answer(holder) == "told"
    holder.wait()
    assert states(folder) == ["COMPLETE"]
    assert not is_driven(folder)


def test_the_lease_of_a_killed_driver_is_free_at_once(folder: Path, hold: Hold) -> None:
    holder = hold(folder)
    holder.kill()
    holder.wait()
    assert not is_driven(folder)
    with take_lease(folder):
        assert is_driven(folder)


def test_a_driver_that_was_thought_dead_writes_nothing(folder: Path, hold: Hold) -> None:
    holder = hold(folder)
    holder.send_signal(signal.SIGSTOP)
    with take_lease(folder, take_over=True) as lease:
        holder.send_signal(signal.SIGCONT)
        assert answer(holder).startswith("LeaseLostError: process ")
        assert states(folder) == ["RUNNING"]
        lease.check()
        study = optuna.load_study(study_name=folder.name, storage=open_storage(folder, lease))
        study.tell(0, 2.0)
        holder.wait()
        assert is_driven(folder)  # what the other one did on leaving is not ours
    assert states(folder) == ["COMPLETE"]


@pytest.mark.parametrize("folder", ["sqlite", "postgres"], indirect=True)
def test_one_that_stood_still_too_long_is_replaced_by_itself(
    folder: Path, hold: Hold, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = hold(folder)
    holder.send_signal(signal.SIGSTOP)
    monkeypatch.setattr(database_lease, "SILENCE", 4.0)
    said: list[str] = []
    start = time.monotonic()
    with take_lease(folder, said.append):
        assert time.monotonic() - start > 2
        holder.send_signal(signal.SIGCONT)
        assert answer(holder).startswith("LeaseLostError: process ")
    assert any("waiting up to 4 s for a sign of life" in sentence for sentence in said)
    assert states(folder) == ["RUNNING"]


def test_a_write_that_was_under_way_at_the_takeover_is_refused(folder: Path) -> None:
    first = take_lease(folder)
    with first:
        storage = open_storage(folder, first)
        study = optuna.create_study(study_name=folder.name, storage=storage)
        trial = study.ask()
        with take_lease(folder, take_over=True):
            with pytest.raises(LeaseLostError, match="has taken study 'moons' over"):
                study.tell(trial, 1.0)
            with pytest.raises(LeaseLostError):
                study.ask()
    assert states(folder) == ["RUNNING"]


def test_leaving_gives_back_only_what_is_ones_own(folder: Path) -> None:
    first = take_lease(folder)
    with first:
        second = take_lease(folder, take_over=True)
        second.__enter__()
    assert is_driven(folder)
    second.check()
    second.__exit__(None, None, None)
    assert not is_driven(folder)


@pytest.mark.parametrize("folder", ["sqlite", "postgres"], indirect=True)
def test_another_study_of_the_same_name_in_the_database_is_refused(
    folder: Path, tmp_path: Path
) -> None:
    with take_lease(folder):
        pass
    other = tmp_path / "elsewhere" / folder.name
    other.mkdir(parents=True)
    assert identity(other) != identity(folder)
    with pytest.raises(UserError, match="has a study 'moons' that isn't the one in"):
        take_lease(other).__enter__()
    assert not is_driven(other)
