"""Folders on a store: what has changed is sent or fetched, a checkpoint's manifest last."""

import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from symray.record.object_store.objects import Stamp, Store
from symray.training.checkpoint import MANIFEST, newest_checkpoint

THREADS = 8
"""Objects that are fetched at a time."""

_SKEW = 60_000_000_000
"""Nanoseconds by which the clocks of a store and of a node may differ."""

_CHECKPOINT = re.compile(r"(\d+)-(\d+)")

Wanted = Callable[[str], bool]


def everything(path: str) -> bool:
    """Every path."""
    return True


def local_files(
    root: Path, folder: str, wanted: Wanted = everything, into: Wanted = everything
) -> Iterator[str]:
    """Paths of files below ``root/folder`` relative to ``root``, without links and dotted names.

    Args:
        root: the folder that a store mirrors.
        folder: relative to it.
        wanted: which files.
        into: which folders are looked into.
    """
    for parent, folders, files in os.walk(root / folder):
        base = Path(parent).relative_to(root)
        folders[:] = [f for f in folders if not f.startswith(".") and into((base / f).as_posix())]
        for name in files:
            path = (base / name).as_posix()
            if not (name.startswith(".") or (root / path).is_symlink()) and wanted(path):
                yield path


class Pusher:
    """Sends files of ``root`` to a store; remembers what it has sent.

    Args:
        store: where to.
        root: the folder that the store mirrors.
        known: what the store holds, where it was listed before; files that seem the same aren't
            sent.
    """

    def __init__(self, store: Store, root: Path, known: dict[str, Stamp] | None = None) -> None:
        self.store = store
        self.root = root
        self._listed = known or {}
        self._sent: dict[str, tuple[int, int, int]] = {}

    def push(self, paths: Iterable[str]) -> list[str]:
        """Send those of ``paths`` that have changed; returns them.

        One that was sent before and is no more is deleted there as well.
        """
        sent = []
        for path in paths:
            try:
                stat = (self.root / path).stat()
                signature = (stat.st_size, stat.st_mtime_ns, stat.st_ino)
                if self._sent.get(path) == signature:
                    continue
                if not _same(stat, self._listed.pop(path, None)):
                    self.store.write(path, (self.root / path).read_bytes())
                    sent.append(path)
            except FileNotFoundError:
                if self._sent.pop(path, None):
                    self.store.delete(path)
                continue
            self._sent[path] = signature
        return sent

    def push_folder(
        self, folder: str, wanted: Wanted = everything, into: Wanted = everything
    ) -> list[str]:
        """Send what has changed below ``folder``; see :func:`local_files`."""
        return self.push(local_files(self.root, folder, wanted, into))

    def push_gone(self) -> list[str]:
        """Delete what was sent and is here no more."""
        gone = [path for path in self._sent if not (self.root / path).exists()]
        self.push(gone)
        return gone


def _same(stat: os.stat_result, stamp: Stamp | None) -> bool:
    """Whether a file is what was fetched from the store, or was sent there long after a change."""
    if stamp is None or stamp.size != stat.st_size:
        return False
    return stamp.written == stat.st_mtime_ns or stamp.written > stat.st_mtime_ns + _SKEW


def fetch(store: Store, root: Path, path: str, stamp: Stamp | None = None) -> bool:
    """Bring one object to ``root``, whole; False where there is none, and the file goes."""
    target = root / path
    content = store.read(path)
    if content is None:
        target.unlink(missing_ok=True)
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        fresh.write_bytes(content)
        if stamp is not None:
            os.utime(fresh, ns=(stamp.written, stamp.written))
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)
    return True


def pull_folder(
    store: Store,
    root: Path,
    folder: str,
    wanted: Wanted = everything,
    last: str = "",
    remove: bool = False,
) -> list[str]:
    """Bring what has changed below ``folder`` from the store to ``root``.

    Args:
        store: where from.
        root: the folder that the store mirrors.
        folder: relative to both.
        wanted: which files; others are left alone.
        last: the path that is fetched when all others are there.
        remove: whether files that the store doesn't have go.

    Returns:
        What was fetched or removed.
    """
    there = {path: stamp for path, stamp in store.list(folder).items() if wanted(path)}
    changed = [path for path, stamp in there.items() if not _is_copy(root / path, stamp)]
    here = list(local_files(root, folder, wanted)) if remove else []
    gone = [path for path in here if path not in there]
    for path in gone:
        (root / path).unlink(missing_ok=True)
    with ThreadPoolExecutor(THREADS) as pool:
        others = [path for path in changed if path != last]
        list(pool.map(lambda path: fetch(store, root, path, there[path]), others))
    if last in changed:
        fetch(store, root, last, there[last])
    return changed + gone


def _is_copy(path: Path, stamp: Stamp) -> bool:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return False
    return (stat.st_size, stat.st_mtime_ns) == (stamp.size, stamp.written)


def push_checkpoint(store: Store, root: Path, folder: str) -> None:
    """Send a whole checkpoint, ``folder`` relative to ``root``; its manifest makes it exist."""
    names = sorted(path.name for path in (root / folder).iterdir())
    for name in [*(name for name in names if name != MANIFEST), MANIFEST]:
        store.write(f"{folder}/{name}", (root / folder / name).read_bytes())


def pull_newest_checkpoint(store: Store, root: Path, folder: str) -> Path | None:
    """Bring the newest whole checkpoint below ``folder`` to ``root``, and remove others there.

    Returns:
        Its folder; None where there is none.
    """
    there = store.list(folder)
    for name in _checkpoints(there, folder):
        paths = [path for path in there if path.startswith(f"{folder}/{name}/")]
        if f"{folder}/{name}/{MANIFEST}" not in paths:
            continue
        for other in (root / folder).glob("*"):
            if other.name != name:
                shutil.rmtree(other, ignore_errors=True)
        for path in paths:
            if not _is_copy(root / path, there[path]):
                fetch(store, root, path, there[path])
        if (found := newest_checkpoint(root / folder)) is not None:
            return found
    shutil.rmtree(root / folder, ignore_errors=True)
    return None


def remove_checkpoints(store: Store, folder: str, keep: int) -> None:
    """Remove all but the newest ``keep`` checkpoints below ``folder``, and older remains.

    A checkpoint's manifest goes first. What is newer than those and not whole is left: it may be
    being written.
    """
    there, whole = store.list(folder), 0
    for name in _checkpoints(there, folder):
        manifest = f"{folder}/{name}/{MANIFEST}"
        if whole < keep:
            whole += manifest in there
            continue
        if manifest in there:
            store.delete(manifest)
        for path in there:
            if path.startswith(f"{folder}/{name}/") and path != manifest:
                store.delete(path)


def _checkpoints(there: Iterable[str], folder: str) -> list[str]:
    """Names of the checkpoints of which anything is there, the newest first."""
    names = {path[len(folder) + 1 :].split("/")[0] for path in there}
    found = [
        (int(match[1]), int(match[2]), name)
        for name in names
        if (match := _CHECKPOINT.fullmatch(name))
    ]
    return [name for _, _, name in sorted(found, reverse=True)]
