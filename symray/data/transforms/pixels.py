"""Images: from pixels to packed bits or bytes, to what networks see, and back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from symray.data.bits import pack, unpack
from symray.data.transforms.base import XTransform
from symray.errors import UserError

WHITE = 255  # of whole numbers; 1 is white too where nothing is brighter


@dataclass(frozen=True)
class Pixels(XTransform):
    """Images in one channel: networks see them between 0 and 1, and predict logits.

    Attributes:
        height: in pixels.
        width: in pixels.
        binary: whether they are stored as bits, (ceil(height width / 8),) bytes of them; else as
            greys in 255ths, one byte a pixel.
        white: the whole number that is white in a file of such images.
    """

    height: int
    width: int
    binary: bool
    white: int = WHITE

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Pixels":
        """The inverse of :meth:`to_json`."""
        return cls(value["height"], value["width"], value["binary"], value.get("white", WHITE))

    def expand(self, stored: Tensor) -> Tensor:
        """Bytes (..., n) as float32 (..., 1, height, width)."""
        if self.binary:
            return unpack(stored, self.height, self.width)
        greys = stored.to(torch.float32) / WHITE
        return greys.view(*stored.shape[:-1], 1, self.height, self.width)

    def mode(self, output: Tensor) -> Tensor:
        """Bytes (N, n) by logits (N, 1, height, width)."""
        return self.inside(output.sigmoid().round() if self.binary else output.sigmoid())

    def shades(self, output: Tensor) -> NDArray[np.float32]:
        """Images (N, height, width) of each pixel's expectation, by logits (N, 1, ...)."""
        return output.sigmoid()[:, 0].cpu().numpy()

    def inside(self, values: Any) -> Tensor:
        """Images (N, height, width), or with one channel, between 0 and 1 as bytes (N, n).

        Raises:
            UserError: another shape, or values outside.
        """
        images = values.detach().cpu().numpy() if isinstance(values, Tensor) else np.asarray(values)
        if images.ndim == 4 and images.shape[1] == 1:
            images = images[:, 0]
        elif images.ndim == 4 and images.shape[3] == 1:
            images = images[..., 0]
        if images.ndim != 3 or images.shape[1:] != (self.height, self.width):
            raise UserError(f"must have shape (N, {self.height}, {self.width}), not {images.shape}")
        if not ((images >= 0) & (images <= 1)).all():
            raise UserError("must be images of values between 0 and 1")
        if self.binary:
            return torch.from_numpy(pack(images >= 0.5))
        greys = np.rint(images * WHITE).astype(np.uint8)
        return torch.from_numpy(greys.reshape(len(images), -1))

    def outside(self, stored: Tensor) -> NDArray[np.float32]:
        """Images (N, height, width) between 0 and 1."""
        return self.expand(stored.cpu())[:, 0].numpy()

    def to_json(self) -> dict[str, Any]:
        """Kind, size and storage."""
        return {
            "kind": "pixels",
            "height": self.height,
            "width": self.width,
            "binary": self.binary,
            "white": self.white,
        }
