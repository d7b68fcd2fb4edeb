import hashlib
import multiprocessing
import time
from pathlib import Path

import pytest

from symray.data.cache import cache_folder, cached, find_cached, remembered_digest
from symray.errors import UserError


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SYMRAY_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_what_was_made_once_is_found_again(folder):
    calls = []

    def make(path):
        calls.append(path)
        (path / "numbers").write_text("1 2 3")

    assert find_cached("numbers-1") is None
    made = cached("numbers-1", make)
    assert made == folder / "numbers-1" == find_cached("numbers-1") == cached("numbers-1", make)
    assert (made / "numbers").read_text() == "1 2 3"
    assert len(calls) == 1


def test_a_making_that_fails_leaves_nothing_that_counts(folder):
    def fail(path):
        (path / "half").touch()
        raise RuntimeError("broke off")

    with pytest.raises(RuntimeError, match="broke off"):
        cached("half", fail)
    assert find_cached("half") is None
    assert [path for path in folder.iterdir() if path.is_dir()] == []
    assert (cached("half", lambda path: (path / "all").touch()) / "all").exists()


def test_a_folder_that_is_not_whole_is_made_again(folder):
    (folder / "cut").mkdir(parents=True)
    (folder / "cut" / "remains").touch()
    made = cached("cut", lambda path: (path / "all").touch())
    assert sorted(path.name for path in made.iterdir()) == ["all", "whole"]


def slowly(counter, results):
    def make(path):
        with Path(counter).open("a") as file:
            file.write("made\n")
        time.sleep(0.3)
        (path / "done").touch()

    results.put((cached("shared", make) / "done").exists())


def test_two_processes_make_it_once(tmp_path):
    context = multiprocessing.get_context("fork")
    results, counter = context.Queue(), tmp_path / "counter"
    processes = [context.Process(target=slowly, args=(str(counter), results)) for _ in range(3)]
    for process in processes:
        process.start()
    assert all(results.get(timeout=20) for _ in processes)
    for process in processes:
        process.join()
    assert counter.read_text() == "made\n"


def test_a_folder_that_can_not_be_written_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("SYMRAY_CACHE", str(tmp_path / "file"))
    with pytest.raises(UserError, match="name another folder with SYMRAY_CACHE"):
        cached("numbers", lambda path: None)


def test_by_default_it_is_the_users_cache(tmp_path, monkeypatch):
    monkeypatch.delenv("SYMRAY_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "symray"


def test_a_files_digest_is_computed_once_while_the_file_stays(tmp_path, monkeypatch):
    path = tmp_path / "data.npz"
    path.write_bytes(b"abc")
    digest = remembered_digest(path)
    assert digest == hashlib.sha256(b"abc").hexdigest()
    with monkeypatch.context() as patch:
        patch.setattr("symray.data.cache.file_digest", None)
        assert remembered_digest(path) == digest
    path.write_bytes(b"abcd")
    assert remembered_digest(path) == hashlib.sha256(b"abcd").hexdigest()
