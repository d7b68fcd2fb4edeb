"""What a driver sees of its own trials, against what anybody else reads."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from symray.record.storage import open_storage, take_lease
from symray.record.storage.sole_writer import SoleWriter


@pytest.fixture(params=["journal", "SQLite"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    if request.param == "SQLite":
        monkeypatch.setenv("SYMRAY_DATABASE", f"sqlite:///{tmp_path / 'studies.db'}")
    made = tmp_path / "moons"
    made.mkdir()
    return made


@contextmanager
def driving(folder: Path) -> Iterator[tuple[optuna.Study, BaseStorage]]:
    """The study of a driver, made where it is missing."""
    with take_lease(folder) as lease:
        storage = open_storage(folder, lease)
        study = optuna.create_study(study_name="moons", storage=storage, load_if_exists=True)
        yield study, storage


def read_anew(folder: Path) -> list[FrozenTrial]:
    return optuna.load_study(study_name="moons", storage=open_storage(folder)).get_trials()


def test_it_sees_what_it_has_written_and_reads_nothing_else(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[str] = []
    own = SoleWriter._own

    def counted(storage: SoleWriter, name: str) -> Callable[..., Any]:
        if name.startswith("get_"):
            reads.append(name)
        return own(storage, name)

    monkeypatch.setattr(SoleWriter, "_own", counted)
    with driving(folder) as (study, storage):

        def is_seen(written: int = 1) -> None:
            reads.clear()
            trials = study.get_trials()
            assert len(reads) <= written
            reads.clear()
            assert trials == read_anew(folder)
            assert [storage.get_trial(trial._trial_id) for trial in trials] == trials
            running = [t for t in trials if t.state == TrialState.RUNNING]
            assert study.get_trials(states=(TrialState.RUNNING,)) == running
            assert reads == []

        is_seen()
        for number in range(3):
            study.enqueue_trial({"beta": 2.0})
            is_seen()
            trial = study.ask()
            is_seen()
            trial.suggest_float("beta", 1, 1000, log=True)
            is_seen()
            trial.set_user_attr("epochs", number)
            trial.set_constraint("x_mae <= 1", -0.5)
            trial.report(1.0, 1)
            is_seen()
            state = TrialState.FAIL if number == 1 else TrialState.COMPLETE
            study.tell(trial, None if number == 1 else 1.0, state=state)
            is_seen()
        more = [study.ask() for _ in range(3)]
        is_seen(3)
        for trial in more:
            study.tell(trial, 1.0)
    with driving(folder) as (study, _):
        assert study.get_trials() == read_anew(folder)
        assert len(study.get_trials()) == 6


def test_trials_that_it_does_not_know_of_are_found(folder: Path) -> None:
    """As after a write whose answer was lost, so that it was made twice."""
    with driving(folder) as (study, storage):
        study.ask()
        assert len(study.get_trials()) == 1
        super(SoleWriter, storage).create_new_trial(study._study_id)
        study.ask()
        assert [trial.number for trial in study.get_trials()] == [0, 1, 2]
        assert study.get_trials() == read_anew(folder)


def test_others_may_read_while_it_writes(folder: Path) -> None:
    """The projector's thread does."""
    with driving(folder) as (study, _), ThreadPoolExecutor(1) as other:
        done = threading.Event()

        def look() -> list[int]:
            seen = []
            while not done.is_set():
                trials = study.get_trials(deepcopy=False)
                assert [trial.number for trial in trials] == list(range(len(trials)))
                seen.append(len(trials))
            return seen

        looking = other.submit(look)
        for _ in range(15):
            trial = study.ask()
            trial.suggest_float("beta", 1, 1000)
            study.tell(trial, 1.0)
        done.set()
        seen = looking.result()
        assert seen == sorted(seen)
        assert len(set(seen)) > 1
        assert study.get_trials() == read_anew(folder)
