"""Units of vectors."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from symray.data.units.base import XUnits
from symray.errors import UserError


@dataclass(frozen=True)
class Affine(XUnits):
    """Vectors: networks see ``(value - shift) / scale``, and so they are stored.

    Attributes:
        shift: (d,).
        scale: (d,).
    """

    shift: Tensor
    scale: Tensor

    @classmethod
    def identity(cls, dims: int) -> "Affine":
        """For data that networks see as they are."""
        return cls(torch.zeros(dims), torch.ones(dims))

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Affine":
        """The inverse of :meth:`to_json`."""
        return cls(torch.tensor(value["shift"]), torch.tensor(value["scale"]))

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
        rows = torch.from_numpy(np.array(values, dtype=np.float32))
        if rows.ndim != 2 or rows.shape[1] != len(self.shift):
            raise UserError(f"must have shape (N, {len(self.shift)}), not {tuple(rows.shape)}")
        return (rows - self.shift) / self.scale

    def outside(self, stored: Tensor) -> NDArray[np.float32]:
        """Rows (N, d) in the data's own units."""
        return (stored.cpu() * self.scale + self.shift).numpy()

    def to_json(self) -> dict[str, Any]:
        """Kind, shift and scale."""
        return {"kind": "affine", "shift": self.shift.tolist(), "scale": self.scale.tolist()}
