"""The driver's way to the store: in the background, since a transfer may take long.

It sends what the driver writes and brings what workers have sent. The search never waits for it:
when a worker reports the end of a task, its files are on the store already, and a trial whose end
the driver hadn't sent when its node was lost is handed out again and found to be complete.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from symray.errors import UserError
from symray.record.home import PRETRAINED, folder_of
from symray.record.lease import Lease, LeaseLostError
from symray.record.object_store.copies import adopt, is_kept, refresh
from symray.record.object_store.folders import Pusher, fetch, pull_folder, remove_checkpoints
from symray.record.object_store.lease import StoreLease
from symray.record.object_store.objects import PATIENCE, Store
from symray.record.study_folder import JOURNAL
from symray.scheduling.workplace import WORKERS_FILES
from symray.search.progress import Progress
from symray.study_file import StudyFile

INTERVAL = 1.0
"""Seconds between two rounds."""

PAUSE = 5.0
"""Seconds before a store that didn't answer is asked again."""

DRAIN = 60.0
"""Seconds that the end of a study waits for what is still to be sent."""

_SHARE = 20
"""The journal, which is sent whole, is left alone for so many times as long as sending it took."""


class Mirror(threading.Thread):
    """Keeps a driver's study and the store equal.

    Args:
        store: where the study is kept.
        folder: the driver's copy.
        lease: the driver's other lease.
        progress: is told of a store that doesn't answer.

    Raises:
        UserError: on entering; another driver, perhaps on another node, runs the study.
    """

    def __init__(self, store: Store, folder: Path, lease: Lease, progress: Progress) -> None:
        super().__init__(name="store-mirror", daemon=True)
        self.store = store
        self.study = folder.name
        self.root = folder.parent
        self.on_received: Callable[[str], None] = lambda name: None
        self._lease = lease
        self._progress = progress
        self._there = StoreLease(store, self.study)
        self._pusher = Pusher(store, self.root)
        self._marked: set[str] = set()
        self._discarded: set[str] = set()
        self._inputs: list[str] = []
        self._rounds = 0
        self._lock = threading.Condition()
        self._wake = threading.Event()
        self._closing = False
        self._failure: UserError | None = None
        self._journal_due = 0.0

    @classmethod
    def make(
        cls, folder: Path, lease: Lease, progress: Progress, take_over: bool = False
    ) -> "Mirror | None":
        """Begin to mirror the study in ``folder``; None where ``SYMRAY_STORE`` isn't set.

        What the store has is here when this returns.
        """
        store = Store.from_environment()
        if store is None:
            return None
        mirror = cls(store, folder, lease, progress)
        mirror._there.take(progress.message, take_over)
        refresh(store, folder)
        adopt(folder)
        mirror._pusher = Pusher(store, mirror.root, store.list(mirror.study))
        return mirror

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._closing = True
        self._wake.set()
        self.join(DRAIN)
        if (self.is_alive() or self._failure) and not self._lost:
            self._progress.message(
                f"{self._failure or 'the store is slow'}; what is not there yet is in "
                f"{self.root / self.study}: `symray resume {self.study}` here sends it"
            )

    def mark(self, name: str) -> None:
        """The record of task ``name`` has changed, here or at its worker."""
        with self._lock:
            self._marked.add(name)

    def discard(self, number: int) -> None:
        """The checkpoints of trial ``number`` are not needed any more."""
        with self._lock:
            self._discarded.add(f"{self.study}/trials/{number:04d}/checkpoints")

    def check(self) -> None:
        """See that no other driver has taken the study.

        Raises:
            LeaseLostError: one has.
        """
        self._lease.check()
        if isinstance(self._failure, LeaseLostError):
            raise self._failure

    def wait_for_workers(self, patience: float = PATIENCE) -> None:
        """Wait until all that workers have sent is here.

        Raises:
            UserError: the store doesn't answer for ``patience`` seconds.
        """
        self._rounds_from_now(patience)
        pull_folder(self.store, self.root, self.study, _is_workers)

    def catch_up(self) -> None:
        """The same at the end of a study, where a store that is away must not keep anyone."""
        try:
            self.wait_for_workers(DRAIN)
        except UserError as error:
            if not self._lost:
                self._progress.message(f"{error}; the newest epochs may be missing here")

    def send_inputs(self, file: StudyFile) -> None:
        """Have what workers need on the store before they ask: code, data shipped with the study.

        Raises:
            UserError: the store doesn't answer.
        """
        spec = file.data_spec()
        for value in spec.values() if isinstance(spec, dict) else ():
            if isinstance(value, str) and Path(value).is_relative_to(self.root):
                path = Path(value).relative_to(self.root).as_posix()
                if not (self.root / path).exists():
                    fetch(self.store, self.root, path)
                self._inputs.append(path)
        self._rounds_from_now(PATIENCE)

    def _rounds_from_now(self, patience: float) -> None:
        """Wait for a round that begins after this call."""
        with self._lock:
            wanted = self._rounds + 2  # the round at hand may have begun before
            self._wake.set()
            if not self._lock.wait_for(lambda: self._rounds >= wanted or self._lost, patience):
                raise self._failure or UserError(f"the store {self.store.address} is too slow")
        self.check()

    @property
    def _lost(self) -> bool:
        return isinstance(self._failure, LeaseLostError)

    def run(self) -> None:
        """The thread's loop."""
        told = False
        while True:
            closing, pause = self._closing, INTERVAL
            try:
                self._round(closing)
                self._failure, told = None, False
            except LeaseLostError as error:
                with self._lock:
                    self._failure = error
                    self._lock.notify_all()
                return
            except Exception as error:
                # Nothing that goes wrong here is a reason to stop a study.
                strange = UserError(f"{type(error).__name__}: {error}")
                self._failure = error if isinstance(error, UserError) else strange
                pause = PAUSE
                if not told:
                    self._progress.message(f"{self._failure}; the study goes on and sends it later")
                    told = True
            if closing:
                return
            if self._wake.wait(pause) and not self._closing:
                self._wake.clear()

    def _round(self, last: bool) -> None:
        self._lease.check()
        self._there.check()
        self._there.renew()
        with self._lock:
            marked, discarded = sorted(self._marked), sorted(self._discarded)
        for name in marked:
            with self._lock:
                self._marked.discard(name)
            try:
                self._exchange(name)
            except Exception:
                self.mark(name)
                raise
            self.on_received(name)
        self._pusher.push(self._inputs)
        self._send_study(last)
        for folder in discarded:
            remove_checkpoints(self.store, folder, keep=0)
            with self._lock:
                self._discarded.discard(folder)
        if last:
            self._there.give_back()
        with self._lock:
            self._rounds += 1
            self._lock.notify_all()

    def _exchange(self, name: str) -> None:
        """Bring what the worker of a task has sent; send what the driver has written of it."""
        folder = folder_of(self.study, name)
        there = self.store.list(folder)
        for file in WORKERS_FILES:
            path = f"{folder}/{file}"
            if path in there:
                fetch(self.store, self.root, path, there[path])
        self._pusher.push_folder(folder, _is_drivers)

    def _send_study(self, last: bool) -> None:
        tasks = (f"{self.study}/trials", f"{self.study}/confirmation")
        self._pusher.push_folder(
            self.study,
            lambda path: _is_drivers(path) and not path.endswith(f"/{JOURNAL}"),
            into=lambda folder: last or folder not in tasks,
        )
        begun = time.monotonic()
        if last or begun >= self._journal_due:
            self._pusher.push([f"{self.study}/{JOURNAL}"])
            self._journal_due = begun + _SHARE * (time.monotonic() - begun)
        if last:
            self._pusher.push_gone()


def _is_workers(path: str) -> bool:
    parts = path.split("/")
    below = len(parts) - (parts[0] != PRETRAINED)
    return below == 3 and parts[-1] in WORKERS_FILES


def _is_drivers(path: str) -> bool:
    return is_kept(path) and not _is_workers(path)
