"""dSprites: its images from the published file, from a subset of it, or drawn by ourselves."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from symray.data.factors import DSPRITES, SPRITE_SIDE, Classes
from symray.data.images import Images, load_images
from symray.data.npz import read_array
from symray.errors import UserError

IMAGES, FACTORS = "imgs", "latents_classes"  # the published file's names

_IMAGES_PER_TASK = 4096


def render(index: ArrayLike) -> NDArray[np.uint8]:
    """The dSprites images at the positions ``index`` (N,) of the grid, as packed bits (N, 512).

    Drawn from the geometry of :mod:`symray.data.sprite_shapes`; ``np.arange(len(DSPRITES))`` gives
    the full grid of 737,280 images in 377 MB, ``DSPRITES.every(steps)`` a sub-grid. Runs on
    ``torch.get_num_threads()`` threads.

    Raises:
        ValueError: a position is outside the grid.
    """
    # numba takes half a second to import: only who draws pays for it
    from symray.data.sprite_shapes import draw

    positions = np.atleast_1d(np.asarray(index))
    classes = DSPRITES.classes(positions)
    packed = np.zeros((len(positions), SPRITE_SIDE * SPRITE_SIDE // 8), np.uint8)
    starts = range(0, len(positions), _IMAGES_PER_TASK)
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        for task in [
            pool.submit(draw, classes, i, min(i + _IMAGES_PER_TASK, len(positions)), packed)
            for i in starts
        ]:
            task.result()
    return packed


def rendered(index: ArrayLike) -> Images:
    """:func:`render` with the factors (N, 5) of each image.

    Raises:
        ValueError: a position is outside the grid.
    """
    positions = np.atleast_1d(np.asarray(index))
    return Images(render(positions), DSPRITES.classes(positions), SPRITE_SIDE, SPRITE_SIDE)


def load_sprites(npz: str | Path) -> Images:
    """The images of dSprites' published file, or of any selection of its rows.

    ``imgs`` are (N, 64, 64) uint8, or packed bits (N, 512); ``latents_classes`` are (N, 6) with the
    colour first, or (N, 5) without. The file's other arrays, one of them pickled, are not read.
    Factors are those of :data:`symray.data.factors.DSPRITES`.

    Raises:
        UserError: the file can't be used, or isn't one of dSprites.
    """
    path = Path(npz)
    images = load_images(path, IMAGES)
    if (images.height, images.width, images.binary) != (SPRITE_SIDE, SPRITE_SIDE, True):
        raise UserError(
            f"{path}: the images '{IMAGES}' are not black and white at 64 x 64 pixels, so this is"
            " not a file of dSprites; name its arrays yourself, {npz: FILE, images: KEY}"
        )
    return Images(
        images.stored, _sprite_classes(path, len(images.stored)), SPRITE_SIDE, SPRITE_SIDE
    )


def _sprite_classes(path: Path, count: int) -> Classes:
    classes = read_array(path, FACTORS)
    factors = len(DSPRITES.sizes)
    if classes.ndim != 2 or classes.shape[1] not in (factors, factors + 1):
        raise UserError(
            f"{path}: '{FACTORS}' has the shape {classes.shape}; dSprites has {factors} factors, or"
            f" {factors + 1} with the colour"
        )
    if len(classes) != count:
        raise UserError(f"{path}: '{IMAGES}' has {count} rows but '{FACTORS}' has {len(classes)}")
    classes = classes[:, -factors:]
    outside = (classes < 0) | (classes >= DSPRITES.sizes) | (classes % 1 != 0)
    if outside.any():
        row = int(outside.any(axis=1).argmax())
        raise UserError(
            f"{path}: row {row} of '{FACTORS}' is {classes[row].tolist()}, which is outside"
            f" dSprites' sizes {list(DSPRITES.sizes)}"
        )
    return classes.astype(np.int64)
