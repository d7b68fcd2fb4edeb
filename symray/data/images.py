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
from symray.data.transforms.pixels import WHITE, Pixels
from symray.errors import UserError

Stored = NDArray[np.uint8]

CHUNK = 4096
LEAST_SIDE = 2
FEW_LEVELS = 16  # up to so many, the brightest there is is white
DARKEST = 2  # 255ths; what is no brighter shows nothing
TOLERANCE = 1e-6  # of a factor's range, within which floats are one value


@dataclass(frozen=True)
class Images:
    """N images of ``height`` x ``width`` pixels in [0, 1], with the factors that made them.

    Attributes:
        stored: bytes (N, ceil(height width / 8)) of packed bits where ``binary``, else
            (N, height width) of greys in 255ths.
        factors: the class of each factor, (N, f) from 0 on; f is 0 where they aren't known.
        height: in pixels.
        width: in pixels.
        read_as: what the file's values were taken for, in words.
        white: the whole number that is white in the file.
    """

    stored: Stored
    factors: Classes
    height: int
    width: int
    read_as: str = "black and white"
    white: int = WHITE

    @property
    def transform(self) -> Pixels:
        """How they are stored."""
        return Pixels(self.height, self.width, self.binary, self.white)

    @property
    def binary(self) -> bool:
        """Whether pixels are bits."""
        return int(self.stored.shape[1]) == ceil(self.height * self.width / 8)


def load_images(
    npz: str | Path, images: str, factors: str | None = None, white: int | None = None
) -> Images:
    """The array ``images`` of the file ``npz`` and the factors that made each of them.

    Images are (N, height, width), or with one channel before or behind, of booleans, of whole
    numbers, or of floats in [0, 1]; or square ones as packed bits, (N, bytes) uint8 with the first
    pixel of eight in the highest bit (``numpy.packbits``). What isn't black and white is kept in
    255ths. Whole numbers up to 16 are grey levels of which the largest is white, those above 127
    are 255ths, and what lies between is refused, because it may be either. ``factors`` is (N,) or
    (N, f) of any numbers; the distinct ones of a column, ascending, become its classes, where
    floats within a millionth of the column's range are one. Nothing is unpickled, and the file's
    array is never held as a whole.

    Args:
        npz: the file.
        images: the array of images.
        factors: the array of factors, if there is one.
        white: the whole number that is white, where it is known from other images.

    Raises:
        UserError: the file or its arrays can't be used.
    """
    path = Path(npz)
    stored, height, width, read_as, white = _stored(path, images, white)
    classes = np.empty((len(stored), 0), np.int64)
    if factors is not None:
        classes = _classes(path, factors)
        if len(classes) != len(stored):
            raise UserError(
                f"{path}: '{images}' has {len(stored)} rows but '{factors}' has {len(classes)}"
            )
    return Images(stored, classes, height, width, read_as, white)


def _stored(path: Path, key: str, white: int | None) -> tuple[Stored, int, int, str, int]:
    """The images in the smallest bytes that lose nothing, their height and width, and as what."""
    count, *size = read_shape(path, key)
    if len(size) == 1:
        return *_packed_already(path, key), "packed bits, black and white", WHITE
    if len(size) == 3 and size[0] == 1:
        size = size[1:]
    elif len(size) == 3 and size[2] == 1:
        size = size[:2]
    if len(size) != 2:
        raise UserError(
            f"{path}: the array '{key}' has rows of the shape {tuple(size)}; give images"
            " (N, height, width) in one channel"
        )
    height, width = size
    if min(size) < LEAST_SIDE:
        raise UserError(f"{path}: the images '{key}' are {height} x {width} pixels; give 2 or more")
    # where 16 is white, 1 isn't
    binary = white in (None, WHITE)
    stored = _bits(path, key, count, ceil(height * width / 8)) if binary else None
    if stored is not None:
        return stored, height, width, "black and white", WHITE
    top, whole = _brightest(path, key)
    white, read_as = _white(path, key, top, whole, white)
    stored = np.empty((count, height * width), np.uint8)
    for start, chunk in _chunks(path, key):
        shades = chunk if white == WHITE else chunk * (WHITE / white)
        greys = shades if whole else chunk.astype(np.float64) * WHITE
        stored[start : start + len(chunk)] = np.rint(np.minimum(greys, WHITE))
    return stored, height, width, read_as, white


def _brightest(path: Path, key: str) -> tuple[float, bool]:
    """The largest value, and whether values are whole numbers."""
    top, whole = 0.0, True
    for _, chunk in _chunks(path, key):
        top, whole = max(top, float(chunk.max())), chunk.dtype.kind != "f"
    return top, whole


def _white(path: Path, key: str, top: float, whole: bool, white: int | None) -> tuple[int, str]:
    """Which whole number is white, and what values were taken for, in words.

    Raises:
        UserError: it may be one or the other.
    """
    if not whole:
        if round(top * WHITE) <= DARKEST:
            raise UserError(
                f"{path}: the images '{key}' have values within 0 to {top:.3g}, nearly black; scale"
                " them so that 1 is white (were they divided by 255 twice?)"
            )
        return WHITE, f"values 0..{top:.4g} read as greys of which 1 is white"
    level = int(top)
    if white is None and FEW_LEVELS < level < WHITE // 2:
        raise UserError(
            f"{path}: the images '{key}' have whole numbers within 0 to {level}, which may be dark"
            f" ones of {WHITE} or light ones of {level}; divide them by what is white, so that they"
            " are floats within 0 and 1"
        )
    if white is None:
        white = level if level <= FEW_LEVELS else WHITE
    if level > white:
        raise UserError(f"{path}: the images '{key}' go up to {level}, but {white} is white")
    return white, f"values 0..{level} read as grey levels of {white}"


def _packed_already(path: Path, key: str) -> tuple[Stored, int, int]:
    array = read_array(path, key)
    pixels = 8 * array.shape[1]
    side = isqrt(pixels)
    if array.dtype != np.uint8 or side * side != pixels:
        raise UserError(
            f"{path}: the array '{key}' has rows of {array.shape[1]} {array.dtype}; give images"
            " (N, height, width), or the packed bits of square ones as uint8"
        )
    return np.ascontiguousarray(array), side, side


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
    return np.stack([_ranks(path, key, n, column) for n, column in enumerate(columns)], axis=1)


def _ranks(path: Path, key: str, number: int, column: Numbers) -> Classes:
    """Which of its distinct values, ascending, each value is; floats up to rounding noise."""
    values, ranks = np.unique(column, return_inverse=True)
    if column.dtype.kind == "f" and len(values) > 1:
        gaps = np.diff(values.astype(np.float64))
        above = gaps > TOLERANCE * np.ptp(values.astype(np.float64))
        ranks = np.concatenate([[0], np.cumsum(above)])[ranks]
        classes = int(above.sum()) + 1
        if classes > len(column) / 2 and classes > FEW_LEVELS:
            raise UserError(
                f"{path}: column {number} of '{key}' has {classes} different values for"
                f" {len(column)} images, even where those within {TOLERANCE:g} of its range are"
                " one, so it is no factor with classes; round it, or leave it out"
            )
    return np.asarray(ranks, np.int64)
