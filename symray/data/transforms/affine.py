"""Vectors: standardised, and back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from symray.data.transforms.base import XTransform
from symray.errors import UserError

FAR = 1e3
"""Standard deviations from 0 from where on float32 keeps less than four digits of one."""


@dataclass(frozen=True)
class Affine(XTransform):
    """Vectors: networks see ``(value - shift) / scale``, and so they are stored.

    Both ways are gone in float64; what is stored is float32.

    Attributes:
        shift: (d,) float64.
        scale: (d,) float64.
    """

    shift: Tensor
    scale: Tensor

    def __post_init__(self) -> None:
        for name in ("shift", "scale"):
            object.__setattr__(self, name, getattr(self, name).double())

    @classmethod
    def identity(cls, dims: int) -> "Affine":
        """For data that networks see as they are."""
        return cls(torch.zeros(dims), torch.ones(dims))

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Affine":
        """The inverse of :meth:`to_json`."""
        return cls(*(torch.tensor(value[key], dtype=torch.float64) for key in ("shift", "scale")))

    def expand(self, stored: Tensor) -> Tensor:
        """The same."""
        return stored

    def mode(self, output: Tensor) -> Tensor:
        """The same: a Gaussian's mean."""
        return output

    def inside(self, values: Any) -> Tensor:
        """Rows of numbers (N, d), scaled.

        Raises:
            UserError: another shape.
        """
        rows = torch.from_numpy(np.array(values, dtype=np.float64, order="C"))
        if rows.ndim != 2 or rows.shape[1] != len(self.shift):
            raise UserError(f"must have shape (N, {len(self.shift)}), not {tuple(rows.shape)}")
        return ((rows - self.shift) / self.scale).float()

    def outside(self, stored: Tensor) -> NDArray[Any]:
        """Rows (N, d) in the data's own units, float32 where that has digits enough for them."""
        rows = stored.cpu().double() * self.scale + self.shift
        far = (self.shift.abs() > FAR * self.scale).any()
        return (rows if far else rows.float()).numpy()

    def to_json(self) -> dict[str, Any]:
        """Kind, shift and scale."""
        return {"kind": "affine", "shift": self.shift.tolist(), "scale": self.scale.tolist()}
