"""One driver of a study on a store, on whichever node, and what a second one is told."""

import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from symray.driver.mirror import Mirror
from symray.errors import UserError
from symray.record.lease import LeaseLostError
from symray.record.object_store import copies, lease
from symray.record.object_store.copies import refresh
from symray.record.object_store.lease import StoreLease, holder
from symray.record.object_store.objects import Store
from symray.record.storage.file_lease import FileLease
from symray.search.progress import Progress

Make = Callable[..., Store]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "SILENCE", 2.0)
    monkeypatch.setattr(lease, "HEARTBEAT", 0.2)


def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "another-host")


def test_a_second_driver_is_refused_while_the_first_lives(
    make_store: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, ended = make_store(), threading.Event()
    first = StoreLease(store, "s")
    first.take(lambda text: None)

    def live() -> None:
        while not ended.wait(0.3):
            first.renew()

    alive = threading.Thread(target=live, daemon=True)
    alive.start()
    said: list[str] = []
    with monkeypatch.context() as there:
        elsewhere(there)
        with pytest.raises(UserError, match=f"process {os.getpid()} on .*--take-over"):
            StoreLease(store, "s").take(said.append)
    assert len(said) == 1
    assert str(holder(store, "s")).startswith(f"process {os.getpid()} on ")
    ended.set()
    alive.join()


def test_a_silent_driver_is_replaced_and_writes_no_more(make_store: Make) -> None:
    store = make_store()
    old, new = StoreLease(store, "s"), StoreLease(store, "s")
    old.take(lambda text: None)
    new.take(lambda text: None)
    new.check()
    with pytest.raises(LeaseLostError, match="has taken study 's' over"):
        old.check()
    with pytest.raises(LeaseLostError):
        old.give_back()
    new.give_back()
    assert holder(store, "s") is None


def test_a_driver_may_be_replaced_at_once(make_store: Make) -> None:
    store = make_store()
    old, new = StoreLease(store, "s"), StoreLease(store, "s")
    old.take(lambda text: None)
    new.take(lambda text: pytest.fail(text), take_over=True)
    new.check()


def test_a_dead_driver_of_this_host_is_not_waited_for(make_store: Make) -> None:
    store = make_store()
    child = os.spawnlp(os.P_NOWAIT, "true", "true")
    os.waitpid(child, 0)
    text = f'{{"id": "x", "host": "{socket.gethostname()}", "pid": {child}, "renewed": 9e9}}'
    store.write("s/driver.json", text.encode())
    assert holder(store, "s") is None
    StoreLease(store, "s").take(lambda text: pytest.fail(text))


def test_a_mirror_that_lost_its_study_sends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYMRAY_STORE", (tmp_path / "store").as_uri())
    monkeypatch.setenv("SYMRAY_HOME", str(tmp_path / "home"))
    store, folder = Store((tmp_path / "store").as_uri()), tmp_path / "home" / "s"
    folder.mkdir(parents=True)
    with FileLease(folder) as own:
        mirror = Mirror.make(folder, own, Progress())
        assert mirror is not None
        with mirror:
            (folder / "events.jsonl").write_text("{}\n")
            mirror.wait_for_workers()
            assert store.read("s/events.jsonl") == b"{}\n"
            StoreLease(store, "s").take(lambda text: None, take_over=True)
            with pytest.raises(LeaseLostError):
                mirror.wait_for_workers(30)
            (folder / "events.jsonl").write_text("{}\n{}\n")
        assert store.read("s/events.jsonl") == b"{}\n"
        with pytest.raises(LeaseLostError):
            mirror.check()


def test_the_folder_of_a_driver_stays_and_a_stale_one_goes(tmp_path: Path) -> None:
    store, folder = Store((tmp_path / "store").as_uri()), tmp_path / "home" / "s"
    refresh(store, folder)
    assert not folder.exists()
    store.write("s/study.yaml", b"one")
    store.write("s/events.jsonl", b"launch\n")
    store.write("s/trials/0000/checkpoints/000001-01/manifest.json", b"{}")
    refresh(store, folder)
    assert copies.is_copy(folder)
    assert not (folder / "trials").exists()  # checkpoints stay there
    copies.adopt(folder)
    # A driver here was ahead of the store when it was killed: its folder stays.
    (folder / "events.jsonl").write_text("launch\nfinish\n")
    (folder / "mine").write_text("x")
    refresh(store, folder)
    assert (folder / "mine").exists()
    assert not copies.is_copy(folder)
    # Another head has gone on with the study.
    store.write("s/events.jsonl", b"launch\nresume\n")
    refresh(store, folder)
    assert not (folder / "mine").exists()
    assert (folder / "events.jsonl").read_text() == "launch\nresume\n"
    assert copies.is_copy(folder)
