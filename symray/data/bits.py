"""Images at one bit a pixel: packed by NumPy, expanded by torch on the device that needs them."""

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor


def pack(images: ArrayLike) -> NDArray[np.uint8]:
    """Binary ``images`` (N, ...) as (N, ceil(pixels / 8)) bytes; a pixel is set if it isn't 0.

    The first pixel of eight is the highest bit of its byte.
    """
    pixels = np.asarray(images)
    return np.packbits(pixels.reshape(len(pixels), -1) != 0, axis=1)


def unpack(
    packed: Tensor, height: int = 64, width: int = 64, dtype: torch.dtype = torch.float32
) -> Tensor:
    """``packed`` (..., ceil(height width / 8)) uint8 as images (..., 1, height, width) of 0 and 1.

    Runs on the device of ``packed``, without synchronisation, alone, in a captured graph, compiled
    and under ``torch.func.vmap``.
    """
    places = torch.arange(7, -1, -1, device=packed.device)
    bytes_ = torch.arange(256, device=packed.device)
    # gathering whole bytes of pixels is twice as fast on a CPU as shifting every bit out
    pixels_of = (bytes_.unsqueeze(-1) >> places & 1).to(dtype)
    pixels = pixels_of.index_select(0, packed.int().flatten())
    pixels = pixels.view(*packed.shape[:-1], -1)[..., : height * width]
    return pixels.reshape(*packed.shape[:-1], 1, height, width)
