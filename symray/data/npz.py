"""Two arrays of numbers out of an ``.npz`` file, and a sentence for all that can be wrong."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from symray.errors import UserError, nearest

Rows = NDArray[np.float32]


def read_arrays(path: Path, x: str, y: str) -> tuple[Rows, Rows]:
    """The arrays named ``x`` and ``y`` of the file at ``path``, as float32 (N, dx) and (N, dy).

    Nothing is unpickled.

    Raises:
        UserError: there is no such file or array, or what it holds is not finite numbers in two
            arrays of equal length.
    """
    if not path.is_file():
        raise UserError(f"{path}: there is no such file")
    try:
        file = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError, BadZipFile) as error:
        raise UserError(f"{path}: this is not an .npz file") from error
    if not isinstance(file, np.lib.npyio.NpzFile):
        raise UserError(f"{path}: this is a single array, not an .npz file of named arrays")
    with file:
        xs, ys = (_array(path, file, key) for key in (x, y))
    if len(xs) != len(ys):
        raise UserError(f"{path}: '{x}' has {len(xs)} rows but '{y}' has {len(ys)}")
    return xs, ys


def _array(path: Path, file: Mapping[str, Any], key: str) -> Rows:
    if key not in file:
        raise UserError(f"{path}: there is no array '{key}'{nearest(key, file)}")
    try:
        array = file[key]
    except (ValueError, OSError, EOFError, BadZipFile) as error:
        raise UserError(
            f"{path}: the array '{key}' is damaged or holds Python objects; save plain numbers"
        ) from error
    if array.dtype.kind not in "biuf":
        raise UserError(f"{path}: the array '{key}' holds {array.dtype}, not numbers")
    if array.ndim == 0 or array.size == 0:
        raise UserError(f"{path}: the array '{key}' has the shape {array.shape}; give (rows, ...)")
    with np.errstate(over="ignore"):  # what overflows is refused as infinite
        rows: Rows = array.reshape(len(array), -1).astype(np.float32)
    bad = ~np.isfinite(rows).all(axis=1)
    if bad.any():
        raise UserError(
            f"{path}: the array '{key}' has NaN or infinite values in {bad.sum()} rows, the first"
            f" is row {bad.argmax()}"
        )
    return rows
