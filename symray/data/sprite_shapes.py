"""The geometry of dSprites, compiled: which pixels a square, an ellipse or a heart covers.

The images are binary and not anti-aliased: a pixel is set where its centre lies in the shape. All
lengths are pixels. The centre is 16 + 32 p for positions p = linspace(0, 1, 32), the scale
linspace(0.5, 1, 6), and the shape is turned counter-clockwise on the screen by
linspace(0, 2 pi, 40), so that the first and the last orientation coincide. The sizes below are
those of scale 1, fitted to real images, of which they miss one pixel in about 20 images.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from symray.data.factors import DSPRITES, SPRITE_SIDE, Classes

Packed = NDArray[np.uint8]

ROW_BYTES = SPRITE_SIDE // 8
MARGIN = 16.0  # of the centres, on all sides

SQUARE = 9.6  # half the side
ELLIPSE_X, ELLIPSE_Y = 12.7637, 7.2156  # half axes
# x = HEART_X sin^3 t, y = HEART_TOP - HEART_Y (13 cos t - 5 cos 2t - 2 cos 3t - cos 4t)
HEART_X, HEART_Y, HEART_TOP = 9.5964, 0.66199, -1.4375

SQUARE_SHAPE, ELLIPSE_SHAPE = 0, 1
REACH = np.array([SQUARE * math.sqrt(2), ELLIPSE_X, 11.4])  # no point of the shape is farther out

_SCALES = np.linspace(0.5, 1, DSPRITES.sizes[1])
# the last angle is the first: no rounding may tell them apart
_ANGLES = np.append(np.arange(39) * 2 * math.pi / 39, 0.0)
_COSINES, _SINES = np.cos(_ANGLES), np.sin(_ANGLES)
_CENTRES = MARGIN + SPRITE_SIDE / 2 * np.linspace(0, 1, DSPRITES.sizes[3])


@njit(cache=True, nogil=True)
def _heart_edge(cosine: float) -> float:
    """y of the heart at cos t, by the multiple-angle formulas."""
    square = cosine * cosine
    return HEART_TOP - HEART_Y * (
        13 * cosine
        - 5 * (2 * square - 1)
        - 2 * cosine * (4 * square - 3)
        - (8 * square * (square - 1) + 1)
    )


@njit(cache=True, nogil=True)
def _inside(shape: int, x: float, y: float) -> bool:
    """Whether the point is in the upright shape of scale 1 about the origin, y downwards."""
    if shape == SQUARE_SHAPE:
        return max(abs(x), abs(y)) <= SQUARE
    if shape == ELLIPSE_SHAPE:
        return (x / ELLIPSE_X) ** 2 + (y / ELLIPSE_Y) ** 2 <= 1
    beside = abs(x) / HEART_X
    if beside > 1:
        return False
    cosine = math.sqrt(1 - beside ** (2 / 3))  # sin t is the cube root
    return _heart_edge(cosine) <= y <= _heart_edge(-cosine)


@njit(cache=True, nogil=True)
def draw(classes: Classes, start: int, stop: int, out: Packed) -> None:
    """Set the bits of the images start..stop-1 of ``classes`` (N, 5) in ``out`` (N, 512) of zeros.

    Eight pixels of a row are a byte, the leftmost its highest bit, as NumPy's packbits has it.
    """
    for image in range(start, stop):
        shape, scale, turn, across, down = classes[image]
        size = _SCALES[scale]
        cosine, sine = _COSINES[turn] / size, _SINES[turn] / size
        centre_x, centre_y = _CENTRES[across], _CENTRES[down]
        reach = REACH[shape] * size
        left, right = int(centre_x - reach), int(centre_x + reach) + 1
        for row in range(int(centre_y - reach), int(centre_y + reach) + 1):
            dy = row + 0.5 - centre_y
            for column in range(left, right):
                dx = column + 0.5 - centre_x
                if _inside(shape, cosine * dx - sine * dy, sine * dx + cosine * dy):
                    out[image, row * ROW_BYTES + column // 8] |= np.uint8(128 >> column % 8)
