"""Studies that another head has driven: found on the store, and brought here."""

import shutil
from pathlib import Path

from symray.errors import UserError
from symray.record.home import PRETRAINED, home
from symray.record.object_store.folders import pull_folder, pull_newest_checkpoint
from symray.record.object_store.lease import DRIVER, holder
from symray.record.object_store.objects import Store
from symray.record.study_folder import JOURNAL
from symray.training.checkpoint import newest_checkpoint

_MARK = ".copy"
"""File of a study's folder that was brought here and that no driver here has gone on with."""

_OF_THE_NODE = ("lock", "driver.log", f"{JOURNAL}.lock", DRIVER)
"""Files of a study that are another node's own business, or the store's."""


def is_kept(path: str) -> bool:
    """Whether a file below ``SYMRAY_HOME`` belongs to the driver's copy, and to the store."""
    parts = path.split("/")
    return parts[-1] not in _OF_THE_NODE and "checkpoints" not in parts


def refresh(store: Store, folder: Path) -> None:
    """Have in ``folder`` what the store has of a study, but for checkpoints.

    The folder of a driver is at least as new as the store, and stays as it is. It has become
    stale when the store's events don't begin those that are here: another head has gone on with
    the study, and what this one hadn't sent by then is lost, as the other has done it again.

    Raises:
        UserError: the store doesn't answer.
    """
    name = folder.name
    there = store.read(f"{name}/study.yaml")
    if there is None:
        return
    if (folder / "study.yaml").exists() and not is_copy(folder):
        events = folder / "events.jsonl"
        here = events.read_bytes() if events.exists() else b""
        if here.startswith(store.read(f"{name}/events.jsonl") or b""):
            return
        _empty(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _MARK).touch()
    root = folder.parent
    pull_folder(store, root, name, is_kept, last=f"{name}/study.yaml", remove=True)
    # Of pretrainings, which studies share, only what isn't here: a driver here may be at one.
    pull_folder(store, root, PRETRAINED, lambda p: is_kept(p) and not (root / p).exists())


def names_there() -> list[str]:
    """Names of the studies on the store that ``SYMRAY_STORE`` names; none where it isn't set.

    Raises:
        UserError: the store doesn't answer.
    """
    store = Store.from_environment()
    if store is None:
        return []
    return [name for name in store.folders() if store.read(f"{name}/study.yaml") is not None]


def is_copy(folder: Path) -> bool:
    """Whether a study's folder was only brought here to be looked at."""
    return (folder / _MARK).exists()


def adopt(folder: Path) -> None:
    """From now on a driver on this node goes on with the study."""
    (folder / _MARK).unlink(missing_ok=True)


def driver_elsewhere(folder: Path) -> str | None:
    """Who drives a study that was only brought here; None when nobody does."""
    store = Store.from_environment() if is_copy(folder) else None
    return holder(store, folder.name) if store else None


def check_not_driven_elsewhere(folder: Path) -> None:
    """Refuse a request here that only the driver's own node sees.

    Raises:
        UserError: a driver on another node runs the study, or the store doesn't answer.
    """
    if who := driver_elsewhere(folder):
        raise UserError(
            f"study '{folder.name}' is being run by {who}: give this command there, or here with "
            "--address http://HEAD:8265"
        )


def send_events(folder: Path) -> None:
    """Send what was asked of a study that nobody drives.

    Raises:
        UserError: the store doesn't answer.
    """
    store = Store.from_environment()
    assert store is not None
    store.write(f"{folder.name}/events.jsonl", (folder / "events.jsonl").read_bytes())


def is_taken(name: str) -> bool:
    """Whether the store has a study of this name."""
    store = Store.from_environment()
    return store is not None and store.read(f"{name}/study.yaml") is not None


def newest_checkpoint_of(folder: Path) -> Path | None:
    """The newest whole checkpoint of the task in ``folder``, brought here from the store.

    Raises:
        UserError: the store doesn't answer.
    """
    store = Store.from_environment()
    if store is None or not folder.is_relative_to(home()):
        return newest_checkpoint(folder / "checkpoints")
    path = folder.relative_to(home()).as_posix()
    return pull_newest_checkpoint(store, home(), f"{path}/checkpoints")


def _empty(folder: Path) -> None:
    """Remove a stale copy, but for the lock that its caller may hold."""
    for path in folder.iterdir():
        if path.name == "lock":
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
