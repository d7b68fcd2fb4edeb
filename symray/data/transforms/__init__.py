"""Between a file's own values, what is stored, and what networks see."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from symray.data.transforms.affine import Affine
from symray.data.transforms.base import XTransform
from symray.data.transforms.pixels import Pixels
from symray.data.transforms.symbols import Symbols

__all__ = ["Affine", "Pixels", "Symbols", "Transforms", "XTransform"]


@dataclass(frozen=True)
class Transforms:
    """The units of a data set.

    Attributes:
        x: of X.
        y: of Y, which is always rows of numbers.
    """

    x: XTransform
    y: Affine

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Transforms":
        """The inverse of :meth:`to_json`."""
        x = X_TRANSFORMS[value["x"]["kind"]].from_json(value["x"])
        return cls(x, Affine.from_json(value["y"]))

    def to_json(self) -> dict[str, Any]:
        """Both as plain JSON."""
        return {"x": self.x.to_json(), "y": self.y.to_json()}


X_TRANSFORMS: Mapping[str, type[XTransform]] = {
    "affine": Affine,
    "pixels": Pixels,
    "symbols": Symbols,
}
"""By the ``kind`` that stands in their JSON."""
