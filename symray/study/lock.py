"""One driver per study: an advisory lock that the operating system frees when its holder dies."""

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from symray.errors import UserError


class StudyLock:
    """Held by the driver for as long as it may write to the study's record.

    Raises:
        UserError: another driver holds it; names its process.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "lock"
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        # A `symray status` that looks at this moment holds the lock for an instant.
        if not _locked_within(0.5, descriptor):
            holder = self.path.read_text().strip()
            os.close(descriptor)
            raise UserError(
                f"study '{self.path.parent.name}' is already being run by process {holder}; "
                f"watch it with `symray status {self.path.parent.name}`, or stop it with "
                f"`symray stop {self.path.parent.name}`"
            )
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        self._descriptor = descriptor
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        assert self._descriptor is not None
        os.close(self._descriptor)
        self._descriptor = None


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
    """Whether a driver is at work on the study in ``folder``."""
    path = folder / "lock"
    if not path.exists():
        return False
    with path.open("r") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False
