"""What a Ray of this process's own wants of its machine: short paths for sockets, a token."""

import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path

from symray.errors import UserError, shortened
from symray.folders import is_writable, users_folder

LONGEST_SOCKET = 103 if sys.platform == "darwin" else 107
"""Bytes that the system allows in the path of a socket."""

_LONGEST_NAME = "/ray/session_2026-11-29_05-50-00_123456_1234567/sockets/plasma_store"
_OTHERS = ("/tmp", "/var/tmp", "/dev/shm")

Say = Callable[[str], None]


def silent(sentence: str) -> None:
    """A :data:`Say` that says nothing."""


def sockets_folder(say: Say = silent) -> str | None:
    """Where Ray is to keep its session and its sockets; None where its own choice will do.

    Ray goes by ``RAY_TMPDIR`` and ``TMPDIR``, which batch systems make long or forget to make.

    Raises:
        UserError: there is no folder that will do.
    """
    variable = next((name for name in ("RAY_TMPDIR", "TMPDIR") if name in os.environ), None)
    chosen = os.environ[variable] if variable else _OTHERS[0]
    why = _unfit(chosen)
    if why is None:
        return None
    for other in _OTHERS:
        if _unfit(other) is None:
            say(f"{variable or chosen} ({shortened(chosen)}) {why}: Ray's are in {other}/ray")
            return f"{other}/ray"
    raise UserError(
        f"{variable or chosen} ({shortened(chosen)}) {why}, and {', '.join(_OTHERS)} won't do "
        "either: set RAY_TMPDIR to a folder with a short path that you may write to"
    )


def _unfit(folder: str) -> str | None:
    if len(os.fsencode(folder + _LONGEST_NAME)) > LONGEST_SOCKET:
        most = LONGEST_SOCKET - len(_LONGEST_NAME)
        return f"is longer than {most} bytes, too long for sockets"
    return None if is_writable(Path(folder)) else "can't be written to"


def ensure_token() -> None:
    """Give this process and its children a token where Ray couldn't keep one in the home folder.

    Ray makes one for each user, in ``~/.ray``. One of this process alone is as good for a Ray of
    its own.
    """
    named = ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")
    if any(name in os.environ for name in named) or users_folder(".ray"):
        return
    os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
