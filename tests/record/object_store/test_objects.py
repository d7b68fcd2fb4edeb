"""The contract of a store, on a mounted folder and on an object store that speaks S3."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from services import S3Server
from symray.errors import UserError
from symray.record.object_store.objects import Store, StoreAwayError

Make = Callable[..., Store]


def test_objects_are_written_read_listed_and_deleted(make_store: Make) -> None:
    store = make_store()
    assert store.read("a/b/c.bin") is None
    assert store.list("a") == {}
    store.delete("a/b/c.bin")  # nothing to delete is no error
    store.write("a/b/c.bin", b"first")
    store.write("a/b/c.bin", b"second one")
    store.write("a/empty", b"")
    store.write("ab/other", b"not below a")
    assert make_store().read("a/b/c.bin") == b"second one"
    assert {path: stamp.size for path, stamp in store.list("a").items()} == {
        "a/b/c.bin": 10,
        "a/empty": 0,
    }
    store.delete("a/b/c.bin")
    assert store.read("a/b/c.bin") is None
    assert set(store.list("a")) == {"a/empty"}


def test_folders_are_those_at_the_top(make_store: Make) -> None:
    store = make_store()
    assert store.folders() == ()
    for path in ("moons/study.yaml", "moons/trials/0000/task.json", "_data/x.npz", "alone"):
        store.write(path, b"x")
    assert make_store().folders() == ("_data", "moons")


def test_dotted_names_are_not_listed(make_store: Make) -> None:
    store = make_store()
    for path in ("a/.half", "a/.figures/b", "a/v1.2/c"):
        store.write(path, b"x")
    assert set(store.list("a")) == {"a/v1.2/c"}


def test_a_later_object_has_a_later_stamp(make_store: Make) -> None:
    store = make_store()
    store.write("a/x", b"x")
    first = store.list("a")["a/x"].written
    time.sleep(1.1)  # S3 counts seconds
    store.write("a/x", b"y")
    assert store.list("a")["a/x"].written > first
    assert abs(first / 1e9 - time.time()) < 60


def test_many_threads_write_at_once(make_store: Make) -> None:
    store = make_store()
    threads = [
        threading.Thread(target=store.write, args=(f"a/{i}", bytes([i]) * 1000)) for i in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [store.read(f"a/{i}") for i in range(8)] == [bytes([i]) * 1000 for i in range(8)]


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("nonsense", "s3://BUCKET/PREFIX"),
        ("s3://key:secret@bucket/x", "AWS_SECRET_ACCESS_KEY"),
        ("s3://bucket/x?access_key=A&secret_key=B", "AWS_SECRET_ACCESS_KEY"),
    ],
)
def test_an_address_that_will_not_do_is_refused(address: str, says: str) -> None:
    with pytest.raises(UserError, match=says) as caught:
        Store(address)
    assert "secret@" not in str(caught.value)


def test_a_missing_bucket_is_said_at_once(s3_address: str) -> None:
    store = Store("s3://no-such-bucket/x", patience=600)
    with pytest.raises(UserError, match="NO_SUCH_BUCKET") as caught:
        store.write("a", b"x")
    assert not isinstance(caught.value, StoreAwayError)


def test_a_store_that_is_away_is_waited_for(
    s3_address: str, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    store = Store(s3_address, patience=120, say=said.append)
    store.write("a/x", b"before")
    s3_server.pause()
    threading.Timer(12, s3_server.go_on).start()
    store.write("a/x", b"after")
    assert store.read("a/x") == b"after"


def test_a_store_that_stays_away_is_one_sentence(
    s3_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    store = Store(s3_address)
    with pytest.raises(StoreAwayError, match="does not answer") as caught:
        store.write("a", b"x")
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_half_a_file_is_never_an_object_of_a_folder(tmp_path: Path) -> None:
    store = Store((tmp_path / "mounted").as_uri())
    store.write("a/x", b"whole")
    assert [path.name for path in (tmp_path / "mounted" / "a").iterdir()] == ["x"]
