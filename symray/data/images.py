"""Images of an ``.npz`` file, held as small as they are: one bit a pixel, or one byte of grey."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, isqrt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from symray.data.bits import pack
from symray.data.factors import Classes
from symray.data.npz import Numbers, read_array, read_chunks, read_shape
from symray.data.units.pixels import WHITE, Pixels
from symray.errors import UserError

Stored = NDArray[np.uint8]

CHUNK = 4096
LEAST_SIDE = 2


@dataclass(frozen=True)
class Images:
    """N images of ``height`` x ``width`` pixels in [0, 1], with the factors that made them.

    Attributes:
        stored: bytes (N, ceil(height width / 8)) of packed bits where ``binary``, else
            (N, height width) of greys in 255ths.
        factors: the class of each factor, (N, f) from 0 on; f is 0 where they aren't known.
        height: in pixels.
        width: in pixels.
    """

    stored: Stored
    factors: Classes
    height: int
    width: int

    @property
    def units(self) -> Pixels:
        """How they are stored."""
        return Pixels(self.height, self.width, self.binary)

    @property
    def binary(self) -> bool:
        """Whether pixels are bits."""
        return int(self.stored.shape[1]) == ceil(self.height * self.width / 8)


def load_images(npz: str | Path, images: str, factors: str | None = None) -> Images:
    """The array ``images`` of the file ``npz`` and the factors that made each of them.

    Images are (N, height, width), or (N, 1, height, width), of booleans, of whole numbers up to 1
    or 255, or of floats in [0, 1]; or square ones as packed bits, (N, bytes) uint8 with the first
    pixel of eight in the highest bit (``numpy.packbits``). What isn't black and white is kept in
    255ths. ``factors`` is (N,) or (N, f) of any numbers; the distinct ones of a column, ascending,
    become its classes. Nothing is unpickled, and the file's array is never held as a whole.

    Raises:
        UserError: the file or its arrays can't be used.
    """
    path = Path(npz)
    stored, height, width = _stored(path, images)
    classes = np.empty((len(stored), 0), np.int64)
    if factors is not None:
        classes = _classes(path, factors)
        if len(classes) != len(stored):
            raise UserError(
                f"{path}: '{images}' has {len(stored)} rows but '{factors}' has {len(classes)}"
            )
    return Images(stored, classes, height, width)


def _stored(path: Path, key: str) -> tuple[Stored, int, int]:
    """The images in the smallest bytes that lose nothing, their height and width."""
    count, *size = read_shape(path, key)
    if len(size) == 1:
        return _packed_already(path, key)
    if len(size) == 3 and size[0] == 1:
        size = size[1:]
    if len(size) != 2:
        raise UserError(
            f"{path}: the array '{key}' has rows of the shape {tuple(size)}; give images"
            " (N, height, width) in one channel"
        )
    height, width = size
    if min(size) < LEAST_SIDE:
        raise UserError(f"{path}: the images '{key}' are {height} x {width} pixels; give 2 or more")
    stored = _bits(path, key, count, ceil(height * width / 8))
    if stored is None:
        stored = np.empty((count, height * width), np.uint8)
        for start, chunk in _chunks(path, key):
            greys = chunk if chunk.dtype.kind in "iub" else np.rint(chunk * 255)
            stored[start : start + len(chunk)] = greys
    return stored, height, width


def _packed_already(path: Path, key: str) -> tuple[Stored, int, int]:
    array = read_array(path, key)
    pixels = 8 * array.shape[1]
    side = isqrt(pixels)
    if array.dtype != np.uint8 or side * side != pixels:
        raise UserError(
            f"{path}: the array '{key}' has rows of {array.shape[1]} {array.dtype}; give images"
            " (N, height, width), or the packed bits of square ones as uint8"
        )
    return array, side, side


def _bits(path: Path, key: str, count: int, row_bytes: int) -> Stored | None:
    """The packed images, or None at the first value that is neither black nor white."""
    stored = np.empty((count, row_bytes), np.uint8)
    white = None
    for start, chunk in _chunks(path, key):
        lit = chunk[chunk != 0]
        if lit.size:
            white = lit[0] if white is None else white
            if white not in (1, WHITE) or (lit != white).any():
                return None
        stored[start : start + len(chunk)] = pack(chunk)
    return stored


def _chunks(path: Path, key: str) -> Iterator[tuple[int, Numbers]]:
    """The array in pieces (n, height width), checked to be of the range of images, and where."""
    start = 0
    for chunk in read_chunks(path, key, CHUNK):
        top = 1 if chunk.dtype.kind == "f" else WHITE
        bad = ~((chunk >= 0) & (chunk <= top)).reshape(len(chunk), -1).all(axis=1)
        if bad.any():
            raise UserError(
                f"{path}: the images '{key}' have values that are not within 0 to {top}, the first"
                f" in row {start + bad.argmax()}"
            )
        yield start, chunk.reshape(len(chunk), -1)
        start += len(chunk)


def _classes(path: Path, key: str) -> Classes:
    """The columns of the array, each value replaced by its rank among the column's values."""
    values = read_array(path, key)
    if values.ndim > 2:
        raise UserError(
            f"{path}: the array '{key}' has the shape {values.shape}; give one row of factors for"
            " each image, (N, f)"
        )
    columns = values.reshape(len(values), -1).T
    for number, column in enumerate(columns):
        if not np.isfinite(column).all():
            raise UserError(f"{path}: column {number} of '{key}' has NaN or infinite values")
    return np.stack([np.unique(c, return_inverse=True)[1] for c in columns], axis=1)
