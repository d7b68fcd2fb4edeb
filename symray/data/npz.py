"""Arrays of numbers out of an ``.npz`` file, and a sentence for all that can be wrong."""

import math
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any
from zipfile import BadZipFile, ZipFile

import numpy as np
from numpy.typing import NDArray

from symray.data.reading import require_file
from symray.errors import UserError, nearest, shortened

Rows = NDArray[np.float64]
Numbers = NDArray[Any]

_DAMAGE = (
    ValueError,
    OSError,
    EOFError,
    BadZipFile,
    zlib.error,
    struct.error,
    RuntimeError,  # encrypted; a way of packing that zipfile doesn't know
    MemoryError,  # a header that claims more than there is
    OverflowError,
)
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def read_arrays(path: Path, x: str, y: str) -> tuple[Rows, Rows]:
    """The arrays named ``x`` and ``y`` of the file at ``path``, as float64 (N, dx) and (N, dy).

    Nothing is unpickled.

    Raises:
        UserError: there is no such file or array, or what it holds is not finite numbers in two
            arrays of equal length.
    """
    with _opened(path) as file:
        xs, ys = (_finite_rows(path, key, _numbers(path, file, key)) for key in (x, y))
    if len(xs) != len(ys):
        raise UserError(f"{path}: '{x}' has {len(xs)} rows but '{y}' has {len(ys)}")
    return xs, ys


def array_names(path: Path) -> list[str]:
    """Names of the arrays of the file at ``path``.

    Raises:
        UserError: there is no such file, or it is no .npz.
    """
    with _opened(path) as file:
        return list(file)


def read_array(path: Path, key: str) -> Numbers:
    """The array ``key`` (N, ...) of the file at ``path``, as it is stored; nothing is unpickled.

    Raises:
        UserError: there is no such file or array, or it doesn't hold numbers in one or more rows.
    """
    with _opened(path) as file:
        return _numbers(path, file, key)


def read_shape(path: Path, key: str) -> tuple[int, ...]:
    """The shape of the array ``key`` of the file at ``path``, which isn't read any further.

    Raises:
        UserError: as :func:`read_array`.
    """
    with _opened(path) as file, _member(path, file, key) as (_, shape, _, _):
        return shape


def read_chunks(path: Path, key: str, rows: int) -> Iterator[Numbers]:
    """The array ``key`` of the file at ``path``, ``rows`` of its rows at a time.

    Unlike :func:`read_array` it never holds the whole array, which may be many times as large as
    what becomes of it.

    Raises:
        UserError: as :func:`read_array`, some of it only once the damaged part is reached.
    """
    with _opened(path) as file, _member(path, file, key) as (member, shape, column_major, dtype):
        if column_major:  # its rows aren't contiguous, so it is read whole after all
            whole = _numbers(path, file, key)
            yield from (whole[i : i + rows] for i in range(0, len(whole), rows))
            return
        row_bytes = dtype.itemsize * math.prod(shape[1:])
        for start in range(0, shape[0], rows):
            count = min(rows, shape[0] - start)
            try:
                chunk = np.frombuffer(member.read(count * row_bytes), dtype)
                chunk = chunk.reshape(count, *shape[1:])
            except _DAMAGE as error:
                raise _damaged(path, key) from error
            yield chunk


@contextmanager
def _opened(path: Path) -> Iterator[np.lib.npyio.NpzFile]:
    require_file(path)
    try:
        file = np.load(path, allow_pickle=False)
    except PermissionError:
        raise
    except _DAMAGE as error:
        raise UserError(f"{path}: this is not an .npz file") from error
    if not isinstance(file, np.lib.npyio.NpzFile):
        raise UserError(f"{path}: this is a single array, not an .npz file of named arrays")
    with file:
        yield file


@contextmanager
def _member(
    path: Path, file: np.lib.npyio.NpzFile, key: str
) -> Iterator[tuple[IO[bytes], tuple[int, ...], bool, np.dtype[Any]]]:
    """The array ``key`` opened behind its header: its shape, whether column-major, its type."""
    _known(path, file, key)
    with ExitStack() as stack:
        try:
            archive = stack.enter_context(ZipFile(path))
            member = stack.enter_context(archive.open(f"{key}.npy"))
            read = _HEADERS[np.lib.format.read_magic(member)]
            shape, column_major, dtype = read(member)
        except (KeyError, *_DAMAGE) as error:
            raise _damaged(path, key) from error
        _check_numbers(path, key, shape, dtype)
        yield member, shape, column_major, dtype


def _known(path: Path, file: Mapping[str, Any], key: str) -> None:
    if key not in file:
        raise UserError(f"{path}: there is no array '{shortened(key)}'{nearest(key, file)}")


def _numbers(path: Path, file: Mapping[str, Any], key: str) -> Numbers:
    _known(path, file, key)
    try:
        array: Numbers = file[key]
    except _DAMAGE as error:
        raise _damaged(path, key) from error
    _check_numbers(path, key, array.shape, array.dtype)
    return array


def _damaged(path: Path, key: str) -> UserError:
    return UserError(
        f"{path}: the array '{key}' is damaged or holds Python objects; save plain numbers"
    )


def _check_numbers(path: Path, key: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    if dtype.kind == "O":
        raise _damaged(path, key)
    if dtype.kind not in "biuf":
        raise UserError(f"{path}: the array '{key}' holds {dtype}, not numbers")
    if not shape or 0 in shape:
        raise UserError(f"{path}: the array '{key}' has the shape {shape}; give (rows, ...)")


def _finite_rows(path: Path, key: str, array: Numbers) -> Rows:
    """``array`` (N, ...) in any order of its bytes as float64 (N, d)."""
    rows: Rows = np.ascontiguousarray(array.reshape(len(array), -1), dtype=np.float64)
    with np.errstate(over="ignore"):  # what is too large for a network is refused as infinite
        bad = ~np.isfinite(rows.astype(np.float32)).all(axis=1)
    if bad.any():
        raise UserError(
            f"{path}: the array '{key}' has NaN or infinite values in {bad.sum()} rows, the first"
            f" is row {bad.argmax()}"
        )
    return rows
