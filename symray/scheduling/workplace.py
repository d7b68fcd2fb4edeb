"""Where a worker trains when studies lie on a store: a scratch folder of its process.

It isn't the driver's own copy, also where both run on one machine: so each copy of a file has one
writer, nothing stale is ever met, and old trials fill no node's disk.
"""

import fcntl
import json
import os
import shutil
import socket
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from symray.errors import UserError
from symray.record.home import home
from symray.record.object_store.folders import (
    fetch,
    pull_folder,
    pull_newest_checkpoint,
    push_checkpoint,
    remove_checkpoints,
)
from symray.record.object_store.objects import PATIENCE, VARIABLE, Store
from symray.record.task_folder import SYSTEM
from symray.scheduling.full_disk import is_full
from symray.tasks.task import Task

WORKERS_FILES = ("metrics.jsonl", SYSTEM, "events.jsonl", "output.log")
"""Files of a task's folder that its worker writes, besides checkpoints; the driver the others."""

WORK = "_work"


@dataclass(frozen=True)
class Place:
    """Where a driver keeps its studies; travels to workers with each task.

    Attributes:
        home: the driver's ``SYMRAY_HOME``.
        store: the store's address; None where ``home`` is a folder that all nodes share.
    """

    home: str
    store: str | None

    @classmethod
    def here(cls) -> "Place":
        """This process's."""
        return cls(str(home()), os.environ.get(VARIABLE) or None)


class Workplace:
    """The scratch folder of this process, below ``SYMRAY_HOME`` or, unset, the driver's path.

    Raises:
        UserError: it can't be made, or the store doesn't answer.
    """

    def __init__(self, place: Place) -> None:
        assert place.store is not None
        self.place = place
        self.store = Store(place.store, PATIENCE)
        base = home() if os.environ.get("SYMRAY_HOME") else Path(place.home)
        self.root = base / WORK / f"{socket.gethostname()}-{os.getpid()}"
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            if is_full(error):
                raise
            raise UserError(
                f"{self.root} on {socket.gethostname()} can't be made ({error.strerror}): set "
                "SYMRAY_HOME there to a folder of the node's own disk"
            ) from None
        self._lock = _locked(self.root)
        _sweep(base / WORK)

    def begin(self, task: Task) -> "tuple[Task, StoredCopy]":
        """Bring here what ``task`` needs; returns it with the paths that it has here."""
        folder = Path(task.folder).relative_to(self.place.home).as_posix()
        spec = {key: self._bring(value) for key, value in task.spec.items()}
        if spec.get("begins_with"):
            weights = Path(str(task.spec["begins_with"])).relative_to(self.place.home).as_posix()
            pull_newest_checkpoint(self.store, self.root, weights)
        if self.store.read(f"{folder}/task.json") is None:  # the driver may not have come to it
            self.store.write(f"{folder}/task.json", task.text().encode())
        copy = StoredCopy(self.store, self.root, folder)
        copy.pull()
        return replace(task, folder=str(self.root / folder), spec=spec), copy

    def end(self, task: Task) -> None:
        """Forget a ``task`` that :meth:`begin` has returned: what is to stay has been sent."""
        shutil.rmtree(task.folder, ignore_errors=True)

    def events_of(self, study: str) -> list[dict[str, Any]]:
        """What was done to a study, by the store."""
        return _read_lines(self.store, f"{study}/events.jsonl")

    def _bring(self, value: Any) -> Any:
        """A path of the driver's home as one that is here; its content is fetched."""
        if isinstance(value, Mapping):
            return {key: self._bring(inner) for key, inner in value.items()}
        if not (isinstance(value, str) and value.startswith(f"{self.place.home}/")):
            return value
        path = Path(value).relative_to(self.place.home).as_posix()
        if not path.endswith("/checkpoints") and not (self.root / path).exists():
            parent = path.rpartition("/")[0]
            pull_folder(self.store, self.root, parent, lambda p: f"{p}/".startswith(f"{path}/"))
        return str(self.root / path)


class StoredCopy:
    """A worker's side of one task's folder on the store.

    Args:
        store: where the folder is kept.
        root: the worker's scratch folder.
        folder: the task's, relative to both.
    """

    def __init__(self, store: Store, root: Path, folder: str) -> None:
        self._store = store
        self._root = root
        self._folder = folder
        self._sent: dict[str, int] = {}

    def pull(self) -> None:
        """Bring the newest whole checkpoint and the lines; what else is here goes."""
        shutil.rmtree(self._root / self._folder, ignore_errors=True)
        (self._root / self._folder).mkdir(parents=True)
        pull_newest_checkpoint(self._store, self._root, f"{self._folder}/checkpoints")
        for name in WORKERS_FILES:
            path = f"{self._folder}/{name}"
            if fetch(self._store, self._root, path):
                self._sent[name] = (self._root / path).stat().st_size

    def newest_attempt(self) -> int:
        """The newest start of the task that anyone has recorded; 0 before the first."""
        events = _read_lines(self._store, f"{self._folder}/events.jsonl")
        return max((event["attempt"] for event in events), default=0)

    def checkpoint_written(self, checkpoint: Path) -> None:
        """Send a whole checkpoint."""
        push_checkpoint(self._store, self._root, checkpoint.relative_to(self._root).as_posix())

    def lines_written(self) -> None:
        """Send the files that have grown, metrics before events."""
        for name in WORKERS_FILES:
            path = self._root / self._folder / name
            content = path.read_bytes() if path.exists() else b""
            if len(content) != self._sent.get(name, 0):  # they only grow
                self._store.write(f"{self._folder}/{name}", content)
                self._sent[name] = len(content)

    def remove_old_checkpoints(self, keep: int) -> None:
        """Remove all but the newest there."""
        remove_checkpoints(self._store, f"{self._folder}/checkpoints", keep)


def _read_lines(store: Store, path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (store.read(path) or b"").splitlines()]


def _locked(folder: Path) -> int:
    """A lock on a scratch folder, which the kernel frees when this process ends."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor


def _sweep(work: Path) -> None:
    """Remove the scratch folders that processes of this host have left, killed perhaps."""
    for lock in work.glob(f"{socket.gethostname()}-*/lock"):
        with lock.open("rb+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue
            shutil.rmtree(lock.parent, ignore_errors=True)
