"""Room for checkpoints: said where it is much, refused where it isn't there."""

import shutil
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest
from watching import Watching

from symray.driver import disk_space as room
from symray.driver.cost import checkpoint_bytes_of, measure
from symray.errors import UserError
from symray.record.home import home
from symray.search.first_trials import first_task
from symray.study_file import StudyFile, load_study_file

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def file(study_home: Path, tmp_path: Path, write_study: Callable[[Path, str], Path]) -> StudyFile:
    home().mkdir()
    (loaded,) = load_study_file(write_study(tmp_path, "roomy"), ["trials=1000"])
    return loaded


def test_the_weight_is_what_a_checkpoint_weighs(file: StudyFile) -> None:
    assert checkpoint_bytes_of(file) == pytest.approx(
        measure(first_task(file, Path())).checkpoint_bytes, rel=0.6
    )


def test_a_thousand_trials_need_no_more_than_fifty(file: StudyFile) -> None:
    fifty = file.model_copy(update={"trials": 50})
    assert room.checkpoint_room(file, 16, 10**6) == room.checkpoint_room(fifty, 16, 10**6)
    assert room.checkpoint_room(file, 16, 10**6) == 2 * (16 + 5 + 2) * 10**6


def test_a_small_study_says_nothing(file: StudyFile) -> None:
    heard = Watching()
    room.check_disk_space(file, 2, heard)
    assert heard.messages == []


@pytest.mark.parametrize(
    ("concurrency", "pack", "gigabytes"), [(1, "off", "1.6"), (None, "off", "1.8"), (None, 4, "3")]
)
def test_much_is_said(
    file: StudyFile,
    monkeypatch: pytest.MonkeyPatch,
    concurrency: int | None,
    pack: int | str,
    gigabytes: str,
) -> None:
    """Of two workers: as many trials as they train at a time, unless the file says how many."""
    monkeypatch.setattr(room, "checkpoint_bytes_of", lambda file: 10**8)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, 10**12))
    resources = file.resources.model_copy(update={"pack": pack})
    heard = Watching()
    room.check_disk_space(
        file.model_copy(update={"concurrency": concurrency, "resources": resources}), 2, heard
    )
    assert heard.messages == [f"checkpoints will need at most {gigabytes} GB of {home()}"]


def test_too_much_is_refused(file: StudyFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, 1000))
    with pytest.raises(UserError, match="SYMRAY_HOME") as caught:
        room.check_disk_space(file, 2, Watching())
    assert "\n" not in str(caught.value)
    monkeypatch.setenv("SYMRAY_STORE", "s3://bucket/elsewhere")
    room.check_disk_space(file, 2, Watching())
