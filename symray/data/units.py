"""Between what a data file holds, what is stored, and what networks see."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from symray.errors import UserError


class XUnits(ABC):
    """The forms that X takes: a file's own, as stored, and as networks see it.

    All but :meth:`inside` work on whole batches, on any device.
    """

    @abstractmethod
    def expand(self, stored: Tensor) -> Tensor:
        """What networks see of X as it is stored."""

    @abstractmethod
    def mode(self, output: Tensor) -> Tensor:
        """The most probable X, as stored, by the output of a decoder."""

    @abstractmethod
    def inside(self, values: Any) -> Tensor:
        """A file's own values as they are stored.

        Raises:
            UserError: they are not such as the data set has.
        """

    @abstractmethod
    def outside(self, stored: Tensor) -> Any:
        """The inverse of :meth:`inside`."""

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """Everything that makes these units, as plain JSON with their ``kind``."""

    @classmethod
    @abstractmethod
    def from_json(cls, value: Mapping[str, Any]) -> "XUnits":
        """The inverse of :meth:`to_json`."""


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


@dataclass(frozen=True)
class Units:
    """The units of a data set.

    Attributes:
        x: of X.
        y: of Y, which is always rows of numbers.
    """

    x: XUnits
    y: Affine

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Units":
        """The inverse of :meth:`to_json`."""
        x = X_UNITS[value["x"]["kind"]].from_json(value["x"])
        return cls(x, Affine.from_json(value["y"]))

    def to_json(self) -> dict[str, Any]:
        """Both as plain JSON."""
        return {"x": self.x.to_json(), "y": self.y.to_json()}


X_UNITS: Mapping[str, type[XUnits]] = {"affine": Affine}
"""By the ``kind`` that stands in their JSON."""
