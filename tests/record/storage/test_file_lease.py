"""One driver per study, whichever process asks and however it ends."""

import fcntl
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from symray.errors import UserError
from symray.record.storage.file_lease import FileLease, is_locked

Hold = Callable[[Path], "subprocess.Popen[str]"]


def test_a_second_driver_is_refused_with_the_first_ones_process(tmp_path: Path, hold: Hold) -> None:
    folder = tmp_path / "moons"
    folder.mkdir()
    holder = hold(folder)
    with pytest.raises(UserError) as refused, FileLease(folder):
        pass
    assert str(refused.value) == (
        f"study 'moons' is already being run by process {holder.pid}; watch it with "
        "`symray status moons`, stop it with `symray stop moons`, or, if it hangs, replace it by "
        "`symray resume moons --take-over`"
    )
    assert is_locked(folder)


def test_the_lock_of_a_killed_driver_is_free_at_once(tmp_path: Path, hold: Hold) -> None:
    holder = hold(tmp_path)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert not is_locked(tmp_path)
    with FileLease(tmp_path):
        assert is_locked(tmp_path)
        assert (tmp_path / "lock").read_text() == str(os.getpid())
    assert not is_locked(tmp_path)


def test_a_shorter_process_number_leaves_nothing_of_a_longer_one(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("123456789012")
    with FileLease(tmp_path):
        assert (tmp_path / "lock").read_text() == str(os.getpid())


def test_a_study_that_nobody_ever_ran_is_not_locked(tmp_path: Path) -> None:
    assert not is_locked(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_looking_at_the_lock_does_not_disturb_its_holder(tmp_path: Path) -> None:
    with FileLease(tmp_path):
        for _ in range(3):
            assert is_locked(tmp_path)
        with pytest.raises(UserError), FileLease(tmp_path):
            pass


def test_looking_twice_at_once_is_no_lock(tmp_path: Path) -> None:
    with FileLease(tmp_path):
        pass
    with (tmp_path / "lock").open() as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)  # what another `symray status` does
        assert not is_locked(tmp_path)


def test_an_error_of_the_driver_frees_the_lock(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), FileLease(tmp_path):
        _ = 1 / 0
    assert not is_locked(tmp_path)
