"""Folders pushed and pulled: equal on both sides, nothing sent twice, checkpoints whole."""

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from symray.record.object_store.folders import (
    Pusher,
    pull_folder,
    pull_newest_checkpoint,
    push_checkpoint,
    remove_checkpoints,
)
from symray.record.object_store.objects import Store
from symray.training.checkpoint import MANIFEST, newest_checkpoint, write_checkpoint
from symray.training.trainer import TrainerState

Make = Callable[..., Store]

NAMES = st.sampled_from(["a", "b.json", "c d", "é", "x.y.z"])
FOLDERS = st.sampled_from(["", "p/", "p/q/", "q r/"])
PATHS = st.builds(str.__add__, FOLDERS, NAMES)
STEPS = st.lists(st.tuples(PATHS, st.none() | st.binary(max_size=50)), min_size=1, max_size=12)


class Failing(Store):
    """Fails, as a killed process does, at the ``at``-th change of an object."""

    def __init__(self, address: str, at: int) -> None:
        super().__init__(address)
        self.left = at

    def _count(self) -> None:
        if self.left == 0:
            raise KeyboardInterrupt
        self.left -= 1

    def write(self, path: str, content: bytes) -> None:
        self._count()
        super().write(path, content)

    def delete(self, path: str) -> None:
        self._count()
        super().delete(path)


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def a_state(epoch: int) -> TrainerState:
    return TrainerState(
        epoch=epoch,
        model={"w": torch.full((3,), float(epoch))},
        optimiser={"adam/w/step": torch.tensor(epoch)},
        generator=torch.arange(4, dtype=torch.uint8),
    )


@given(steps=STEPS, every=st.integers(1, 4))
@settings(
    deadline=None,
    max_examples=30,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_what_is_pulled_is_what_was_pushed(
    tmp_path: Path, steps: list[tuple[str, bytes | None]], every: int
) -> None:
    base = tmp_path / "base"
    shutil.rmtree(base, ignore_errors=True)
    root, other = base / "here", base / "there"
    store = Store((base / "store").as_uri())
    pusher = Pusher(store, root)
    (root / "top").mkdir(parents=True)
    for number, (path, content) in enumerate(steps):
        target = root / "top" / path
        if content is None:
            target.unlink(missing_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        if number % every == 0:
            pusher.push_gone()
            pusher.push_folder("top")
    pusher.push_gone()
    pusher.push_folder("top")
    pull_folder(store, other, "top", remove=True)
    assert files(other) == files(root)
    assert pull_folder(store, other, "top", remove=True) == []
    assert pusher.push_folder("top") == []


def test_what_has_not_changed_is_not_sent_again(make_store: Make, tmp_path: Path) -> None:
    store, root = make_store(), tmp_path / "here"
    (root / "top").mkdir(parents=True)
    (root / "top" / "x").write_text("one")
    (root / "top" / "y").write_text("two")
    pusher = Pusher(store, root)
    assert sorted(pusher.push_folder("top")) == ["top/x", "top/y"]
    assert pusher.push_folder("top") == []
    (root / "top" / "x").write_text("six")  # as long as before
    assert pusher.push_folder("top") == ["top/x"]
    other = tmp_path / "there"
    assert sorted(pull_folder(store, other, "top")) == ["top/x", "top/y"]
    assert pull_folder(store, other, "top") == []
    # A driver elsewhere sends nothing of what it has just fetched.
    assert Pusher(store, other, store.list("top")).push_folder("top") == []


def test_a_pulled_folder_loses_what_the_store_does_not_have(
    make_store: Make, tmp_path: Path
) -> None:
    store = make_store()
    store.write("top/x", b"1")
    (tmp_path / "top").mkdir()
    (tmp_path / "top" / "stale").write_text("2")
    assert sorted(pull_folder(store, tmp_path, "top", remove=True)) == ["top/stale", "top/x"]
    assert files(tmp_path / "top") == {"x": b"1"}


def test_a_checkpoint_goes_there_and_back(make_store: Make, tmp_path: Path) -> None:
    store, root = make_store(), tmp_path / "here"
    for epoch in (1, 2):
        path = write_checkpoint(root / "t" / "checkpoints", a_state(epoch), epoch, 1, {})
        push_checkpoint(store, root, path.relative_to(root).as_posix())
    (tmp_path / "there" / "t" / "checkpoints" / "000009-01").mkdir(parents=True)
    found = pull_newest_checkpoint(store, tmp_path / "there", "t/checkpoints")
    assert found is not None
    assert found.name == "000002-01"
    assert files(found) == files(path)
    assert [p.name for p in found.parent.iterdir()] == ["000002-01"]  # what is stale has gone


def test_no_checkpoint_is_none(make_store: Make, tmp_path: Path) -> None:
    (tmp_path / "t" / "checkpoints" / "000001-01").mkdir(parents=True)
    assert pull_newest_checkpoint(make_store(), tmp_path, "t/checkpoints") is None
    assert not (tmp_path / "t" / "checkpoints").exists()


def test_a_damaged_checkpoint_gives_way_to_the_one_before(make_store: Make, tmp_path: Path) -> None:
    store, root = make_store(), tmp_path / "here"
    for epoch in (1, 2):
        path = write_checkpoint(root / "t" / "checkpoints", a_state(epoch), epoch, 1, {})
        push_checkpoint(store, root, path.relative_to(root).as_posix())
    store.write("t/checkpoints/000002-01/model.safetensors", b"damaged")
    found = pull_newest_checkpoint(store, tmp_path / "there", "t/checkpoints")
    assert found is not None
    assert found.name == "000001-01"


@pytest.mark.parametrize("at", range(5))
def test_a_checkpoint_sent_in_part_does_not_exist(tmp_path: Path, at: int) -> None:
    address, root = (tmp_path / "store").as_uri(), tmp_path / "here"
    path = write_checkpoint(root / "t" / "checkpoints", a_state(1), 1, 1, {})
    with pytest.raises(KeyboardInterrupt):
        push_checkpoint(Failing(address, at), root, path.relative_to(root).as_posix())
    assert pull_newest_checkpoint(Store(address), tmp_path / "there", "t/checkpoints") is None


@pytest.mark.parametrize("at", range(10))
def test_a_checkpoint_removed_in_part_does_not_exist(tmp_path: Path, at: int) -> None:
    address, root = (tmp_path / "store").as_uri(), tmp_path / "here"
    for epoch in (1, 2, 3):
        path = write_checkpoint(root / "t" / "checkpoints", a_state(epoch), epoch, 1, {})
        push_checkpoint(Store(address), root, path.relative_to(root).as_posix())
    with suppress(KeyboardInterrupt):
        remove_checkpoints(Failing(address, at), "t/checkpoints", keep=1)
    # Each one whose manifest is there is whole, and the newest is among them.
    there = Store(address).list("t/checkpoints")
    manifests = [p for p in there if p.endswith(MANIFEST)]
    assert "t/checkpoints/000003-01/manifest.json" in manifests
    for manifest in manifests:
        folder = manifest.rsplit("/", 1)[0]
        assert sum(p.startswith(f"{folder}/") for p in there) == 5
    remove_checkpoints(Store(address), "t/checkpoints", keep=1)
    assert {p.split("/")[2] for p in Store(address).list("t/checkpoints")} == {"000003-01"}
    remove_checkpoints(Store(address), "t/checkpoints", keep=0)
    assert Store(address).list("t/checkpoints") == {}
    assert newest_checkpoint(root / "t" / "checkpoints") is not None
