"""Folders that people name, with ``~`` as shells mean it, and where to write without a home."""

import os
import tempfile
from pathlib import Path

from symray.errors import UserError, shortened


def named_folder(variable: str) -> Path | None:
    """The folder that the environment names by ``variable``; None where it names none.

    Raises:
        UserError: it begins with the ``~`` of a user who isn't there.
    """
    value = os.environ.get(variable)
    return expanded(value, variable) if value else None


def expanded(path: str, where: str) -> Path:
    """``path`` with its ``~`` as a user's home folder, absolute unless it was relative.

    Raises:
        UserError: nobody knows that user's home; names ``where`` it was asked for.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise UserError(
            f"{where}: nobody here knows the home folder of {shortened(path)}; write the whole path"
        ) from None


def users_cache() -> Path:
    """The user's cache folder, or one of his own among the temporary ones.

    Containers and batch systems give people home folders that aren't there or aren't theirs.

    Raises:
        UserError: somebody else has the temporary one.
    """
    named = os.environ.get("XDG_CACHE_HOME")
    own = Path(named) if named else users_folder(".cache")
    if own is not None and is_writable(own):
        return own
    folder = Path(tempfile.gettempdir()) / f"symray-of-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise UserError(f"{folder} is somebody else's; name a folder of yours with SYMRAY_CACHE")
    return folder


def users_folder(name: str) -> Path | None:
    """A folder in the user's home, made where it is missing; None where it can't be written to."""
    try:
        folder = Path.home() / name
    except RuntimeError:  # a user without a name has no home either
        return None
    return folder if is_writable(folder) else None


def is_writable(folder: Path) -> bool:
    """Whether files can be written to ``folder``, which is made where it is missing."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK | os.X_OK)
