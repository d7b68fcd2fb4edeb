"""A file is whole, whatever happens to its writer."""

import os
from pathlib import Path

import pytest

from symray.record.atomic import write_atomically


def test_a_file_is_replaced_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "task.json"
    write_atomically(path, "old")
    write_atomically(path, "new")
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["task.json"]


def test_what_was_there_stays_when_the_disk_is_full(tmp_path: Path) -> None:
    path = tmp_path / "task.json"
    path.write_text("old")
    full = tmp_path / f".task.json.{os.getpid()}"
    full.symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert not full.is_symlink()
