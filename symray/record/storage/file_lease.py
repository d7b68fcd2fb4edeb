"""The lease of a study on one machine or a shared folder: a lock that the kernel frees.

It is never lost while its process lives, unless somebody takes it over by putting another file in
its place; the lock's holder sees that by the file's inode.
"""

import fcntl
import os
import time
from pathlib import Path
from typing import Self

from symray.errors import UserError
from symray.record.lease import LeaseLostError, held_sentence


class FileLease:
    """An advisory lock on the file ``lock`` in ``folder``.

    Args:
        folder: the study's.
        take_over: replace a holder.

    Raises:
        UserError: another process holds it.
    """

    def __init__(self, folder: Path, take_over: bool = False) -> None:
        self.path = folder / "lock"
        self.take_over = take_over
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        # A `symray status` that looks at this moment holds the lock for an instant.
        if not _locked_within(0.5, descriptor):
            os.close(descriptor)
            if not self.take_over:
                raise UserError(held_sentence(self._study, self._holder()))
            descriptor = self._replace()
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        self._descriptor = descriptor
        return self

    def __exit__(self, *error: object) -> None:
        assert self._descriptor is not None
        os.close(self._descriptor)
        self._descriptor = None

    def check(self) -> None:
        """See that the file in place is still the one that is locked.

        Raises:
            LeaseLostError: it isn't.
        """
        assert self._descriptor is not None
        try:
            now = self.path.stat()
        except FileNotFoundError:
            raise LeaseLostError(self._study, "somebody who removed its folder") from None
        mine = os.fstat(self._descriptor)
        if (now.st_dev, now.st_ino) != (mine.st_dev, mine.st_ino):
            raise LeaseLostError(self._study, self._holder())

    @property
    def _study(self) -> str:
        return self.path.parent.name

    def _holder(self) -> str:
        return f"process {self.path.read_text().strip()}"

    def _replace(self) -> int:
        """Lock a new file and put it in the place of the one that is held."""
        fresh = self.path.with_name(f".lock.{os.getpid()}")
        descriptor = os.open(fresh, os.O_RDWR | os.O_CREAT, 0o644)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        fresh.replace(self.path)
        return descriptor


def _locked_within(seconds: float, descriptor: int) -> bool:
    end = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError:
            if time.monotonic() > end:
                return False
            time.sleep(0.05)


def is_locked(folder: Path) -> bool:
    """Whether a process holds the lock of ``folder``."""
    path = folder / "lock"
    if not path.exists():
        return False
    with path.open("r") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False
