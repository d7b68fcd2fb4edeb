"""The objects of a store: written whole, read whole, by their paths."""

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from symray.errors import UserError

T = TypeVar("T")

VARIABLE = "SYMRAY_STORE"

PATIENCE = 600.0
"""Seconds that a worker or a driver waits for a store that is away."""

PAUSE = 2.0

_PERMANENT = (
    *("NO_SUCH_BUCKET", "ACCESS_DENIED", "INVALID_ACCESS_KEY_ID", "SIGNATURE_DOES_NOT_MATCH"),
    *("Permission denied", "Read-only file system", "No space left", "directory"),
)
"""What waiting doesn't mend, in the words of Arrow, AWS and the kernel."""


class StoreAwayError(UserError):
    """The store doesn't answer now, and may later."""


@dataclass(frozen=True)
class Stamp:
    """What a store's list tells of an object: bytes, and when it was written, in ns."""

    size: int
    written: int


class Store:
    """A folder of an object store, or of a disk that is mounted everywhere.

    Paths are relative to it, with slashes. All methods are safe to be called from several threads.

    Args:
        address: such as ``s3://BUCKET/PREFIX`` or ``file:///FOLDER``, as Arrow understands it.
        patience: seconds that each call waits for a store that is away.
        say: is told once per call that it waits.

    Raises:
        UserError: ``address`` is none. Every method raises :class:`StoreAwayError` when the store
            doesn't answer, and UserError when it refuses.
    """

    def __init__(
        self,
        address: str,
        patience: float = 0.0,
        say: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        parts = urlsplit(address)
        if "@" in parts.netloc or "access_key" in parse_qs(parts.query):
            raise UserError(
                f"{VARIABLE} holds a key; take it out and set AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY, which are written nowhere"
            )
        self.address = address
        self.patience = patience
        self.say = say
        try:
            self._files, self._root = _open(address)
        except (OSError, ValueError) as error:
            raise UserError(
                f"{VARIABLE}: {address} can't be used ({brief(error)}); write it as "
                "s3://BUCKET/PREFIX"
            ) from None
        self._local = self._files.type_name == "local"

    @classmethod
    def from_environment(cls, patience: float = 0.0) -> "Store | None":
        """What ``SYMRAY_STORE`` names; None where it isn't set."""
        address = os.environ.get(VARIABLE)
        return cls(address, patience) if address else None

    def read(self, path: str) -> bytes | None:
        """An object's content; None where there is none."""

        def get() -> bytes | None:
            try:
                with self._files.open_input_stream(self._at(path)) as stream:
                    return bytes(stream.readall())
            except FileNotFoundError:
                return None

        return self._patiently(get)

    def write(self, path: str, content: bytes) -> None:
        """Put an object in the place of what is there."""
        self._patiently(lambda: self._put(self._at(path), content))

    def delete(self, path: str) -> None:
        """Remove an object; one that isn't there is no error."""

        def remove() -> None:
            with suppress(FileNotFoundError):
                self._files.delete_file(self._at(path))

        self._patiently(remove)

    def list(self, folder: str) -> dict[str, Stamp]:
        """All objects below ``folder`` by their paths; those with a dotted name are left out."""
        from pyarrow.fs import FileSelector

        selector = FileSelector(self._at(folder), recursive=True, allow_not_found=True)
        found: Sequence[Any] = self._patiently(lambda: self._files.get_file_info(selector))
        start = len(self._root) + 1
        return {
            path: Stamp(info.size, info.mtime_ns or 0)
            for info in found
            if info.is_file and "/." not in f"/{(path := info.path[start:])}"
        }

    def folders(self) -> "tuple[str, ...]":
        """Names of the folders at the top, in order."""
        from pyarrow.fs import FileSelector, FileType

        selector = FileSelector(self._root, allow_not_found=True)
        found: Sequence[Any] = self._patiently(lambda: self._files.get_file_info(selector))
        return tuple(sorted(i.base_name for i in found if i.type == FileType.Directory))

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}"

    def _put(self, path: str, content: bytes) -> None:
        if not self._local:
            with self._files.open_output_stream(path) as stream:
                stream.write(content)
            return
        folder, name = path.rsplit("/", 1)  # a disk has half files, and renames
        self._files.create_dir(folder, recursive=True)
        fresh = f"{folder}/.{name}.{os.getpid()}"
        with self._files.open_output_stream(fresh) as stream:
            stream.write(content)
        self._files.move(fresh, path)

    def _patiently(self, call: Callable[[], T]) -> T:
        end, told = time.monotonic() + self.patience, False
        while True:
            try:
                return call()
            except (OSError, ValueError) as error:
                hopeless = any(words in str(error) for words in _PERMANENT)
                if hopeless or time.monotonic() > end:
                    raise (UserError if hopeless else StoreAwayError)(
                        f"the store {self.address} does not answer ({brief(error)}); start it or "
                        f"correct {VARIABLE} and the AWS_* variables, then go on"
                    ) from error
            if not told:
                self.say(f"the store {self.address} does not answer; waiting for it")
                told = True
            time.sleep(PAUSE)


def _open(address: str) -> tuple[Any, str]:
    from pyarrow import fs  # where no store is named, nothing of it is loaded

    files, root = fs.FileSystem.from_uri(address)
    if isinstance(files, fs.S3FileSystem):
        # The same, but small objects take one request, and a server that is away half a minute.
        query = parse_qs(urlsplit(address).query)
        options = {k: query[k][0] for k in ("scheme", "endpoint_override") if k in query}
        server = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        if server and "endpoint_override" not in query:
            options = {"scheme": urlsplit(server).scheme, "endpoint_override": _host(server)}
        files = fs.S3FileSystem(
            region=files.region,
            allow_delayed_open=True,
            retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=2),
            **options,
        )
    return files, root.rstrip("/")


def _host(server: str) -> str:
    return server.split("://", 1)[-1].rstrip("/")


def brief(error: BaseException) -> str:
    """An exception's message in one line."""
    return " ".join(str(error).split())[:200] or type(error).__name__
