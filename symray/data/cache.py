"""Where prepared data lie: made once on a machine, read by all trials on it."""

import fcntl
import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from symray.data.fetch import file_digest
from symray.errors import UserError
from symray.folders import named_folder, users_cache

_WHOLE = "whole"


def cache_folder() -> Path:
    """``SYMRAY_CACHE``, else ``symray`` in the user's cache folder; on the node's own disk."""
    own = named_folder("SYMRAY_CACHE")
    return own.resolve() if own else users_cache() / "symray"


def find_cached(name: str) -> Path | None:
    """The folder ``name`` of the cache, if it is there and whole."""
    folder = cache_folder() / name
    return folder if (folder / _WHOLE).exists() else None


def cached(name: str, make: Callable[[Path], None]) -> Path:
    """The folder ``name`` of the cache, which ``make`` fills where it isn't there.

    One process makes it while others wait; one that is killed leaves nothing that counts.

    Args:
        name: should tell the content and the version of what made it.
        make: writes into the empty folder that it is given.

    Raises:
        UserError: the cache can't be written.
        Exception: whatever ``make`` raises.
    """
    found = find_cached(name)
    if found is not None:
        return found
    with _locked(name):
        found = find_cached(name)
        if found is not None:
            return found
        folder = cache_folder() / name
        shutil.rmtree(folder, ignore_errors=True)
        scratch = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{name}-"))
        try:
            make(scratch)
            (scratch / _WHOLE).touch()
            scratch.rename(folder)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        return folder


def remembered_digest(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal.

    It is computed once for as long as the file keeps its size and its time: every trial asks for
    it, and a large file takes seconds.

    Raises:
        UserError: the cache can't be written.
    """
    status = path.stat()
    times = f"{status.st_mtime_ns}-{status.st_ctime_ns}"  # a copy can keep the first of them
    known_by = f"{path.resolve()}-{status.st_size}-{status.st_ino}-{times}"
    name = f"digest-{hashlib.sha256(known_by.encode()).hexdigest()[:24]}"

    def make(folder: Path) -> None:
        (folder / "sha256").write_text(file_digest(path))

    return (cached(name, make) / "sha256").read_text()


@contextmanager
def _locked(name: str) -> Iterator[None]:
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / f".{name}.lock").open("w")
    except OSError as error:
        raise UserError(
            f"prepared data can't be written to {folder} ({error.strerror}): name another folder "
            "with SYMRAY_CACHE"
        ) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
