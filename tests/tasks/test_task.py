"""Tasks on disk, and seeds that never change."""

import json
import shutil
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from symray.tasks.task import Task, derive_seed


def task_in(folder: Path) -> Task:
    return Task(
        study="s",
        name="trial-0003",
        kind="trial",
        number=3,
        folder=str(folder),
        spec={"model": "vae", "data": "artificial", "settings": {"epochs": 2}, "seed": 7},
        metrics=("mi_z0_y", "x_mae"),
        repeats=3,
        checkpoint_every=0.5,
        threads=2,
        tags={"symray.code": "abc"},
    )


def test_a_task_is_read_as_it_was_saved(tmp_path: Path) -> None:
    task = task_in(tmp_path / "new" / "0003")
    task.save()
    assert Task.load(Path(task.folder)) == task


def test_a_task_lies_where_its_folder_lies(tmp_path: Path) -> None:
    task_in(tmp_path / "here").save()
    shutil.move(tmp_path / "here", tmp_path / "there")
    assert Task.load(tmp_path / "there") == task_in(tmp_path / "there")
    assert str(tmp_path) not in (tmp_path / "there" / "task.json").read_text()


def test_an_equal_task_is_not_written_again_and_a_changed_one_is(tmp_path: Path) -> None:
    task = task_in(tmp_path)
    task.save()
    before = (tmp_path / "task.json").stat().st_mtime_ns
    task.save()
    assert (tmp_path / "task.json").stat().st_mtime_ns == before
    task.tags["symray.code"] = "def"
    task.save()
    assert json.loads((tmp_path / "task.json").read_text())["tags"] == {"symray.code": "def"}


def test_seeds_are_the_same_on_every_machine_and_in_every_version() -> None:
    assert derive_seed(0, "trial", 0) == 1725501518
    assert derive_seed(0, "sampler", 0) == 903559302
    assert derive_seed(7, "confirmation", 3, 1) == 681443444


PARTS = st.tuples(st.integers(0, 2**32), st.sampled_from(["trial", "sampler"]), st.integers(0, 999))


@given(PARTS, PARTS)
def test_seeds_of_different_parts_differ(
    one: tuple[object, ...], other: tuple[object, ...]
) -> None:
    assert 0 <= derive_seed(*one) < 2**31
    assert (derive_seed(*one) == derive_seed(*other)) == (one == other)
