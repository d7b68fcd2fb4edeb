"""Files from their publishers: continued after an interruption, and checked."""

import hashlib
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

from symray.errors import UserError

Progress = Callable[[str, int, int | None], None]
"""Is told what is done, how much of it, and of how much where that is known."""

_CHUNK = 2**20
_PATIENCE = 30.0  # seconds without an answer


def silent(what: str, done: int, total: int | None) -> None:
    """A :data:`Progress` that says nothing."""


def fetch(url: str, checksum: str, path: Path, progress: Progress = silent) -> Path:
    """Download ``url`` to ``path``, unless a file with that checksum is there.

    What an interrupted download has brought stays beside it and is continued the next time.

    Args:
        url: of the publisher's file.
        checksum: of its content, as its publisher or others give it: ``sha256:...``, ``md5:...``.
        path: where the file goes; missing folders are made.
        progress: is told of bytes.

    Raises:
        UserError: the publisher doesn't answer, or the file isn't the one that it should be.
    """
    algorithm, _, expected = checksum.partition(":")
    if path.is_file() and file_digest(path, algorithm) == expected:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    try:
        _download(url, part, progress)
    except (OSError, urllib.error.URLError) as error:
        raise UserError(
            f"{url} can't be fetched ({getattr(error, 'reason', error)}): try again, which goes on "
            "where this stopped, or fetch the file yourself and name it with --from"
        ) from error
    if (found := file_digest(part, algorithm)) != expected:
        part.unlink()
        raise UserError(
            f"{url} is not the file that was expected ({algorithm} {found[:12]} instead "
            f"of {expected[:12]}): try again, or fetch the file yourself and name it with --from"
        )
    os.replace(part, path)
    return path


def file_digest(path: Path, algorithm: str = "sha256") -> str:
    """Hash of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def _download(url: str, part: Path, progress: Progress) -> None:
    done = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={done}-"} if done else {})
    try:
        answer = urllib.request.urlopen(request, timeout=_PATIENCE)
    except urllib.error.HTTPError as error:
        if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # all of it is there; the checksum says whether it is right
        raise
    with answer:
        if answer.status != HTTPStatus.PARTIAL_CONTENT:
            done = 0
        length = answer.headers.get("Content-Length")
        total = None if length is None else done + int(length)
        with part.open("ab" if done else "wb") as file:
            while chunk := answer.read(_CHUNK):
                file.write(chunk)
                done += len(chunk)
                progress(f"fetching {url}", done, total)
    if total is not None and done < total:
        raise ConnectionError("the connection broke off")
